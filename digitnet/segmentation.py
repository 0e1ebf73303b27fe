"""Several digits in one picture or drawing: each is found, from left to right.

A part is a stroke of a drawing, or a connected component of a picture's ink. A digit has one or
more parts, such as a 5 and its bar. Parts are grouped into digits by their positions, on the
assumption that digits stand side by side and are about equally tall.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
import torch
from PIL import Image

from digitnet.classifier import Classifier, Prediction
from digitnet.drawing import Strokes, fit_ink, images_of_strokes
from digitnet.pictures import EDGE, Ink, Picture, ink_of
from digitnet.rendering import centre_by_mass

MAX_DIGITS = 32
MAX_PARTS = 500  # a page of print has more
SPACING = 0.02  # heights
MAX_POINTS = 2000  # of all parts, about, between which distances are measured

# Lengths below are in heights of a digit.
SHORT = 0.45  # a part shorter than this is not a digit, but the bar or flag of one
FAR = 0.5  # such a part does not belong to a digit farther away than this
MARK = 0.3  # a group shorter than this is a stray mark
TOUCHING = 0.05  # strokes closer than this belong to one digit, whatever the width of the pen
SLOPE = 0.2
GAP = 0.3  # between parts of one digit, one above the other
LEVEL_VARIANCE = 2.0  # of the row's unevenness to that of its slope, squared heights


@dataclass(frozen=True, eq=False)
class DetectedDigit:
    """A digit in a picture or a drawing.

    Attributes
    ----------
    box : x and y of the top left corner, width and height; in pixels of the picture, turned as its
        EXIF data says, or in the drawing's own unit
    image : float32 ``[28, 28]`` in 0..1, what the models see of it, the row's tilt taken out
    """

    box: tuple[float, float, float, float]
    image: np.ndarray


def segment_picture(picture: Picture) -> list[DetectedDigit]:
    """The digits of a picture that shows one row of them, from left to right; none if it is blank.

    Raises
    ------
    ValueError : if the picture cannot be read, is too large, or shows too many marks.
    """
    ink = ink_of(picture)
    if ink.count > MAX_PARTS:
        raise ValueError(f"The picture shows {ink.count:,} marks; show one row of digits only.")
    groups, tilt = _arranged(_outlines(ink), 0)
    slices = scipy.ndimage.find_objects(ink.parts)
    found = []
    for group in groups:
        box = _union([slices[part] for part in group])
        strength = Image.fromarray(_cut_out(ink, [part + 1 for part in group], box))
        upright = strength.rotate(np.rad2deg(tilt), Image.Resampling.BILINEAR, expand=True)
        image = centre_by_mass(fit_ink(np.asarray(upright))[None])[0].numpy()
        across, down = ink.scale
        rows, columns = box
        found.append(
            DetectedDigit(
                (
                    columns.start * across,
                    rows.start * down,
                    (columns.stop - columns.start) * across,
                    (rows.stop - rows.start) * down,
                ),
                image,
            )
        )
    return found


@dataclass(frozen=True, eq=False)
class DrawnRow:
    """The strokes of a drawing, grouped into the digits of one row.

    Attributes
    ----------
    digits : the strokes of each digit, from left to right
    tilt : of the row, radians clockwise
    """

    digits: list[Strokes]
    tilt: float

    def detect(self) -> list[DetectedDigit]:
        """Each digit's box and image."""
        upright = [[_turned(stroke, self.tilt) for stroke in digit] for digit in self.digits]
        return [
            DetectedDigit(_box_of(np.concatenate(digit)), image)
            for digit, image in zip(self.digits, images_of_strokes(upright), strict=True)
        ]


def group_strokes(strokes: Strokes) -> DrawnRow:
    """Group the strokes of a drawing that shows one row of digits.

    Raises
    ------
    ValueError : if there are more than `MAX_PARTS` strokes or `MAX_DIGITS` digits.
    """
    if len(strokes) > MAX_PARTS:
        raise ValueError(f"The drawing has {len(strokes):,} strokes; draw one row of digits only.")
    if len(strokes) < 2:
        return DrawnRow([strokes] if strokes else [], 0.0)
    unit = max(np.abs(points).max() for points in strokes) or 1  # against overflow
    groups, tilt = _arranged(_resampled([points / unit for points in strokes]), TOUCHING)
    return DrawnRow([[strokes[number] for number in group] for group in groups], tilt)


def segment_drawing(strokes: Strokes) -> list[DetectedDigit]:
    """The digits of a drawing that shows one row of them, from left to right; none if it is blank.

    Raises
    ------
    ValueError : if there are more than `MAX_PARTS` strokes or `MAX_DIGITS` digits.
    """
    return group_strokes(strokes).detect()


def read_number(classifier: Classifier, found: Sequence[DetectedDigit]) -> list[Prediction]:
    """The predictions of all digits found, in one forward pass."""
    return classifier.predict_images(np.stack([digit.image for digit in found])) if found else []


# ---- rows of digits ---------------------------------------------------------------------------


