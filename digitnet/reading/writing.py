"""Writing of which pieces can be looked at as the models see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy
from PIL import Image

from digitnet.models import IMAGE_SIZE
from digitnet.reading.ink import Ink
from digitnet.reading.marks import EDGE
from digitnet.reading.redrawing import fit_ink
from digitnet.reading.rows import turned
from digitnet.rendering import centre_by_mass, length_along

SPACING = 0.02  # heights
NEARLY_TOUCHING = 0.05  # heights; a stroke that the paper broke has such gaps
MAX_POINTS = 2000  # of all marks, about, between which distances are measured


@dataclass(frozen=True)
class Piece:
    """Some marks, or what of them lies between two parallel lines.

    Attributes
    ----------
    marks : which ones
    left, right : the lines: where ``x - slant * y`` has these values, the rows' tilt taken out
    slant : columns to a row
    """

    marks: tuple[int, ...]
    left: float = -np.inf
    right: float = np.inf
    slant: float = 0.0

    def holds(self, points: np.ndarray) -> np.ndarray:
        """Which points ``[..., 2]`` lie between the lines, bool ``[...]``."""
        along = points[..., 0] - self.slant * points[..., 1]
        return (along >= self.left) & (along < self.right)


class Writing(Protocol):
    """What `digitnet.segmentation` cuts and joins."""

    def level(self, piece: Piece) -> np.ndarray:
        """Points along all marks of a piece, the rows' tilt taken out, ``[n, 2]``."""

    def spread(self, piece: Piece) -> np.ndarray:
        """Points spread over the ink of all marks of a piece, the tilt taken out, ``[n, 2]``."""

    def images(self, pieces: Sequence[Piece]) -> np.ndarray:
        """What the models see of pieces, float32 ``[N, 28, 28]``."""

    def box(self, piece: Piece) -> tuple[float, float, float, float]:
        """x, y, width and height of a piece, as it lies."""


class InkWriting:
    """A picture's ink; `tilt` in radians clockwise is to be set once it is known."""

    def __init__(self, ink: Ink):
        self.ink, self.tilt = ink, 0.0
        self.marks = _outlines(ink)
        self.slices = scipy.ndimage.find_objects(ink.parts)

    def level(self, piece: Piece) -> np.ndarray:
        return turned(np.concatenate([self.marks[mark] for mark in piece.marks]), self.tilt)

    def spread(self, piece: Piece) -> np.ndarray:
        strength, corner = self._cut(Piece(piece.marks))
        rows, columns = np.nonzero(strength)
        step = 1 + len(rows) // MAX_POINTS
        points = np.stack([columns, rows], axis=1)[::step] + np.array(corner[::-1])
        return turned(points, self.tilt)

    def images(self, pieces: Sequence[Piece]) -> np.ndarray:
        images = np.zeros((len(pieces), IMAGE_SIZE, IMAGE_SIZE), np.float32)
        for number, piece in enumerate(pieces):
            strength = Image.fromarray(self._cut(piece)[0])
            upright = strength.rotate(np.rad2deg(self.tilt), Image.Resampling.BILINEAR, expand=True)
            images[number] = centre_by_mass(fit_ink(np.asarray(upright))[None])[0].numpy()
        return images

    def box(self, piece: Piece) -> tuple[float, float, float, float]:
        strength, (top, left) = self._cut(piece)
        own = scipy.ndimage.find_objects(strength > 0, 1)[0]
        rows, columns = own
        inset = EDGE if rows.stop - rows.start > 3 * EDGE else 0
        across, down = self.ink.scale
        return (
            (left + columns.start + inset) * across,
            (top + rows.start + inset) * down,
            (columns.stop - columns.start - 2 * inset) * across,
            (rows.stop - rows.start - 2 * inset) * down,
        )

    def _cut(self, piece: Piece) -> tuple[np.ndarray, tuple[int, int]]:
        """The ink of a piece, float32 ``[h, w]``, without its neighbours; its row and column."""
        sides = zip(*[self.slices[mark] for mark in piece.marks], strict=True)
        rows, columns = (
            slice(max(0, min(s.start for s in side) - EDGE), max(s.stop for s in side) + EDGE)
            for side in sides
        )
        parts = self.ink.parts[rows, columns]
        own = np.isin(parts, [mark + 1 for mark in piece.marks])
        if np.isfinite([piece.left, piece.right]).any():
            places = np.stack(np.meshgrid(*map(np.arange, parts.shape[::-1])), axis=2)
            places = places + np.array([columns.start, rows.start])
            own &= piece.holds(turned(places, self.tilt))
        near = scipy.ndimage.maximum_filter(own, 2 * EDGE + 1) & (own | (parts == 0))
        return np.where(near, self.ink.strength[rows, columns], 0), (rows.start, columns.start)


def resampled(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Points near to each other along the strokes, `MAX_POINTS` in all, about."""
    along = [length_along(points) for points in strokes]
    height = max(np.ptp(points, axis=0).max() for points in strokes)
    spacing = max(SPACING * height, sum(lengths[-1] for lengths in along) / MAX_POINTS)
    result = []
    for points, lengths in zip(strokes, along, strict=True):
        if lengths[-1] == 0:
            result.append(points[:1])
            continue
        places = np.linspace(0, lengths[-1], 2 + int(lengths[-1] / spacing))
        result.append(np.stack([np.interp(places, lengths, axis) for axis in points.T], axis=1))
    return result


def _outlines(ink: Ink) -> list[np.ndarray]:
    """Points on the outline of each part, `MAX_POINTS` in all, about; in pixels of the ink."""
    outline = (ink.parts > 0) & (scipy.ndimage.minimum_filter(ink.parts, 3) != ink.parts)
    rows, columns = np.nonzero(outline)
    step = 1 + len(rows) // MAX_POINTS
    points = np.stack([columns, rows], axis=1).astype(float)
    order = np.argsort(ink.parts[rows, columns], kind="stable")
    ends = np.cumsum(np.bincount(ink.parts[rows, columns], minlength=ink.count + 1))[1:-1]
    return [part[::step] for part in np.split(points[order], ends)] if ink.count else []
