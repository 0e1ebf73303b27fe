"""Which marks belong to one digit, in a row of digits.

A mark is a stroke of a drawing, or a connected patch of a picture's ink. A digit has one mark or
several, such as a 5 and its bar; which belong together is told by where they lie, for digits stand
beside each other, each about as tall as its neighbours.
"""

from dataclasses import dataclass

import numpy as np
import scipy
import torch

MAX_DIGITS = 32

# All lengths below are in heights of a digit.
SHORT = 0.45  # a part shorter than this is no digit, but a bar or a flag of one
FAR = 0.5  # it belongs to no digit that is farther from it than this
MARK = 0.35  # what is smaller than this, and belongs to no digit, is a sign
BESIDE = 0.08  # a gap at least so wide is between a digit and a sign
MIN_SIGN = 0.2  # what is smaller, and neither dot nor dash, is a smudge
NEIGHBOUR = 1.2  # what is small, and farther from digits than this, is a smudge
TOUCHING = 0.05  # lines nearer than this belong together, whatever their pen
SLOPE = 0.2
GAP = 0.3  # between parts of one digit, one above the other
LEVEL_VARIANCE = 2.0  # of the row's unevenness to that of its slope, squared heights


@dataclass(frozen=True)
class Group:
    """Marks that are one digit, or one sign.

    Attributes
    ----------
    marks : which ones
    row : 0 for the topmost row
    sign : "-", ".", ":" or "?" where it is too small for a digit beside digits, else ""
    """

    marks: tuple[int, ...]
    row: int = 0
    sign: str = ""


def arranged(marks: list[np.ndarray], touching: float) -> tuple[list[Group], float]:
    """What belongs together, row by row and from left to right, and the rows' tilt.

    Parameters
    ----------
    marks : points float64 ``[n, 2]`` each, which lie near to each other along ink
    touching : lines nearer than this belong together

    Returns
    -------
    The groups, and radians clockwise.

    Raises
    ------
    ValueError : if there are more than `MAX_DIGITS`.
    """
    if not marks:
        return [], 0.0
    # Upright, digits are told apart better.
    apart = _distances(marks)
    groups = _grouped(marks, apart, touching)
    boxes = _boxes(marks, groups)
    tilt = _tilt_of(_lined_up(boxes), boxes)
    level = [turned(points, tilt) for points in marks]
    groups = _grouped(level, apart, touching)
    boxes = _boxes(level, groups)
    sizes = np.maximum(boxes[:, 3], boxes[:, 2] / 2)
    height = _usual_height(boxes[:, 2:], [sum(len(level[m]) for m in group) for group in groups])
    tall = sizes >= MARK * height
    if tall.sum() > MAX_DIGITS:
        raise ValueError(
            f"There may be {tall.sum()} digits there; show at most {MAX_DIGITS} in a row."
        )
    rows = np.zeros(len(groups), int)
    rows[tall] = _lined_up(boxes[tall])
    found = []
    for number, group in enumerate(groups):
        if tall[number]:
            found.append((rows[number], boxes[number], Group(tuple(group), int(rows[number]))))
    signs = _signs([g for g, t in zip(groups, tall, strict=True) if not t], boxes, tall, rows)
    found += signs
    found.sort(key=lambda one: (one[0], one[1][0] + one[1][2] / 2))
    return [group for _, _, group in found], tilt


def _grouped(parts: list[np.ndarray], apart: np.ndarray, touching: float) -> list[list[int]]:
    """The marks of each digit or sign, in no order."""
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
    every = np.arange(len(parts))
    # Beside a digit, in the middle of its height or at its foot, stand signs.
    middles = (low[:, 1] + high[:, 1]) / 2
    depth = (middles - low[nearest, 1]) / np.maximum(sizes[nearest, 1], 1e-9)
    beside = (columns[every, nearest] < 0.2) & (apart[every, nearest] > BESIDE) & (depth > 0.3)
    alone = tall | (apart[every, nearest] >= FAR) | beside
    colons = _are_colons(low, high, height) & (columns[every, nearest] < 0.2)
    alone |= colons
    mergeable = alone & ~colons
    together &= mergeable[:, None] & mergeable
    short = np.flatnonzero(~alone)
    together[short, nearest[short]] = True
    count, labels = scipy.sparse.csgraph.connected_components(together, directed=False)
    return [np.flatnonzero(labels == label).tolist() for label in range(count)]


def _are_colons(low: np.ndarray, high: np.ndarray, height: float) -> np.ndarray:
    """Which marks are dots that have another one straight above or below: bool ``[n]``.

    Parameters
    ----------
    low, high : the corners of each mark, ``[n, 2]``
    height : of a digit
    """
    size = (high - low).max(axis=1)
    across, down = np.abs((low + high)[:, None] - (low + high)).transpose(2, 0, 1) / 2
    larger = np.maximum(np.maximum(size[:, None], size), 0.05 * height)
    paired = (across < 1.2 * larger) & (down > 0.2 * height) & (down < height)
    is_dot = size < MIN_SIGN * height
    return is_dot & (paired & is_dot).any(axis=1)


