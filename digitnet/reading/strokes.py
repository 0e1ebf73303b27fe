"""A drawing's strokes as writing that can be cut, and strokes that hold several digits."""

from collections.abc import Sequence

import numpy as np

from digitnet.drawing import Strokes, images_of_strokes
from digitnet.reading.cutting import NARROW, DigitLikeness
from digitnet.reading.rows import box_of, turned
from digitnet.reading.writing import Piece, resampled

DOUBTFUL = 0.5  # what looks less like a digit than this may be several
PARTS = 20  # of equal length, between which a stroke may be split
MIN_PARTS = 4  # of a digit
CONNECTION = 3  # parts at most, of the line from one digit to the next
MAX_STROKES = 8  # of a drawing with more, none is split


class StrokeWriting:
    """A drawing's strokes, float64 ``[n, 2]`` each, in rows tilted by radians clockwise."""

    def __init__(self, strokes: Strokes, tilt: float):
        self.strokes, self.tilt = strokes, tilt

    def level(self, piece: Piece) -> np.ndarray:
        points = resampled([self.strokes[mark] for mark in piece.marks])
        return turned(np.concatenate(points), self.tilt)

    def spread(self, piece: Piece) -> np.ndarray:
        return self.level(piece)

    def images(self, pieces: Sequence[Piece]) -> np.ndarray:
        return images_of_strokes(
            [[turned(part, self.tilt) for part in self._cut(piece)] for piece in pieces]
        )

    def box(self, piece: Piece) -> tuple[float, float, float, float]:
        return box_of(np.concatenate(self._cut(piece)))

    def _cut(self, piece: Piece) -> Strokes:
        """The piece's strokes, cut where they leave it."""
        strokes = [self.strokes[mark] for mark in piece.marks]
        if piece.left == -np.inf and piece.right == np.inf:
            return strokes
        result = []
        for points in resampled(strokes):
            held = piece.holds(turned(points, self.tilt))
            ends = np.flatnonzero(np.diff(held)) + 1
            runs = zip(np.split(points, ends), np.split(held, ends), strict=True)
            result += [run for run, inside in runs if inside[0]]
        return result or [np.zeros((1, 2))]


def split_strokes(strokes: Strokes, likeness: DigitLikeness) -> Strokes:
    """Split each stroke that looks like several digits, written without lifting the pen.

    Parameters
    ----------
    strokes : of a drawing
    likeness : as in `digitnet.segmentation.segment_picture`
    """
    if len(strokes) > MAX_STROKES:
        return strokes
    return [part for stroke in strokes for part in _split(stroke, likeness)]


def _split(stroke: np.ndarray, likeness: DigitLikeness) -> Strokes:
    width, height = np.ptp(stroke, axis=0)
    if not width > NARROW * height or likeness(images_of_strokes([[stroke]]))[0] >= DOUBTFUL:
        return [stroke]
    (points,) = resampled([stroke])
    ends = np.linspace(0, len(points) - 1, PARTS + 1).astype(int)
    spans = [
        (start, end)
        for start in range(PARTS)
        for end in range(start + MIN_PARTS, PARTS + 1)
        if (start == 0 or start >= MIN_PARTS) and (end == PARTS or end <= PARTS - MIN_PARTS)
    ]
    parts = {span: points[ends[span[0]] : ends[span[1]] + 1] for span in spans}
    scores = likeness(images_of_strokes([[part] for part in parts.values()]))
    # The best way to write digits one after another up to each end, each right of the one before.
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {}
    for end in range(PARTS + 1):
        ways = []
        for (start, until), score in zip(spans, scores, strict=True):
            if until != end or score < DOUBTFUL:
                continue
            if start == 0:
                ways.append((np.log(score), [(start, until)]))
            for skipped in range(CONNECTION + 1):
                if start - skipped not in best:
                    continue
                total, before = best[start - skipped]
                if _is_right_of(parts[(start, until)], parts[before[-1]]):
                    ways.append((total + np.log(score), [*before, (start, until)]))
        if ways:
            best[end] = max(ways)
    _, found = best.get(PARTS, (0.0, []))
    return [parts[span] for span in found] or [stroke]


def _is_right_of(part: np.ndarray, other: np.ndarray) -> bool:
    """Whether more than half of the narrower one lies beyond the other."""
    shared = other[:, 0].max() - part[:, 0].min()
    return bool(shared < 0.5 * min(np.ptp(part[:, 0]), np.ptp(other[:, 0])))
