"""Models and recipes side by side: accuracy, robustness, size and speed."""

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


def comparison_rows(
    resources: Resources, trained: TrainedModel | None = None
) -> list[dict[str, Any]]:
    """The template's data: a row for each loaded model of each recipe, and for the trained one.

    Texts are empty where nothing was measured.
    """
    rows = []
    for recipe in resources.recipes:
        entries = resources.metrics.get(recipe, {})
        for name, classifier in resources.classifiers[recipe].items():
            entry = entries.get(name)
            drawings = entry.test_drawings if entry else None
            file = classifier.file
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
                    "milliseconds": f"{cached_milliseconds(classifier):.2f}",
                    "size": f"{file.stat().st_size / 1024:,.0f} KB"
                    if file and file.exists()
                    else "",
                }
            )
    if trained:
        measured = trained.probabilities is not None
        rows.append(
            {
                "model": f"{YOURS} ({trained.classifier.metadata.model})",
                "trained": RECIPES[trained.classifier.metadata.recipe].label,
                "mnist": _percent(trained.classifier.metadata.test_accuracy) if measured else "",
                "nudges": [""] * len(NORMS),
                "parameters": f"{trained.classifier.parameters:,}",
                "milliseconds": f"{milliseconds_of(trained.classifier):.2f}",
                "size": f"{len(trained.to_file()) / 1024:,.0f} KB",
            }
        )
    return rows


def milliseconds_of(classifier: Classifier) -> float:
    """The time of one prediction on this machine: the median of `TIMED_CALLS` calls."""
    image = torch.rand(1, IMAGE_SIZE, IMAGE_SIZE)
    times = []
    for _ in range(TIMED_CALLS):
        started = time.perf_counter()
        classifier.predict_images(image)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


# Measured once. Not for a visitor's model, which the cache would keep alive.
cached_milliseconds = cache(milliseconds_of)


def _nudge(entry: ModelMetrics | None, norm: str) -> str:
    """The mean size of the smallest nudges, and the share of images with one if it is not all."""
    if not entry or not entry.robustness or norm not in entry.robustness.nudges:
        return ""
    nudges = entry.robustness.nudges[norm]
    share = "" if nudges.found == 1 else f" ({100 * nudges.found:.0f} %)"
    return f"{nudges.mean:.3f}{share}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