def _lined_up(boxes: np.ndarray) -> np.ndarray:
    """The row of each of the boxes ``[n, 4]``, from the topmost, int ``[n]``."""
    top, bottom = boxes[:, 1], boxes[:, 1] + boxes[:, 3]
    shared = np.minimum(bottom[:, None], bottom) - np.maximum(top[:, None], top)
    smaller = np.maximum(np.minimum(boxes[:, None, 3], boxes[:, 3]), 1e-9)
    _, labels = scipy.sparse.csgraph.connected_components(shared > 0.3 * smaller, directed=False)
    order = np.argsort([top[labels == label].mean() for label in range(labels.max() + 1)])
    return np.argsort(order)[labels]


def _signs(
    groups: list[list[int]], boxes: np.ndarray, tall: np.ndarray, rows: np.ndarray
) -> list[tuple[int, np.ndarray, Group]]:
    """The small groups that stand beside digits, as signs, with their rows and boxes."""
    digits, found = boxes[tall], []
    for group, box in zip(groups, boxes[~tall], strict=True):
        x, y = box[:2] + box[2:] / 2
        height = np.maximum(digits[:, 3], digits[:, 2] / 2)
        outside = np.maximum(digits[:, 0] - x, x - digits[:, 0] - digits[:, 2]).clip(0)
        depth = (y - digits[:, 1]) / np.maximum(digits[:, 3], 1e-9)  # 0 at the top, 1 at the foot
        reachable = (outside < NEIGHBOUR * height) & (depth > -0.1) & (depth < 1.25)
        if not reachable.any():
            continue  # a smudge
        digit = np.where(reachable, outside, np.inf).argmin()
        width, tallness = box[2] / height[digit], box[3] / height[digit]
        if width > 1.5 * tallness and width > 0.15 and 0.2 < depth[digit] < 0.8:
            sign = "-"
        elif max(width, tallness) < MARK and depth[digit] > 0.7:
            sign = "."
        else:
            sign = "?" if max(width, tallness) > MIN_SIGN else ""  # a smudge, or a colon's dot
        found.append(
            [int(rows[tall][digit]), box, Group(tuple(group), int(rows[tall][digit]), sign)]
        )
    return _with_colons(found)


def _with_colons(signs: list) -> list[tuple[int, np.ndarray, Group]]:
    """Two dots, one above the other, are a colon; without smudges."""
    result: list[tuple[int, np.ndarray, Group]] = []
    for row, box, group in sorted(signs, key=lambda one: (one[0], one[1][0])):
        if result and "-" not in group.sign + result[-1][2].sign:
            last_row, last, other = result[-1]
            width = max(box[2], last[2], box[3], last[3])
            near = abs(last[0] + last[2] / 2 - box[0] - box[2] / 2) < 1.2 * width
            if last_row == row and near and "." in group.sign + other.sign:
                low = np.minimum(box[:2], last[:2])
                high = np.maximum(box[:2] + box[2:], last[:2] + last[2:])
                both = Group(other.marks + group.marks, row, ":")
                result[-1] = (row, np.concatenate([low, high - low]), both)
                continue
        result.append((row, box, group))
    return [one for one in result if one[2].sign]


def _boxes(marks: list[np.ndarray], groups: list[list[int]]) -> np.ndarray:
    """The boxes of groups, ``[n, 4]``: x, y, width, height."""
    return np.array([box_of(np.concatenate([marks[mark] for mark in group])) for group in groups])


def _usual_height(sizes: np.ndarray, lengths: list[int]) -> float:
    """The median height, by `lengths` of ink, of parts with `sizes` ``[n, 2]``."""
    heights = np.maximum(sizes[:, 1], sizes[:, 0] / 2)  # so that a dash has one
    order = np.argsort(heights)
    half = np.searchsorted(np.cumsum(np.array(lengths)[order]), sum(lengths) / 2)
    return float(heights[order[half]])


def _distances(parts: list[np.ndarray]) -> np.ndarray:
    """``[n, n]``: between the nearest points of each two parts."""
    points = np.concatenate(parts)
    starts = np.cumsum([0] + [len(part) for part in parts[:-1]])
    places = torch.from_numpy(points.astype(np.float32))
    # Not by a product of matrices, which loses the digits that tell near places apart.
    mode = "donot_use_mm_for_euclid_dist"
    between = torch.cdist(places, places, compute_mode=mode).numpy()
    nearest = np.minimum.reduceat(between, starts, axis=1)
    return np.minimum.reduceat(nearest, starts, axis=0)


def _tilt_of(rows: np.ndarray, boxes: np.ndarray) -> float:
    """The slope of the rows through the middles of boxes ``[n, 4]``, radians clockwise.

    Ridge regression: few digits tell little of the slope, and most rows are nearly level.
    """
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    means = np.array([middles[rows == row].mean(axis=0) for row in range(rows.max() + 1)])
    across, down = (middles - means[rows]).T
    ridge = LEVEL_VARIANCE * np.median(boxes[:, 3]) ** 2
    return float(np.arctan2((across * down).sum(), np.square(across).sum() + ridge))


def box_of(points: np.ndarray) -> tuple[float, float, float, float]:
    """x, y, width and height of the box around points ``[n, 2]``."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (*low.tolist(), *(high - low).tolist())


def turned(points: np.ndarray, angle: float) -> np.ndarray:
    """Points ``[n, 2]`` turned by `angle`, radians anticlockwise on a page with y down."""
    cos, sin = np.cos(angle), np.sin(angle)
    return np.asarray(points) @ np.array([[cos, -sin], [sin, cos]])
