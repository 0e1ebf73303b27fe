"""Files of labelled drawings: JSON lines, as the page saves them and the data sets have them."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

from digitnet.drawing import Strokes, parse_drawing
from digitnet.models import CLASSES


def read_drawings(path: Path) -> Iterator[tuple[Strokes, int]]:
    """Parsed drawings and labels of a file with one ``{"label": 7, "strokes": [...]}`` a line.

    Raises
    ------
    ValueError : if the file is missing, empty, or a line is not of that form.
    """
    line_number = 0  # of the line being read
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                line_number += 1
                yield parse_line(line)
    except (OSError, EOFError, UnicodeError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}).") from None
    except ValueError as error:
        raise ValueError(f"{path}, line {line_number}: {error}") from None
    if line_number == 0:
        raise ValueError(f"{path} holds no drawings.")


def parse_line(line: str) -> tuple[Strokes, int]:
    """The drawing and label of one line; ValueError if it does not hold them."""
    try:
        entry = json.loads(line)
        label, drawing = entry["label"], entry["strokes"]
    except (ValueError, KeyError, TypeError, RecursionError):
        label = drawing = None
    if type(label) is not int or not 0 <= label < CLASSES:
        raise ValueError('This is not of the form {"label": 7, "strokes": [...]}.')
    return parse_drawing(drawing), label
