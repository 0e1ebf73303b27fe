"""A distorted image, each model's prediction for it, and the failure points of each model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from digitnet.classifier import Classifier
from digitnet.explain.distortions import Distortion
from digitnet.explain.robustness import Curve, curve_of
from digitnet.ui.components.base import png_url
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis

INTERVALS = (4, 3, 7)  # between ticks, the first that puts one on the identity


@dataclass(frozen=True, eq=False)
class Trial:
    """The predictions of some classifiers for one image over the range of one distortion.

    Attributes
    ----------
    image : float32 ``[28, 28]`` in 0..1, as the models see it
    label : of a test image; None for a drawing
    distortion : what is done to the image
    classifiers, curves : by model
    """

    image: np.ndarray
    label: int | None
    distortion: Distortion
    classifiers: dict[str, Classifier]
    curves: dict[str, Curve]

    def true_digit(self, chosen: str, digit: int | None = None) -> int:
        """`digit` if it is given, or else the label, or else the prediction of model `chosen`."""
        if digit is not None:
            return digit
        if self.label is not None:
            return self.label
        curve = self.curves[chosen]
        at = curve.values.index(self.distortion.identity)
        return int(curve.probabilities[at].argmax())


def compute_trial(
    classifiers: dict[str, Classifier],
    image: np.ndarray,
    label: int | None,
    distortion: Distortion,
) -> Trial:
    """Compute the curve of each classifier."""
    tensor = torch.from_numpy(image)
    curves = {
        name: curve_of(classifier, tensor, distortion) for name, classifier in classifiers.items()
    }
    return Trial(image, label, distortion, classifiers, curves)


def distorted(trial: Trial, chosen: str, digit: int, value: float) -> dict[str, Any]:
    """The template's data: the image at one value of the slider.

    Parameters
    ----------
    trial : the image, the distortion and the classifiers
    chosen : the selected model
    digit : the true one
    value : of the distortion, in its range
    """
    image = trial.distortion(torch.from_numpy(trial.image)[None], value)
    identity = trial.distortion.identity
    rows = []
    for name, classifier in trial.classifiers.items():
        (prediction,) = classifier.predict_images(image)
        predicted = prediction.answer
        failures = trial.curves[name].failure_points(identity, digit)
        rows.append(
            {
                "model": name,
                "chosen": name == chosen,
                "predicted": "no digit" if predicted is None else str(predicted),
                "mark": "✓" if predicted == digit else "✗",
                "outcome": "right" if predicted == digit else "wrong",
                "percent": f"{100 * prediction.probabilities[digit]:.1f} %",
                "failure_points": "the start"
                if failures == [identity]
                else " and ".join(format_value(at, trial.distortion) for at in failures)
                or "no value",
            }
        )
    return {
        "image": png_url(image[0].numpy()),
        "caption": f"{format_value(value, trial.distortion)} {trial.distortion.unit}",
        "digit": digit,
        "models": rows,
    }


def curves_chart(trial: Trial, digit: int, value: float | None = None) -> dict[str, Any]:
    """The chart of each model's probability of `digit`, with `value` marked if there is one."""
    identity = trial.distortion.identity
    series = []
    for name, curve in trial.curves.items():
        points = dict(zip(curve.values, curve.probabilities[:, digit].tolist(), strict=True))
        marks = [(at, points[at]) for at in curve.failure_points(identity, digit)]
        series.append(Series(name, list(points.items()), marks))
    if value is not None:
        series.append(Series("the slider", [(value, 0), (value, 1)]))
    return chart(
        f"Probability of {digit}; the dots are failure points",
        series,
        distortion_axis(trial.distortion),
        percent_axis("probability"),
    )


def distortion_axis(distortion: Distortion) -> Axis:
    """The range of a distortion, the value that changes nothing among its ticks."""
    low, width = distortion.low, distortion.high - distortion.low
    for intervals in INTERVALS:
        ticks = [round(low + width * number / intervals, 6) for number in range(intervals + 1)]
        if distortion.identity in ticks:
            break
    labels = [(at, format_value(at, distortion)) for at in ticks]
    return Axis(distortion.unit, low, distortion.high, labels)


def format_value(value: float, distortion: Distortion) -> str:
    """A value as text: with its sign, where the distortion goes below 0."""
    signed = value and distortion.low < 0
    return (f"{value:+g}" if signed else f"{value:g}").replace("-", "−")
