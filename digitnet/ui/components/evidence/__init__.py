"""Why a model predicts a digit: the attribution of its logit to the ink, and a counterfactual."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from digitnet.classifier import Classifier, Prediction
from digitnet.drawing import Strokes
from digitnet.explain.attribution import Attribution, attributions
from digitnet.explain.counterfactual import MAX_PATCHES, Counterfactual, find_counterfactual
from digitnet.explain.pieces import Pieces, pieces_of_image, pieces_of_strokes
from digitnet.models import IMAGE_SIZE
from digitnet.ui.components.base import png_url, svg_points
from digitnet.ui.components.maps import INK, marked_map, mixed, signed_map

MARGIN = 0.1  # around a drawing, relative to its longest side
MIN_NUMBER = 0.1  # of the largest; the number of a piece with less is left out
MAX_POINTS = 1000  # of a piece's line, about; the pieces of a scribble have fewer per length
WORD, LINE = 4.0, 1.8  # pixels of the image, the size of a number on a piece
MIN_ERROR_SHOWN = 1e-5  # completeness error; a smaller one is rounding


def evidence(
    name: str,
    classifier: Classifier,
    subject: Strokes | np.ndarray,
    image: np.ndarray,
    digit: int | None = None,
) -> dict[str, Any]:
    """The template's data: why a model predicts `digit` for `image`, or why not.

    Parameters
    ----------
    name : of the classifier, on the page
    classifier : whose prediction is explained
    subject : a drawing of one digit, or a test image
    image : the model's input for it, float32 ``[28, 28]`` in 0..1
    digit : 0 to 9; the most probable one where it is None

    Raises
    ------
    ValueError : if a value is something else.
    """
    (prediction,) = classifier.predict_images(image[None])
    likeliest, second = np.argsort(-prediction.probabilities, kind="stable")[:2].tolist()
    digit = likeliest if digit is None else digit
    rival = second if digit == likeliest else likeliest
    for_digit, for_rival = attributions(classifier, image, (digit, rival))
    difference = for_digit - for_rival
    limit = float(
        max(np.abs(for_digit.contributions).max(), np.abs(difference.contributions).max())
    )
    strokes = None if isinstance(subject, np.ndarray) else subject
    pieces = pieces_of_image(image) if strokes is None else pieces_of_strokes(strokes, image)
    change = find_counterfactual(classifier, image, pieces, digit, strokes)
    abouts = [f"a {digit}", f"a {digit} rather than a {rival}"]
    return {
        "model": name,
        "rejected": not prediction.is_digit,
        "predicted": likeliest,
        "percent": f"{100 * prediction.confidence:.1f} %",
        "digit": digit,
        "rival": rival,
        "not": digit != likeliest or not prediction.is_digit,
        "limit": f"{limit:.2g}",
        "pieces": _pieces(pieces, (for_digit, difference), abouts),
        "maps": [
            _map(attribution, image, limit, about)
            for attribution, about in zip((for_digit, difference), abouts, strict=True)
        ],
        "heads": [f"{digit}", f"{rival}", f"{digit} rather than {rival}"],
        "rows": _rows(pieces, [for_digit, for_rival, difference]),
        "error": _error([for_digit, for_rival, difference]),
        "temperature": f"{classifier.metadata.temperature:.2f}",
        "counterfactual": _counterfactual(change, strokes, image, digit, prediction),
    }


def _pieces(
    pieces: Pieces, attributions: Sequence[Attribution], abouts: Sequence[str]
) -> dict[str, Any]:
    """What each piece of the ink contributes to each attribution, for the template."""
    sums = [pieces.sums(attribution) for attribution in attributions]
    limit = float(np.abs(sums).max())
    shapes = [_shape(pieces, number) for number in range(len(pieces.paths))]
    return {
        "size": IMAGE_SIZE,
        "limit": f"{limit:.2g}",
        "figures": [
            {
                "about": about,
                "description": ", ".join(signed(value) for value in values),
                "pieces": [
                    shape | {"colour": "rgb({}, {}, {})".format(*mixed(value, limit, INK))}
                    for shape, value in zip(shapes, values, strict=True)
                ],
                "numbers": _numbers(pieces, values, limit),
            }
            for about, values in zip(abouts, sums, strict=True)
        ],
    }


def _shape(pieces: Pieces, number: int) -> dict[str, str]:
    """A piece as the lines that the pen drew, or else as an area of pixels; paths of an SVG."""
    if lines := pieces.paths[number]:
        step = 1 + sum(map(len, lines)) // MAX_POINTS
        shown = [np.concatenate([line[:-1:step], line[-1:]]) for line in lines]
        return {
            "line": "".join("M" + " ".join(f"{x:.2f} {y:.2f}" for x, y in line) for line in shown)
        }
    pixels = np.argwhere(pieces.owner == number).tolist()
    return {"area": "".join(f"M{column} {row}h1v1h-1z" for row, column in pixels)}


def _numbers(pieces: Pieces, values: np.ndarray, limit: float) -> list[dict[str, str]]:
    """The contributions that are large enough to be named, and where, for the template.

    The larger one is shown where two would overlap.
    """
    shown: list[dict[str, str]] = []
    taken: list[np.ndarray] = []
    for number in np.argsort(-np.abs(values), kind="stable").tolist():
        pixels = np.argwhere(pieces.owner == number)
        if abs(values[number]) < MIN_NUMBER * limit or not len(pixels):
            continue
        x, y = (pixels.mean(axis=0)[::-1] + 0.5).clip(WORD / 2, IMAGE_SIZE - WORD / 2)
        if all(abs(x - other_x) > WORD or abs(y - other_y) > LINE for other_x, other_y in taken):
            taken.append(np.array([x, y]))
            text = f"{values[number]:+.1f}".replace("-", "−")
            shown.append({"x": f"{x:.1f}", "y": f"{y:.1f}", "text": text})
    return shown


def _map(attribution: Attribution, image: np.ndarray, limit: float, about: str) -> dict[str, Any]:
    """An attribution as a picture over the image, for the template."""
    _, positive, negative = _terms(attribution, attribution.contributions)
    return {
        "image": png_url(signed_map(attribution.contributions, limit, image)),
        "about": about,
        "for": signed(positive),
        "against": signed(negative),
    }


def _terms(attribution: Attribution, contributions: np.ndarray) -> list[float]:
    """The logit of a blank image, and the sums of positive and negative contributions, rounded.

    The contributions are those of pixels or of pieces.
    """
    positive, negative = contributions.clip(min=0).sum(), contributions.clip(max=0).sum()
    return rounded((attribution.blank, float(positive), float(negative)), attribution.total)


def _rows(pieces: Pieces, columns: Sequence[Attribution]) -> list[dict[str, Any]]:
    """The terms of each logit, a column per attribution, for the template."""
    names = ("blank image", "positive pieces", "negative pieces")
    terms = zip(*(_terms(one, pieces.sums(one)) for one in columns), strict=True)
    rows: list[dict[str, Any]] = [
        {"name": name, "values": [signed(value) for value in values]}
        for name, values in zip(names, terms, strict=True)
    ]
    rows.append({"name": "sum", "values": [signed(one.total) for one in columns], "sum": True})
    rows.append({"name": "logit of the network", "values": [signed(one.logit) for one in columns]})
    return rows


def rounded(terms: Sequence[float], total: float) -> list[float]:
    """Terms rounded to two decimals so that they sum to the rounded `total`.

    The term of greatest magnitude is changed where they would not.
    """
    shown = [round(term, 2) for term in terms]
    greatest = max(range(len(shown)), key=lambda number: abs(shown[number]))
    shown[greatest] += round(total, 2) - sum(shown)
    return shown


def signed(value: float) -> str:
    """A number with its sign and two decimals."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def _error(columns: Sequence[Attribution]) -> str:
    """The greatest completeness error of the attributions, in percent."""
    error = max(one.completeness_error for one in columns)
    return f"{100 * error:.3f} %" if error >= MIN_ERROR_SHOWN else "less than 0.001 %"