def _arranged(parts: list[np.ndarray], touching: float) -> tuple[list[list[int]], float]:
    """Group parts into digits, from left to right, and estimate the row's tilt, radians clockwise.

    Parameters
    ----------
    parts : float64 ``[n, 2]`` each, closely spaced points along the ink
    touching : parts closer than this, in heights of a digit, belong to one digit

    Returns
    -------
    groups : the indices of the parts of each digit
    tilt : radians clockwise
    """
    if not parts:
        return [], 0.0
    # Digits are separated better in a level row.
    apart = _distances(parts)
    tilt = _tilt_of(parts, _grouped(parts, apart, touching))
    level = [_turned(points, tilt) for points in parts]
    groups = _grouped(level, apart, touching)
    if len(groups) > MAX_DIGITS:
        raise ValueError(
            f"There may be {len(groups)} digits there; show at most {MAX_DIGITS} in a row."
        )
    boxes = [_box_of(np.concatenate([level[part] for part in group])) for group in groups]
    order = sorted(range(len(groups)), key=lambda group: boxes[group][0] + boxes[group][2] / 2)
    return [groups[group] for group in order], tilt


def _grouped(parts: list[np.ndarray], apart: np.ndarray, touching: float) -> list[list[int]]:
    """The indices of the parts of each digit, in arbitrary order."""
    low = np.array([points.min(axis=0) for points in parts])  # [n, 2]
    high = np.array([points.max(axis=0) for points in parts])
    sizes = high - low
    height = _usual_height(sizes, [len(points) for points in parts])
    if height == 0:
        return [list(range(len(parts)))]
    apart = apart / height
    # Of each two parts, relative to the smaller: how far they share columns, how far rows.
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    shared /= np.maximum(np.minimum(sizes[:, None], sizes), 0.05 * height)
    columns, rows = shared[..., 0], shared[..., 1]
    uneven = np.abs(high[:, None, 1] - high[:, 1]) / height
    together = apart < touching + SLOPE * uneven
    # One above the other, or one within the other.
    together |= (apart < GAP) & (columns > 0.5) & ((rows < 0.3) | (columns > 0.8))

    tall = np.maximum(sizes[:, 1], sizes[:, 0] / 2) >= SHORT * height
    to_tall = np.where(tall, apart - 0.3 * columns.clip(0, 1), np.inf)
    nearest = to_tall.argmin(axis=1)
    alone = tall | (apart[np.arange(len(parts)), nearest] >= FAR)
    together &= alone[:, None] & alone
    short = np.flatnonzero(~alone)
    together[short, nearest[short]] = True
    count, labels = scipy.sparse.csgraph.connected_components(together, directed=False)
    groups = [np.flatnonzero(labels == label).tolist() for label in range(count)]
    marks = [high[group, 1].max() - low[group, 1].min() < MARK * height for group in groups]
    return [group for group, mark in zip(groups, marks, strict=True) if not mark] or groups


def _usual_height(sizes: np.ndarray, lengths: list[int]) -> float:
    """The median height, by `lengths` of ink, of parts with `sizes` ``[n, 2]``."""
    heights = np.maximum(sizes[:, 1], sizes[:, 0] / 2)  # so that a dash has one
    order = np.argsort(heights)
    half = np.searchsorted(np.cumsum(np.array(lengths)[order]), sum(lengths) / 2)
    return float(heights[order[half]])


def _distances(parts: list[np.ndarray]) -> np.ndarray:
    """Distances between the nearest points of each two parts: ``[n, n]``."""
    tensors = [torch.from_numpy(part) for part in parts]
    points = torch.cat(tensors)
    starts = np.cumsum([0] + [len(part) for part in parts[:-1]])
    # One part at a time, as the distances between all points need too much memory.
    nearest = torch.stack([torch.cdist(part, points).amin(0) for part in tensors]).numpy()
    return np.minimum.reduceat(nearest, starts, axis=1)


def _tilt_of(parts: list[np.ndarray], groups: list[list[int]]) -> float:
    """The slope of the row through the digits' middles, radians clockwise.

    Ridge regression, as few digits determine a slope badly, and most rows are nearly level.
    """
    boxes = [_box_of(np.concatenate([parts[part] for part in group])) for group in groups]
    x, y, width, height = np.array(boxes).T
    across, down = x + width / 2, y + height / 2
    across, down = across - across.mean(), down - down.mean()
    ridge = LEVEL_VARIANCE * np.median(height) ** 2
    return float(np.arctan2((across * down).sum(), np.square(across).sum() + ridge))


def _box_of(points: np.ndarray) -> tuple[float, float, float, float]:
    """x, y, width and height of the box around points ``[n, 2]``."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (*low.tolist(), *(high - low).tolist())


def _turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Points ``[n, 2]`` turned by `angle`, radians anticlockwise on a page with y down."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points) @ np.array([[cos, -sin], [sin, cos]])


# ---- parts ------------------------------------------------------------------------------------


def _resampled(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """Closely spaced points along the strokes, about `MAX_POINTS` in total."""
    along = [
        np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))]) for points in strokes
    ]
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


def _union(slices: list[tuple[slice, slice]]) -> tuple[slice, slice]:
    """The rows and columns of the box around boxes."""
    rows, columns = (
        slice(min(side.start for side in sides), max(side.stop for side in sides))
        for sides in zip(*slices, strict=True)
    )
    return rows, columns


def _cut_out(ink: Ink, labels: list[int], box: tuple[slice, slice]) -> np.ndarray:
    """The ink of some parts, without that of their neighbours: float32 ``[h, w]``."""
    rows, columns = (slice(max(0, side.start - EDGE), side.stop + EDGE) for side in box)
    parts = ink.parts[rows, columns]
    own = np.isin(parts, labels)
    near = scipy.ndimage.maximum_filter(own, 2 * EDGE + 1) & (own | (parts == 0))
    return np.where(near, ink.strength[rows, columns], 0)
