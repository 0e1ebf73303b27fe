"""A distorted image, what each model says of it, and where on the slider each gives way."""

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
    """One image over the range of one distortion, for some classifiers.

    Attributes
    ----------
    image : float32 ``[28, 28]`` in 0..1, as the models see it
    label : of a test image; None for a drawing
    distortion : what is tried
    classifiers, curves : by model
    """

    image: np.ndarray
    label: int | None
    distortion: Distortion
    classifiers: dict[str, Classifier]
    curves: dict[str, Curve]

    def true_digit(self, chosen: str, asked: int | None = None) -> int:
        """The one asked for, or else the label, or else what the model `chosen` says."""
        if asked is not None:
            return asked
        if self.label is not None:
            return self.label
        curve = self.curves[chosen]
        at = curve.values.index(self.distortion.identity)
        return int(curve.probabilities[at].argmax())


def try_out(
    classifiers: dict[str, Classifier],
    image: np.ndarray,
    label: int | None,
    distortion: Distortion,
) -> Trial:
    """Compute the curves of every classifier."""
    tensor = torch.from_numpy(image)
    curves = {
        name: curve_of(classifier, tensor, distortion) for name, classifier in classifiers.items()
    }
    return Trial(image, label, distortion, classifiers, curves)


def distorted(trial: Trial, chosen: str, digit: int, value: float) -> dict[str, Any]:
    """The template's data: the image at one value of the slider.

    Parameters
    ----------
    trial : what is tried
    chosen : the model in front
    digit : the true one
    value : of the distortion, in its range
    """
    image = trial.distortion(torch.from_numpy(trial.image)[None], value)
    identity = trial.distortion.identity
    rows = []
    for name, classifier in trial.classifiers.items():
        (prediction,) = classifier.predict_images(image)
        said = prediction.digit if prediction.is_digit else None
        ways = trial.curves[name].failure_points(identity, digit)
        rows.append(
            {
                "model": name,
                "chosen": name == chosen,
                "said": "no digit" if said is None else str(said),
                "mark": "✓" if said == digit else "✗",
                "outcome": "right" if said == digit else "wrong",
                "percent": f"{100 * prediction.probabilities[digit]:.1f} %",
                "failure_points": "the start"
                if ways == [identity]
                else " and ".join(written(at, trial.distortion) for at in ways) or "no value",
            }
        )
    return {
        "image": png_url(image[0].numpy()),
        "caption": f"{written(value, trial.distortion)} {trial.distortion.unit}",
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
        f"Probability of {digit}; a dot where a model gives way",
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
    labels = [(at, written(at, distortion)) for at in ticks]
    return Axis(distortion.unit, low, distortion.high, labels)


def written(value: float, distortion: Distortion) -> str:
    """A value as text: with its sign, where the distortion goes below 0."""
    signed = value and distortion.low < 0
    return (f"{value:+g}" if signed else f"{value:g}").replace("-", "−")