def _counterfactual(
    change: Counterfactual | None,
    strokes: Strokes | None,
    image: np.ndarray,
    digit: int,
    prediction: Prediction,
) -> dict[str, Any]:
    """The counterfactual for `digit`, if one was found, for the template."""
    now = prediction.answer
    shown: dict[str, Any] = {
        "found": change is not None,
        "other": digit != now and (change is None or change.answer != digit),
        "patches": MAX_PATCHES,
    }
    if change is None:
        return shown
    return (
        shown
        | _before(change, strokes, image)
        | {
            "after": png_url(change.image),
            "removed": f"{100 * change.removed:.0f} %",
            "answer": "no digit" if change.answer is None else f"a {change.answer}",
            "digit": "?" if change.answer is None else change.answer,
            "by_strokes": bool(change.strokes),
            "by_pieces": change.pieces > 0,
            "several": len(change.strokes) > 1 or change.pieces > 1,
        }
    )


def _before(change: Counterfactual, strokes: Strokes | None, image: np.ndarray) -> dict[str, Any]:
    """The drawing or image with the removed ink marked, for the template."""
    if strokes is None or not change.strokes:
        return {"before": png_url(marked_map(image, change.image))}
    drawn = [points.round(1) for points in strokes]
    points = np.concatenate(drawn)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    margin = MARGIN * max(size.max(), 1)
    corner, extent = low - margin, size + 2 * margin
    return {
        "view": " ".join(f"{number:.1f}" for number in (*corner, *extent)),
        "pen": f"{max(extent) / 16:.2f}",
        "gap": f"{max(extent) / 9:.2f}",
        "strokes": [
            {
                "points": svg_points(stroke),
                "removed": number in change.strokes,
            }
            for number, stroke in enumerate(drawn)
        ],
    }
