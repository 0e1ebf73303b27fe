"""The models' predictions for a drawing or picture, and the steps from it to their input."""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
import torch
from PIL import Image

from digitnet.classifier import Classifier, Prediction, Reading
from digitnet.drawing import Strokes
from digitnet.pictures import Picture, open_picture
from digitnet.reading.cutting import DigitLikeness
from digitnet.reading.ink import ink_of
from digitnet.segmentation import DetectedDigit, group_strokes, segment_ink
from digitnet.stages import Stages, preprocessing_stages
from digitnet.ui.components.base import photo_url, png_url, svg_points
from digitnet.ui.components.sketchpad import SIZE, picture_value


@dataclass(frozen=True, eq=False)
class PictureReading:
    """What was found in a picture.

    Attributes
    ----------
    found : the digits and signs
    shown : the template's data of the ink and the boxes of what was found
    laid : the sketchpad's value that shows the picture and these boxes
    """

    found: list[DetectedDigit]
    shown: dict[str, Any]
    laid: dict[str, Any]


# A drawing on the sketchpad; one of MNIST's own images, float32 [28, 28] in 0..1; a picture.
Subject: TypeAlias = Strokes | np.ndarray | PictureReading

CAPTIONS = {
    "squeezed": "the canvas, squeezed",
    "cropped": "cropped to the ink",
    "fitted": "fitted into 20 pixels",
    "centred": "centred by mass",
}
MARGIN = 0.15  # around what is shown of a drawing, of its longest side
# JavaScript of the events that ask for an answer: the component shows if none comes in time.
TELL_ASKED = "(...given) => (window.dispatchEvent(new CustomEvent('digitnet:asked')), given)"

NO_BOX = (0.0, 0.0, 0.0, 0.0)  # of what is shown alone

_numbers = itertools.count()


@torch.inference_mode()
def answer(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    subject: Subject,
    geometry: bool = True,
    likeness: DigitLikeness | None = None,
) -> dict[str, Any]:
    """The template's data: the predictions for `subject`, that of the model `chosen` first.

    Parameters
    ----------
    classifiers : by model
    chosen : one of them, or None where there are none
    subject : what to recognise; several digits are read as a number
    geometry : whether a drawing is fitted and centred as MNIST's digits were; if not, the canvas
        is simply squeezed to 28x28, and counts as one digit
    likeness : as in `digitnet.segmentation.segment_drawing`

    Raises
    ------
    ValueError : if a drawing has too many strokes or digits.
    """
    # Numbered, because the page is updated only if the data has changed.
    shown: dict[str, Any] = {"number": next(_numbers), "stages": []}
    if isinstance(subject, np.ndarray):
        found = [DetectedDigit(NO_BOX, subject)]
    elif isinstance(subject, PictureReading):
        found = subject.found
        boxes = [dict(box) for box in subject.shown["boxes"]]
        shown["reading"] = subject.shown | {"boxes": boxes}
        shown["nothing"] = not found
    else:
        row = group_strokes(subject) if geometry else None
        found = row.detect(likeness) if row and row.may_show_several else []
        if len(found) > 1:
            shown["reading"] = _reading_of_drawing(subject, found)
        else:
            stages = preprocessing_stages(subject, SIZE)
            seen = "centred" if geometry else "squeezed"
            found = [DetectedDigit(NO_BOX, getattr(stages, seen))]
            shown["stages"] = _steps(stages, seen)
            shown["image"] = next(step["image"] for step in shown["stages"] if step["seen"])
    if "image" not in shown:
        shown["image"] = png_url(found[0].image) if found else None
    return shown | _predictions(classifiers, chosen, found, shown.get("reading"))


def error_answer(
    classifiers: dict[str, Classifier], chosen: str | None, sentence: str
) -> dict[str, Any]:
    """The template's data where there is no answer; `sentence` says why."""
    return answer(classifiers, chosen, []) | {"problem": sentence}


def read_picture(picture: Picture, likeness: DigitLikeness | None = None) -> PictureReading:
    """Find the digits of a picture; `digitnet.segmentation.segment_picture` has the arguments."""
    picture = open_picture(picture)
    width, height = picture.size
    ink = ink_of(picture)
    found = segment_ink(ink, likeness)
    strength = ink.strength[:height, :width].clip(0, 1)
    inked = Image.fromarray(np.rint(255 * (1 - strength)).astype(np.uint8))
    laid = picture_value(picture, [digit.box for digit in found])
    shown = {"ink": photo_url(inked), **_boxes(found, 0, 0, width, height)}
    return PictureReading(found, shown, laid)


