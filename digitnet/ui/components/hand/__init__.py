"""A test of the visitor's own handwriting: twenty digits, read by every model in the browser.

Its value is the list of drawings, ``{"label": 7, "strokes": [...]}``, as a line of a file of
drawings has it. The event ``change`` is triggered when there is one more or less.
"""

from typing import Any

from digitnet.drawing import Strokes, parse_drawing
from digitnet.models import CLASSES
from digitnet.training.settings import MAX_TAUGHT


def labelled_drawings(payload: Any) -> tuple[list[Strokes], list[int]]:
    """The drawings and their labels of the value that a browser sent.

    Raises
    ------
    ValueError : with a sentence for the visitor, if it is something else, or a drawing is blank.
    """
    if not isinstance(payload, list) or len(payload) > MAX_TAUGHT:
        raise ValueError(f"Write at most {MAX_TAUGHT:,} digits.")
    drawings, labels = [], []
    for entry in payload:
        label = entry.get("label") if isinstance(entry, dict) else None
        if type(label) is not int or not 0 <= label < CLASSES:
            raise ValueError("Each drawing needs the digit that it is.")
        strokes = parse_drawing(entry.get("strokes"))
        if not strokes:
            raise ValueError(f"One of the drawings of a {label} is only a dot; write it again.")
        drawings.append(strokes)
        labels.append(label)
    return drawings, labels
