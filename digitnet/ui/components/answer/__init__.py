"""What the models say of what lies on the page, and the steps by which it became what they see."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import torch

from digitnet.classifier import Classifier, Prediction
from digitnet.drawing import Drawing
from digitnet.pictures import Picture, open_picture
from digitnet.segmentation import Found, find_digits, find_digits_in_drawing, shows_several_digits
from digitnet.stages import Stages, stages_of
from digitnet.ui.components.base import Component, jpeg_url, png_url
from digitnet.ui.components.sketchpad import SIZE


@dataclass(frozen=True, eq=False)
class Read:
    """What is kept of a picture: the digits found in it, and how it is shown."""

    found: list[Found]
    shown: dict[str, Any]


# A drawing on the sketchpad; one of MNIST's own images, float32 [28, 28] in 0..1; a picture.
Subject: TypeAlias = Drawing | np.ndarray | Read

CAPTIONS = {
    "squeezed": "the canvas, squeezed",
    "cropped": "the ink alone",
    "fitted": "fitted into 20 pixels",
    "centred": "centred by mass",
}
PICTURE_SIZE = 800  # pixels, the longest side at which a picture is shown
MARGIN = 0.15  # around what is shown of a drawing, of its longest side


class Answer(Component):
    """Its value is what `answer` makes."""

    def __init__(self, **properties: Any):
        super().__init__(elem_id="answer", **properties)


@torch.inference_mode()
def answer(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    subject: Subject,
    geometry: bool = True,
) -> dict[str, Any]:
    """What the page shows for `subject`, with the model `chosen` in front, as the template's data.

    Parameters
    ----------
    classifiers : by model
    chosen : one of them, or None where there are none
    subject : what is to be recognised; several digits are read as a number
    geometry : whether the models see a drawing as MNIST would have made it; if not, the canvas is
        simply squeezed to 28x28, and counts as one digit

    Raises
    ------
    ValueError : if `subject` is no drawing.
    """
    shown: dict[str, Any] = {"stages": []}
    found: list[Found] = []
    if isinstance(subject, np.ndarray):
        images = subject[None]
    elif isinstance(subject, Read):
        found = subject.found
        images = _images(found)
        boxes = [dict(box) for box in subject.shown["boxes"]]
        shown["reading"] = subject.shown | {"boxes": boxes}
        shown["nothing"] = not subject.found
    else:
        if geometry and shows_several_digits(subject):
            found = find_digits_in_drawing(subject)
            images = _images(found)
            shown["reading"] = _reading_of_drawing(subject, found)
        else:
            stages = stages_of(subject, SIZE)
            seen = "centred" if geometry else "squeezed"
            images = getattr(stages, seen)[None]
            shown["stages"] = _steps(stages, seen)
            shown["image"] = next(step["image"] for step in shown["stages"] if step["seen"])
    if "image" not in shown:
        shown["image"] = png_url(images[0]) if len(images) else None
    signs = [digit.sign for digit in found] or [""] * len(images)
    return shown | _verdicts(classifiers, chosen, images, signs, shown.get("reading"))


def read(picture: Picture) -> Read:
    """Find the digits of a picture; ValueError as of `digitnet.segmentation.find_digits`."""
    opened = open_picture(picture)
    found = find_digits(opened)
    width, height = opened.size
    opened.thumbnail((PICTURE_SIZE, PICTURE_SIZE))
    return Read(found, {"picture": jpeg_url(opened), **_boxes(found, 0, 0, width, height)})


def _verdicts(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    images: np.ndarray,
    signs: Sequence[str],
    reading: dict[str, Any] | None,
) -> dict[str, Any]:
    """What the models say of images float32 ``[N, 28, 28]``, for the template.

    `signs` holds for each of them "" or the sign that it is instead of a digit.
    """
    predictions, milliseconds = {}, {}
    for name, classifier in classifiers.items():
        started = time.perf_counter()
        predictions[name] = classifier.predict_images(images)
        milliseconds[name] = 1000 * (time.perf_counter() - started)
    main = predictions.get(chosen or "")
    if not main:
        return {"blank": True, "model": chosen}
    if reading:
        for box, image, prediction, sign in zip(reading["boxes"], images, main, signs, strict=True):
            box |= {
                "image": png_url(image),
                "said": _said([prediction], [sign]),
                "percent": "" if sign else _percent(prediction),
                "refused": not sign and not prediction.is_digit,
            }
    numbers = {name: _said(said, signs) for name, said in predictions.items()}
    first = main[0]
    several = len(main) > 1
    return {
        "model": chosen,
        "blank": first.digit is None,
        "several": several,
        "refused": not several and not first.is_digit,
        "digit": numbers[chosen or ""] if several else first.digit,
        "percent": "" if several else _percent(first),
        "bars": []
        if several
        else [
            {
                "digit": digit,
                "percent": f"{100 * value:.1f}",
                "best": first.is_digit and digit == first.digit,
            }
            for digit, value in enumerate(first.probabilities.tolist())
        ],
        "models": [
            {
                "model": name,
                "chosen": name == chosen,
                "said": numbers[name],
                "refused": numbers[name] == "?",
                "percent": "" if several else _percent(predictions[name][0]),
                "agrees": numbers[name] == numbers[chosen or ""],
                "parameters": f"{classifiers[name].parameters:,}",
                "milliseconds": f"{milliseconds[name]:.1f}",
            }
            for name in predictions
        ],
        "disagreement": first.digit is not None and len(set(numbers.values())) > 1,
    }


def _images(found: Sequence[Found]) -> np.ndarray:
    """The images of digits found, float32 ``[N, 28, 28]``."""
    return np.stack([digit.image for digit in found]) if found else np.zeros((0, 28, 28), "f")


def _reading_of_drawing(drawing: Drawing, found: Sequence[Found]) -> dict[str, Any]:
    """A drawing's strokes with the boxes of the digits found in it, for the template."""
    strokes = [np.asarray(stroke, float).round(1) for stroke in drawing if len(stroke)]
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    margin = MARGIN * max(size.max(), 1)
    lines = [" ".join(f"{x},{y}" for x, y in stroke.tolist()) for stroke in strokes]
    return {"strokes": lines, **_boxes(found, *(low - margin), *(size + 2 * margin))}