def _predictions(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    found: Sequence[DetectedDigit],
    reading: dict[str, Any] | None,
) -> dict[str, Any]:
    """The predictions for what was found, for the template."""
    readings: dict[str, Reading] = {}
    milliseconds = {}
    for name, classifier in classifiers.items():
        started = time.perf_counter()
        readings[name] = classifier.read_digits(found)
        milliseconds[name] = 1000 * (time.perf_counter() - started)
    main = readings[chosen].digits if chosen in readings else ()
    if not main:
        return {"blank": True, "model": chosen}
    if reading:
        for box, digit in zip(reading["boxes"], main, strict=True):
            box |= {
                "image": png_url(digit.image),
                "predicted": digit.text,
                "percent": _percent(digit.prediction) if digit.text.isdigit() else "",
                "rejected": digit.text == "?",
            }
    numbers = {name: one.text.replace("\n", " ") for name, one in readings.items()}
    first = main[0].prediction
    several = len(main) > 1
    return {
        "model": chosen,
        "blank": first.digit is None,
        "several": several,
        "rejected": not several and not first.is_digit,
        "digit": numbers[chosen or ""] if several else first.digit,
        "percent": "" if several else _percent(first),
        "bars": []
        if several
        else [
            {
                "digit": digit,
                "percent": f"{100 * value:.1f}",
                "best": digit == first.answer,
            }
            for digit, value in enumerate(first.probabilities.tolist())
        ],
        "no_digit": None if several else _no_digit(classifiers[chosen or ""], first),
        "models": [
            {
                "model": name,
                "chosen": name == chosen,
                "predicted": numbers[name],
                "rejected": numbers[name] == "?",
                "percent": "" if several else _percent(readings[name].digits[0].prediction),
                "agrees": numbers[name] == numbers[chosen or ""],
                "milliseconds": f"{milliseconds[name]:.1f}",
                **_facts(classifiers[name]),
            }
            for name in readings
        ],
        "disagreement": first.digit is not None and len(set(numbers.values())) > 1,
        "device": classifiers[chosen or ""].device.type.upper(),
    }


def _no_digit(classifier: Classifier, prediction: Prediction) -> dict[str, Any]:
    """The eleventh answer, "not a digit": its probability, and from which one on it is given."""
    threshold = classifier.metadata.threshold
    if threshold == 0:
        return {"guesses": True}
    return {
        "percent": f"{100 * (1 - prediction.score) if prediction.digit is not None else 0:.1f}",
        "from": f"{100 * (1 - threshold):.0f}",
    }


def _facts(classifier: Classifier) -> dict[str, str]:
    """What a card says of a model, whatever is drawn."""
    accuracy = classifier.metadata.test_accuracy
    return {
        "summary": classifier.network.summary,
        "parameters": f"{classifier.parameters:,}",
        "accuracy": f"{100 * accuracy:.0f} % on MNIST" if accuracy else "",
    }


def _reading_of_drawing(drawing: Strokes, found: Sequence[DetectedDigit]) -> dict[str, Any]:
    """A drawing's strokes with the boxes of the digits found in it, for the template."""
    strokes = [stroke.round(1) for stroke in drawing]
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    margin = MARGIN * max(size.max(), 1)
    return {
        "strokes": [svg_points(stroke) for stroke in strokes],
        **_boxes(found, *(low - margin), *(size + 2 * margin)),
    }


def _boxes(
    found: Sequence[DetectedDigit], left: float, top: float, width: float, height: float
) -> dict[str, Any]:
    """The part of a picture or drawing that is shown, and the boxes in it, with a margin."""
    margin = max(width, height) / 50
    return {
        "view": f"{left:.1f} {top:.1f} {width:.1f} {height:.1f}",
        "width": f"{width:.1f}",
        "height": f"{height:.1f}",
        "pen": f"{max(width, height) / 60:.2f}",
        "boxes": [
            {
                "x": f"{x - margin:.1f}",
                "y": f"{y - margin:.1f}",
                "w": f"{w + 2 * margin:.1f}",
                "h": f"{h + 2 * margin:.1f}",
            }
            for x, y, w, h in (digit.box for digit in found)
        ],
    }


def _steps(stages: Stages, seen: str) -> list[dict[str, Any]]:
    """The images of the stages in order, with the last one that is applied and those after it."""
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


def _percent(prediction: Prediction) -> str:
    """The probability of the predicted digit, such as "98.2 %"; empty where there is none."""
    return "" if prediction.digit is None else f"{100 * prediction.confidence:.1f} %"
