"""Why a model answers as it does: which ink speaks for a digit, which against it, adding up."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from digitnet.classifier import Classifier, Prediction
from digitnet.drawing import Drawing, checked_strokes
from digitnet.explain.attribution import Attribution, attributions
from digitnet.explain.counterfactual import MAX_PATCHES, Change, find_counterfactual
from digitnet.ui.components.base import png_url
from digitnet.ui.components.maps import marked_map, signed_map

MARGIN = 0.1  # around a drawing, of its longest side
MIN_ERROR_SHOWN = 1e-5  # of the change; a smaller error of the account is rounding


def evidence(
    name: str,
    classifier: Classifier,
    subject: Drawing | np.ndarray,
    image: np.ndarray,
    digit: int | None = None,
) -> dict[str, Any]:
    """The template's data: why a model sees `digit` in `image`, or why not.

    Parameters
    ----------
    name : of the classifier, on the page
    classifier : whose answer is explained
    subject : what lies on the sketchpad: a drawing of one digit, or a test image
    image : what the model sees of it, float32 ``[28, 28]`` in 0..1
    digit : 0 to 9; the most probable one where it is None

    Raises
    ------
    ValueError : if one of them is something else.
    """
    (prediction,) = classifier.predict_images(image[None])
    likeliest, second = np.argsort(-prediction.probabilities, kind="stable")[:2].tolist()
    digit = likeliest if digit is None else digit
    rival = second if digit == likeliest else likeliest
    own, others = attributions(classifier, image, (digit, rival))
    compared = own - others
    limit = float(max(np.abs(own.shares).max(), np.abs(compared.shares).max()))
    return {
        "model": name,
        "refused": not prediction.is_digit,
        "said": likeliest,
        "percent": f"{100 * prediction.confidence:.1f} %",
        "digit": digit,
        "rival": rival,
        "not": digit != likeliest or not prediction.is_digit,
        "limit": f"{limit:.2g}",
        "maps": [
            _map(own, image, limit, f"a {digit}"),
            _map(compared, image, limit, f"a {digit} rather than a {rival}"),
        ],
        "heads": [f"{digit}", f"{rival}", f"{digit} rather than {rival}"],
        "rows": _rows([own, others, compared]),
        "error": _error([own, others, compared]),
        "temperature": f"{classifier.metadata.temperature:.2f}",
        "change": _changed(classifier, subject, image, digit, prediction),
    }


def _map(account: Attribution, image: np.ndarray, limit: float, about: str) -> dict[str, Any]:
    """An account as a picture over the drawing, for the template."""
    _, for_it, against = _terms(account)
    return {
        "image": png_url(signed_map(account.shares, limit, image)),
        "about": about,
        "for": signed(for_it),
        "against": signed(against),
    }


def _terms(account: Attribution) -> list[float]:
    """What adds up to the logit: a blank image's, the shares above 0 and those below, rounded."""
    for_it, against = account.shares.clip(min=0).sum(), account.shares.clip(max=0).sum()
    return rounded((account.blank, float(for_it), float(against)), account.total)


def _rows(columns: Sequence[Attribution]) -> list[dict[str, Any]]:
    """The sums that lead to the logits, a column each, for the template."""
    names = ("an empty image", "ink that speaks for it", "ink that speaks against it")
    terms = zip(*map(_terms, columns), strict=True)
    rows: list[dict[str, Any]] = [
        {"name": name, "values": [signed(value) for value in values]}
        for name, values in zip(names, terms, strict=True)
    ]
    rows.append({"name": "together", "values": [signed(one.total) for one in columns], "sum": True})
    rows.append({"name": "logit of the network", "values": [signed(one.logit) for one in columns]})
    return rows


def rounded(terms: Sequence[float], total: float) -> list[float]:
    """Terms to two decimals that sum to `total` to two decimals; the greatest takes the rest."""
    shown = [round(term, 2) for term in terms]
    greatest = max(range(len(shown)), key=lambda number: abs(shown[number]))
    shown[greatest] += round(total, 2) - sum(shown)
    return shown


def signed(value: float) -> str:
    """A number with its sign and two decimals."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def _error(columns: Sequence[Attribution]) -> str:
    """By how much the sums miss the logits at most, in percent of their change."""
    error = max(one.completeness_error for one in columns)
    return f"{100 * error:.3f} %" if error >= MIN_ERROR_SHOWN else "less than 0.001 %"


def _changed(
    classifier: Classifier,
    subject: Drawing | np.ndarray,
    image: np.ndarray,
    digit: int,
    prediction: Prediction,
) -> dict[str, Any]:
    """What would change the answer, for the template."""
    change = find_counterfactual(classifier, subject, digit)
    now = prediction.digit if prediction.is_digit else None
    shown: dict[str, Any] = {
        "found": change is not None,
        "missed": digit != now and (change is None or change.answer != digit),
        "patches": MAX_PATCHES,
    }
    if change is None:
        return shown
    return (
        shown
        | _before(change, subject, image)
        | {
            "after": png_url(change.image),
            "share": f"{100 * change.removed:.0f} %",
            "answer": "no digit" if change.answer is None else f"a {change.answer}",
            "digit": "?" if change.answer is None else change.answer,
            "by_strokes": bool(change.strokes),
            "several": len(change.strokes) > 1,
        }
    )


def _before(change: Change, subject: Drawing | np.ndarray, image: np.ndarray) -> dict[str, Any]:
    """What is there before, with what is taken away marked, for the template."""
    if isinstance(subject, np.ndarray) or not change.strokes:
        return {"before": png_url(marked_map(image, change.image))}
    strokes = [points.round(1) for points in checked_strokes(subject)]
    points = np.concatenate(strokes)
    low, size = points.min(axis=0), np.ptp(points, axis=0)
    margin = MARGIN * max(size.max(), 1)
    corner, extent = low - margin, size + 2 * margin
    return {
        "view": " ".join(f"{number:.1f}" for number in (*corner, *extent)),
        "pen": f"{max(extent) / 16:.2f}",
        "gap": f"{max(extent) / 9:.2f}",
        "strokes": [
            {
                # A line of no length would not be drawn at all; doubled, it is a dot.
                "points": " ".join(f"{x},{y}" for x, y in [*stroke.tolist(), stroke[-1].tolist()]),
                "gone": number in change.strokes,
            }
            for number, stroke in enumerate(strokes)
        ],
    }
