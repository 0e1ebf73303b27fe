"""How far an image can be distorted before a classifier fails."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from digitnet.classifier import Classifier
from digitnet.explain.distortions import Distortion


@dataclass(frozen=True, eq=False)
class Curve:
    """The predictions for one image over the whole range of a distortion.

    Attributes
    ----------
    values : the V values of the distortion, in order
    probabilities : float32 ``[V, 10]``
    answers : `digitnet.Prediction.answer` at each value
    """

    values: Sequence[float]
    probabilities: np.ndarray
    answers: Sequence[int | None]

    def failure_points(self, identity: float, digit: int) -> list[float]:
        """The values nearest to `identity`, on either side, whose answer is not `digit`.

        Only `identity` if its own answer is not `digit`; empty if all answers are.
        """
        wrong = [
            value
            for value, answer in zip(self.values, self.answers, strict=True)
            if answer != digit
        ]
        if identity in wrong:
            return [identity]
        below = [value for value in wrong if value < identity]
        above = [value for value in wrong if value > identity]
        return below[-1:] + above[:1]


def curve_of(classifier: Classifier, image: torch.Tensor, distortion: Distortion) -> Curve:
    """The curve of an image float32 ``[28, 28]`` in 0..1."""
    values = distortion.values()
    images = torch.cat([distortion(image[None], value) for value in values])
    predictions = classifier.predict_images(images)
    return Curve(
        values,
        np.stack([prediction.probabilities for prediction in predictions]),
        [prediction.answer for prediction in predictions],
    )


def accuracy_on(classifier: Classifier, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Fraction, 0..1, of images float32 ``[N, 28, 28]`` whose answer is their label."""
    predictions = classifier.predict_images(images)
    pairs = zip(predictions, labels.tolist(), strict=True)
    right = sum(prediction.answer == label for prediction, label in pairs)
    return right / len(labels)
