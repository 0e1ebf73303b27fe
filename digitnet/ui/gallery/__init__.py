"""Images with captions: the test predictions, right and wrong, and the data set itself."""

import threading
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from digitnet.classifier import Classifier
from digitnet.mnist import CLASS_NAMES
from digitnet.ui.component import Component, png_url

TILES_A_PAGE = 60

Outcome = Literal["all", "right", "wrong"]
Key: TypeAlias = tuple[str, str]  # recipe and model


class Gallery(Component):
    """Its value is what `tiles_of_predictions` or `tiles_of_labels` makes."""

    def __init__(self, **properties: Any):
        super().__init__(**properties)


@dataclass(frozen=True)
class Selection:
    """Which test images a gallery shows.

    Attributes
    ----------
    outcome : all, those the model has right, or those it has wrong
    true_digit : only images of this digit; None for every digit
    page : from 1; pages beyond the last count as the last
    """

    outcome: Outcome = "all"
    true_digit: int | None = None
    page: int = 1


class TestPredictions:
    """What each classifier makes of MNIST's test images, computed once, in the background.

    Parameters
    ----------
    classifiers : by recipe and model
    images : uint8 ``[N, 28, 28]``
    labels : int64 ``[N]``
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(
        self, classifiers: dict[Key, Classifier], images: torch.Tensor, labels: torch.Tensor
    ):
        self.images = images.numpy()
        self.labels = labels.numpy()
        self._classifiers = classifiers
        self._predicted: dict[Key, np.ndarray] = {}
        self._locks = {key: threading.Lock() for key in classifiers}

    def start(self) -> None:
        """Begin to compute, in a thread that does not keep the program alive."""
        threading.Thread(
            target=lambda: [self.predicted(key) for key in self._locks], daemon=True
        ).start()

    def __contains__(self, key: Key) -> bool:
        return key in self._classifiers

    def predicted(self, key: Key) -> np.ndarray:
        """The digits int64 ``[N]`` that one predicts; waits where they are not computed yet."""
        with self._locks[key]:
            if key not in self._predicted:
                logits = self._classifiers[key].logits(torch.from_numpy(self.images))
                self._predicted[key] = logits.argmax(1).cpu().numpy()
        return self._predicted[key]


def tiles_of_predictions(
    predictions: TestPredictions, key: Key, selection: Selection
) -> dict[str, Any]:
    """One page of test images with what a classifier predicts, as the template's data."""
    if key not in predictions:
        return {"summary": "This model's weights are not available", "page": 1, "pages": 1}
    predicted = predictions.predicted(key)
    labels = predictions.labels
    right = predicted == labels
    shown = {"all": np.ones_like(right), "right": right, "wrong": ~right}[selection.outcome]
    if selection.true_digit is not None:
        of_digit = labels == selection.true_digit
        shown, counted = shown & of_digit, right[of_digit]
    else:
        counted = right
    indices = np.flatnonzero(shown)
    pages = max(1, -(-len(indices) // TILES_A_PAGE))
    page = min(max(1, selection.page), pages)
    on_page = indices[(page - 1) * TILES_A_PAGE : page * TILES_A_PAGE]
    return {
        "summary": f"{counted.sum():,} right, {(~counted).sum():,} wrong",
        "page": page,
        "pages": pages,
        "empty": len(indices) == 0,
        "tiles": [
            {
                "image": png_url(predictions.images[index]),
                "caption": f"Predicted {predicted[index]} | Actual {labels[index]}",
                "title": f"Test image {index}",
                "outcome": "right" if right[index] else "wrong",
                "mark": "✓" if right[index] else "✗",
            }
            for index in on_page.tolist()
        ],
    }


def tiles_of_labels(images: np.ndarray, labels: np.ndarray, seed: int | None = None) -> dict:
    """Sixteen random ones of images uint8 ``[N, 28, 28]``, with class names, for the template."""
    chosen = np.random.default_rng(seed).choice(len(images), 16, replace=False)
    return {
        "four": True,  # columns, as the tutorial shows them
        "tiles": [
            {
                "image": png_url(images[index]),
                "caption": CLASS_NAMES[labels[index]],
                "title": f"Image {index}",
            }
            for index in chosen.tolist()
        ],
    }
