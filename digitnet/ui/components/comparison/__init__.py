"""Models and recipes side by side, in figures."""

import statistics
import time
from functools import cache
from typing import Any

import torch

from digitnet.explain.adversarial import NORMS
from digitnet.classifier import Classifier
from digitnet.models import IMAGE_SIZE, parameter_count
from digitnet.ui.components.base import Component
from digitnet.ui.resources import TRAINED, Loaded

TIMED_CALLS = 30


class Comparison(Component):
    """Its value is what `figures` makes."""

    def __init__(self, **properties: Any):
        super().__init__(elem_id="comparison", **properties)


def figures(loaded: Loaded) -> list[dict[str, Any]]:
    """A row for each model and recipe that is loaded; an empty text where nothing was measured."""
    rows = []
    for recipe in loaded.recipes:
        entries = loaded.metrics.get(recipe, {}).get("models", {})
        for name, classifier in loaded.classifiers[recipe].items():
            entry = entries.get(name, {})
            drawings = entry.get("test_drawings", {})
            file = loaded.folder / recipe / f"{name}.safetensors"
            rows.append(
                {
                    "model": name,
                    "trained": TRAINED[recipe],
                    "mnist": _percent(entry.get("test_accuracy")),
                    "drawings": _percent(drawings.get("accuracy")),
                    "squeezed": _percent(drawings.get("squeezed_accuracy")),
                    "nudges": [_nudge(entry, norm) for norm in NORMS],
                    "calibration": _percent(entry.get("calibration_error")),
                    "parameters": f"{parameter_count(classifier.network):,}",
                    "milliseconds": f"{milliseconds_of(classifier):.2f}",
                    "size": f"{file.stat().st_size / 1024:,.0f} KB" if file.exists() else "",
                }
            )
    return rows


@cache
def milliseconds_of(classifier: Classifier) -> float:
    """From one image to its prediction on this machine: the median of a few calls."""
    image = torch.rand(1, IMAGE_SIZE, IMAGE_SIZE)
    times = []
    for _ in range(TIMED_CALLS):
        started = time.perf_counter()
        classifier.predict_images(image)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def _nudge(entry: dict[str, Any], norm: str) -> str:
    """The mean smallest nudge, and the share of images that one was found for if not all."""
    figures = entry.get("robustness", {}).get("nudges", {}).get(norm)
    if not figures:
        return ""
    share = "" if figures["found"] == 1 else f" ({100 * figures['found']:.0f} %)"
    return f"{figures['mean']:.3f}{share}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