def _boxes(
    found: Sequence[Found], left: float, top: float, width: float, height: float
) -> dict[str, Any]:
    """The part of a picture or drawing that is shown, and the boxes in it, with some air."""
    air = max(width, height) / 50
    return {
        "view": f"{left:.1f} {top:.1f} {width:.1f} {height:.1f}",
        "width": f"{width:.1f}",
        "height": f"{height:.1f}",
        "pen": f"{max(width, height) / 60:.2f}",
        "boxes": [
            {
                "x": f"{x - air:.1f}",
                "y": f"{y - air:.1f}",
                "w": f"{w + 2 * air:.1f}",
                "h": f"{h + 2 * air:.1f}",
            }
            for x, y, w, h in (digit.box for digit in found)
        ],
    }


def _steps(stages: Stages, seen: str) -> list[dict[str, Any]]:
    """The pictures of the stages, in order; those that the models do not see are marked."""
    last = [field.name for field in fields(stages)].index(seen)
    return [
        {
            "name": field.name,
            "image": png_url(getattr(stages, field.name)),
            "caption": CAPTIONS[field.name],
            "seen": field.name == seen,
            "skipped": number > last,
        }
        for number, field in enumerate(fields(stages))
    ]


def _said(predictions: Sequence[Prediction], signs: Sequence[str]) -> str:
    """The number that a model reads, such as "-407"; "?" for what is no digit to it."""
    return "".join(
        sign or (str(one.digit) if one.is_digit else "?")
        for one, sign in zip(predictions, signs, strict=True)
    )


def _percent(prediction: Prediction) -> str:
    """The probability of the predicted digit, such as "98.2 %"; empty where there is none."""
    return "" if prediction.digit is None else f"{100 * prediction.confidence:.1f} %"
