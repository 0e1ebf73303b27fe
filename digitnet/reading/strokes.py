"""A drawing's strokes as writing that can be cut."""

from collections.abc import Sequence

import numpy as np

from digitnet.drawing import Strokes, images_of_strokes
from digitnet.reading.rows import box_of, turned
from digitnet.reading.writing import Piece, resampled


class StrokeWriting:
    """A drawing's strokes, float64 ``[n, 2]`` each, in rows tilted by radians clockwise."""

    def __init__(self, strokes: Strokes, tilt: float):
        self.strokes, self.tilt = strokes, tilt

    def level(self, piece: Piece) -> np.ndarray:
        points = resampled([self.strokes[mark] for mark in piece.marks])
        return turned(np.concatenate(points), self.tilt)

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
