"""The smallest nudges that make a model predict another digit, and the others' predictions."""

from typing import Any

import numpy as np
import torch

from digitnet.classifier import Classifier
from digitnet.explain.adversarial import NORMS, size_of, smallest_perturbations
from digitnet.ui.components.base import png_url
from digitnet.ui.components.maps import signed_map

NAMES = {"l2": "L2", "linf": "L∞"}
MEANINGS = {"l2": "smallest change overall", "linf": "smallest change of any pixel"}


def nudge(
    classifiers: dict[str, Classifier], chosen: str, image: np.ndarray, target: int
) -> dict[str, Any]:
    """Search in both norms; returns the template's data.

    Parameters
    ----------
    classifiers : by model
    chosen : the model whose prediction is to change
    image : float32 ``[28, 28]`` in 0..1
    target : the digit that it is to predict
    """
    (before,) = classifiers[chosen].predict_images(image[None])
    shown = {
        "model": chosen,
        "target": target,
        "digit": "" if before.answer is None else str(before.answer),
    }
    if before.answer == target:
        return shown | {"already": True}
    original = torch.from_numpy(image)[None]
    ways = []
    for norm in NORMS:
        nudges = smallest_perturbations(classifiers[chosen], original, torch.tensor([target]), norm)
        way = {"norm": NAMES[norm], "meaning": MEANINGS[norm], "found": bool(nudges.found)}
        if nudges.found:
            way |= _pictures(original, nudges.images)
            way["models"] = _predictions(classifiers, chosen, nudges.images, target)
        else:
            way["bound"] = f"{NORMS[norm]:g}"
        ways.append(way)
    return shown | {"ways": ways, "fooled": any(way["found"] for way in ways)}


def _pictures(before: torch.Tensor, after: torch.Tensor) -> dict[str, Any]:
    """The images before and after, the nudge between them, and its size in both norms."""
    added = after - before
    largest = float(size_of(added, "linf"))
    return {
        "before": png_url(before[0].numpy()),
        "added": png_url(signed_map(added[0].numpy(), largest)),
        "after": png_url(after[0].numpy()),
        "l2": f"{float(size_of(added, 'l2')):.2f}",
        "linf": f"{largest:.3f}",
    }


def _predictions(
    classifiers: dict[str, Classifier], chosen: str, image: torch.Tensor, target: int
) -> list[dict[str, Any]]:
    """Each model's prediction for the nudged image ``[1, 28, 28]``."""
    rows = []
    for name, classifier in classifiers.items():
        (prediction,) = classifier.predict_images(image)
        predicted = prediction.answer
        rows.append(
            {
                "model": name,
                "chosen": name == chosen,
                "predicted": "no digit" if predicted is None else str(predicted),
                "percent": "" if predicted is None else f"{100 * prediction.confidence:.1f} %",
                "fooled": predicted == target,
            }
        )
    return rows
