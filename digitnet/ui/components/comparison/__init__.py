"""Models and recipes side by side, in figures."""

import statistics
import time
from functools import cache
from typing import Any

import torch

from digitnet.classifier import Classifier
from digitnet.explain.adversarial import NORMS
from digitnet.metrics import ModelMetrics
from digitnet.models import IMAGE_SIZE, parameter_count
from digitnet.training.recipes import RECIPES
from digitnet.ui.resources import Resources
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import TrainedModel

TIMED_CALLS = 30


def figures(resources: Resources, own: TrainedModel | None = None) -> list[dict[str, Any]]:
    """A row for each model and recipe that is loaded, and for the visitor's own; an empty text
    where nothing was measured."""
    rows = []
    for recipe in resources.recipes:
        entries = resources.metrics.get(recipe, {})
        for name, classifier in resources.classifiers[recipe].items():
            entry = entries.get(name)
            drawings = entry.test_drawings if entry else None
            file = resources.folder / recipe / f"{name}.safetensors"
            rows.append(
                {
                    "model": name,
                    "trained": RECIPES[recipe].label,
                    "mnist": _percent(entry.test_accuracy if entry else None),
                    "drawings": _percent(drawings.accuracy if drawings else None),
                    "squeezed": _percent(drawings.squeezed_accuracy if drawings else None),
                    "nudges": [_nudge(entry, norm) for norm in NORMS],
                    "calibration": _percent(entry.calibration_error if entry else None),
                    "parameters": f"{parameter_count(classifier.network):,}",
                    "milliseconds": f"{milliseconds_of_page(classifier):.2f}",
                    "size": f"{file.stat().st_size / 1024:,.0f} KB" if file.exists() else "",
                }
            )
    if own:
        measured = own.probabilities is not None
        rows.append(
            {
                "model": f"{YOURS} ({own.settings.model})",
                "trained": RECIPES[own.settings.recipe].label,
                "mnist": _percent(own.classifier.metadata.test_accuracy) if measured else "",
                "nudges": [""] * len(NORMS),
                "parameters": f"{own.classifier.parameters:,}",
                "milliseconds": f"{milliseconds_of(own.classifier):.2f}",
                "size": f"{len(own.to_file()) / 1024:,.0f} KB",
            }
        )
    return rows


def milliseconds_of(classifier: Classifier) -> float:
    """From one image to its prediction on this machine: the median of a few calls."""
    image = torch.rand(1, IMAGE_SIZE, IMAGE_SIZE)
    times = []
    for _ in range(TIMED_CALLS):
        started = time.perf_counter()
        classifier.predict_images(image)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


# Measured once; not a visitor's own, which this would keep.
milliseconds_of_page = cache(milliseconds_of)


def _nudge(entry: ModelMetrics | None, norm: str) -> str:
    """The mean smallest nudge, and the share of images that one was found for if not all."""
    if not entry or not entry.robustness or norm not in entry.robustness.nudges:
        return ""
    figures = entry.robustness.nudges[norm]
    share = "" if figures.found == 1 else f" ({100 * figures.found:.0f} %)"
    return f"{figures.mean:.3f}{share}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
