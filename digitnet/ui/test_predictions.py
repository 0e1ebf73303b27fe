"""What each classifier makes of MNIST's test images, and which of them a visitor asks for."""

import threading
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch

from digitnet.classifier import Classifier

Key: TypeAlias = tuple[str, str]  # recipe and model
OWN = "yours"  # the model that a visitor trained, of whichever recipe
Outcome = Literal["all", "right", "wrong"]
Order = Literal["test set", "most confident", "least confident"]
Among = Literal["every image", "only the cnn is right", "the models disagree", "label disputed"]

# Test images whose label people who looked at them dispute (https://labelerrors.com, MNIST;
# Northcutt et al., "Pervasive Label Errors in Test Sets", 2021): most prefer another digit for
# the first ten, no digit at all for the next three, and are tied over the last two.
DISPUTED = frozenset(
    (947, 1621, 1901, 2462, 2597, 3558, 5937, 6651, 6783, 9729, 2654, 3520, 9679, 2130, 8527)
)


@dataclass(frozen=True)
class Selection:
    """Which test images are asked for, and in what order.

    Attributes
    ----------
    outcome : all, those the model has right, or those it has wrong
    true_digit, predicted_digit : only images of this digit, or called so; None for every digit
    among : of which images, whatever the chosen model says
    order : by number, or by the probability of the predicted digit
    """

    outcome: Outcome = "all"
    true_digit: int | None = None
    predicted_digit: int | None = None
    among: Among = "every image"
    order: Order = "test set"


class TestPredictions:
    """The classifiers' probabilities, computed once, in the background.

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
        self._probabilities: dict[Key, np.ndarray] = {}
        self._locks = {key: threading.Lock() for key in classifiers}

    def start(self) -> None:
        """Begin to compute, in a thread that does not keep the program alive."""
        threading.Thread(
            target=lambda: [self.probabilities(key) for key in self._locks], daemon=True
        ).start()

    def __contains__(self, key: Key) -> bool:
        return key in self._classifiers

    def models(self, recipe: str) -> list[str]:
        """The models of one recipe."""
        return [model for trained, model in self._classifiers if trained == recipe]

    def probabilities(self, key: Key) -> np.ndarray:
        """What one gives each digit, float32 ``[N, 10]``; waits where it is not computed yet."""
        with self._locks[key]:
            if key not in self._probabilities:
                classifier = self._classifiers[key]
                logits = classifier.logits(torch.from_numpy(self.images))
                scaled = logits / classifier.metadata.temperature
                self._probabilities[key] = scaled.softmax(1).cpu().numpy()
        return self._probabilities[key]

    def predicted(self, key: Key) -> np.ndarray:
        """The digits int64 ``[N]`` that one predicts."""
        return self.probabilities(key).argmax(1)

    def confusion(self, key: Key) -> np.ndarray:
        """Counts int64 ``[10, 10]``: ``[true, predicted]``."""
        pairs = self.labels * 10 + self.predicted(key)
        return np.bincount(pairs, minlength=100).reshape(10, 10)

    def accuracy(self, key: Key, without_disputed: bool = False) -> float:
        """Share of the images recognised, 0..1; of all, or of those with undisputed labels."""
        right = self.predicted(key) == self.labels
        if without_disputed:
            right = np.delete(right, sorted(DISPUTED))
        return float(right.mean())

    def indices(self, key: Key, selection: Selection) -> np.ndarray:
        """Numbers int64 ``[n]`` of the images that `selection` asks for, in its order."""
        probabilities, predicted = self.probabilities(key), self.predicted(key)
        right = predicted == self.labels
        shown = {"all": np.ones_like(right), "right": right, "wrong": ~right}[selection.outcome]
        if selection.true_digit is not None:
            shown = shown & (self.labels == selection.true_digit)
        if selection.predicted_digit is not None:
            shown = shown & (predicted == selection.predicted_digit)
        shown = shown & self._among(key[0], selection.among)
        indices = np.flatnonzero(shown)
        if selection.order != "test set":
            confidence = probabilities[indices].max(1)
            sign = -1 if selection.order == "most confident" else 1
            indices = indices[np.argsort(sign * confidence, kind="stable")]
        return indices

    def _among(self, recipe: str, among: Among) -> np.ndarray:
        """Which images bool ``[N]`` belong to `among`."""
        if among == "every image":
            return np.ones(len(self.labels), bool)
        if among == "label disputed":
            return np.isin(np.arange(len(self.labels)), sorted(DISPUTED))
        by_model = {model: self.predicted((recipe, model)) for model in self.models(recipe)}
        if among == "the models disagree":
            said = np.stack(list(by_model.values()))
            return (said != said[0]).any(0)
        right = {model: said == self.labels for model, said in by_model.items()}
        others = [right[model] for model in right if model != "cnn"]
        cnn = right.get("cnn", np.zeros(len(self.labels), bool))
        return cnn & ~np.any(others, axis=0) if others else cnn


class WithOwn(TestPredictions):
    """Those of the page, and a visitor's own model among the models of every recipe.

    Parameters
    ----------
    page : those that all visitors see
    own : what the visitor's model gives each digit, float32 ``[N, 10]``
    """

    def __init__(self, page: TestPredictions, own: np.ndarray):
        super().__init__({}, torch.from_numpy(page.images), torch.from_numpy(page.labels))
        self._page, self._own = page, own

    def __contains__(self, key: Key) -> bool:
        return key[1] == OWN or key in self._page

    def models(self, recipe: str) -> list[str]:
        return [*self._page.models(recipe), OWN]

    def probabilities(self, key: Key) -> np.ndarray:
        return self._own if key[1] == OWN else self._page.probabilities(key)
