"""Each classifier's predictions for MNIST's test images, and selections of these images."""

import os
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch

from digitnet.classifier import Classifier
from digitnet.models import CLASSES, available_models

BATCH_SIZE = 250  # a second or less, for the slowest model on a CPU
TURN_SECONDS = 0.5  # the small models are finished in their first turn

Key: TypeAlias = tuple[str, str]  # recipe and model
YOURS = "yours"  # the model that a visitor trained, of whichever recipe
Outcome = Literal["all", "right", "wrong"]
Order = Literal["test set", "most confident", "least confident"]
Among = Literal[
    "every image", "only the largest model is right", "the models disagree", "label disputed"
]

# Test images whose labels were disputed by people who looked at them (https://labelerrors.com;
# Northcutt et al., "Pervasive Label Errors in Test Sets", 2021): most prefer another digit for the
# first ten, no digit at all for the next three, and are tied over the last two.
DISPUTED = frozenset(
    (947, 1621, 1901, 2462, 2597, 3558, 5937, 6651, 6783, 9729, 2654, 3520, 9679, 2130, 8527)
)


@dataclass(frozen=True)
class Selection:
    """Which test images to show, and in which order.

    Attributes
    ----------
    outcome : all images, or those that the model predicts right or wrong
    true_digit, predicted_digit : only images with this label or prediction; None for every digit
    among : a subset of the images that does not depend on the selected model
    order : by number, or by the probability of the predicted digit
    """

    outcome: Outcome = "all"
    true_digit: int | None = None
    predicted_digit: int | None = None
    among: Among = "every image"
    order: Order = "test set"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Each classifier's predictions for the test images that it has recognised so far.

    Attributes
    ----------
    images : uint8 ``[N, 28, 28]``, all of them
    labels : int64 ``[N]``
    by_key : each classifier's probabilities for the first ``n <= N`` images, float32 ``[n, 10]``;
        `n` may differ
    """

    images: np.ndarray
    labels: np.ndarray
    by_key: dict[Key, np.ndarray]

    def __contains__(self, key: Key) -> bool:
        return key in self.by_key

    @property
    def finished(self) -> bool:
        """Whether every classifier has recognised all of them."""
        return all(len(probabilities) == len(self.images) for probabilities in self.by_key.values())

    def models(self, recipe: str) -> list[str]:
        """The models of one recipe."""
        return [model for trained, model in self.by_key if trained == recipe]

    def probabilities(self, key: Key) -> np.ndarray:
        """The probabilities float32 ``[n, 10]`` of one classifier."""
        return self.by_key[key]

    def predicted(self, key: Key) -> np.ndarray:
        """The digits int64 ``[n]`` that one classifier predicts."""
        return self.by_key[key].argmax(1)

    def right(self, key: Key) -> np.ndarray:
        """Whether a classifier's predictions are right, bool ``[n]``."""
        predicted = self.predicted(key)
        return predicted == self.labels[: len(predicted)]

    def confusion(self, key: Key) -> np.ndarray:
        """The confusion matrix, int64 ``[10, 10]``: ``[true, predicted]``."""
        predicted = self.predicted(key)
        pairs = self.labels[: len(predicted)] * 10 + predicted
        return np.bincount(pairs, minlength=100).reshape(10, 10)

    def accuracy(self, key: Key, without_disputed: bool = False) -> float:
        """Share of right predictions, 0..1; of all, or of those with undisputed labels."""
        right = self.right(key)
        if without_disputed:
            right = np.delete(right, [index for index in DISPUTED if index < len(right)])
        return float(right.mean())

    def indices(self, key: Key, selection: Selection) -> np.ndarray:
        """The numbers, int64, of the selected images in their order."""
        probabilities, predicted, right = self.by_key[key], self.predicted(key), self.right(key)
        shown = {"all": np.ones_like(right), "right": right, "wrong": ~right}[selection.outcome]
        shown = shown & self._among(key, selection.among)
        if selection.true_digit is not None:
            shown = shown & (self.labels[: len(shown)] == selection.true_digit)
        if selection.predicted_digit is not None:
            shown = shown & (predicted == selection.predicted_digit)
        indices = np.flatnonzero(shown)
        if selection.order != "test set":
            confidence = probabilities[indices].max(1)
            sign = -1 if selection.order == "most confident" else 1
            indices = indices[np.argsort(sign * confidence, kind="stable")]
        return indices

    def _among(self, key: Key, among: Among) -> np.ndarray:
        """Which of the images that a classifier has recognised are `among`, bool ``[n]``."""
        shown = np.ones(len(self.by_key[key]), bool)
        if among == "every image":
            return shown
        if among == "label disputed":
            return np.isin(np.arange(len(shown)), sorted(DISPUTED))
        recipe, _ = key
        models = self.models(recipe)
        compared = min(len(self.by_key[recipe, model]) for model in models)  # by every model
        shown[compared:] = False
        if among == "the models disagree":
            predicted = np.stack([self.predicted((recipe, name))[:compared] for name in models])
            shown[:compared] = (predicted != predicted[0]).any(0)
        else:
            largest = available_models()[-1]
            for model in models:
                right = self.right((recipe, model))[:compared]
                shown[:compared] &= right if model == largest else ~right
            shown &= largest in models
        return shown


class TestPredictions:
    """The test images, which the page's classifiers recognise in the background.

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
        self._probabilities = {
            key: np.zeros((len(images), CLASSES), np.float32) for key in classifiers
        }
        self._recognised = dict.fromkeys(classifiers, 0)
        self.will_grow = True  # whether more images will be recognised

    def start(self) -> None:
        """Begin to recognise, in a daemon thread."""
        threading.Thread(target=self.recognise, daemon=True).start()

    def recognise(self) -> None:
        """Recognise all images with each classifier."""
        try:
            self._recognise_in_turn()
        finally:
            self.will_grow = False

    def _recognise_in_turn(self) -> None:
        """Let each classifier recognise for `TURN_SECONDS` at a time."""
        if sys.platform == "linux" and threading.current_thread() is not threading.main_thread():
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)  # of this thread alone
        waiting = deque(self._classifiers)
        while waiting:
            key = waiting.popleft()
            end_of_turn = time.monotonic() + TURN_SECONDS
            while self._recognised[key] < len(self.images) and time.monotonic() < end_of_turn:
                self._recognise_some(key)
            if self._recognised[key] < len(self.images):
                waiting.append(key)

    def _recognise_some(self, key: Key) -> None:
        some = slice(self._recognised[key], self._recognised[key] + BATCH_SIZE)
        classifier = self._classifiers[key]
        logits = classifier.logits(torch.from_numpy(self.images[some]))
        scaled = logits / classifier.metadata.temperature
        probabilities = scaled.softmax(1).cpu().numpy()
        self._probabilities[key][some] = probabilities
        self._recognised[key] += len(probabilities)  # last: only finished rows are counted

    def so_far(self, trained: np.ndarray | None = None) -> Predictions:
        """The predictions by now.

        Parameters
        ----------
        trained : the probabilities float32 ``[N, 10]`` of the model that a visitor trained, which
            is then one of the models of every recipe
        """
        by_key = {key: self._probabilities[key][:count] for key, count in self._recognised.items()}
        if trained is not None:
            by_key |= {(recipe, YOURS): trained for recipe, _ in self._classifiers}
        return Predictions(self.images, self.labels, by_key)
