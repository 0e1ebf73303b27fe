"""The one digit that a picture shows, whatever else is in it."""

import numpy as np

from digitnet.models import IMAGE_SIZE
from digitnet.pictures import Picture
from digitnet.reading.ink import ink_of
from digitnet.reading.rows import arranged, box_of
from digitnet.reading.writing import NEARLY_TOUCHING, InkWriting, Piece

CROPPED = 2 * IMAGE_SIZE  # pixels; so small a picture shows the digit and nothing else
MAX_MARKS_TRIED = 30  # of a picture that shows one digit, the largest ones


def main_image(picture: Picture) -> np.ndarray:
    """What the models see of the one digit that a picture is of, float32 ``[28, 28]``.

    That is the largest thing that looks like writing, with what nearly touches it; all ink of a
    picture of at most `CROPPED` pixels; zeros where the picture is blank.
    """
    writing = InkWriting(ink_of(picture))
    if not writing.marks:
        return np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    if max(writing.ink.strength.shape) <= CROPPED:
        return writing.images([Piece(tuple(range(len(writing.marks))))])[0]
    sizes = np.array([np.ptp(points, axis=0).max() for points in writing.marks])
    chosen = np.argsort(-sizes, kind="stable")[:MAX_MARKS_TRIED]
    groups, _ = arranged([writing.marks[mark] for mark in chosen], NEARLY_TOUCHING)
    pieces = [Piece(tuple(chosen[list(group.marks)].tolist())) for group in groups]
    boxes = np.array([box_of(writing.level(piece)) for piece in pieces])
    main = boxes[:, 2:].max(axis=1).argmax()
    # A stroke that the pen or the picture broke lies nearly where it did.
    x, y, width, height = boxes[main]
    gaps = np.maximum(boxes[:, 0] - x - width, x - boxes[:, 0] - boxes[:, 2])
    gaps = np.maximum(gaps, np.maximum(boxes[:, 1] - y - height, y - boxes[:, 1] - boxes[:, 3]))
    near = np.flatnonzero(gaps < NEARLY_TOUCHING * max(width, height))
    marks = sorted({mark for number in near for mark in pieces[number].marks})
    return writing.images([Piece(tuple(marks))])[0]
