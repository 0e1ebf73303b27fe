"""The paper's own lines: rulings and grids, each found on its own and taken out.

Lines are found as ridges that run straight through the picture: the darkness is summed along
straight lines of all slopes near the best one (a discrete Radon transform), so that each line has
its own slope, as perspective gives it. They are removed as staff lines are from scanned music (C.
Dalitz et al., "A Comparative Study of Staff Removal Algorithms", 2008): along a line, what is not
darker or wider than the line itself goes, and where more is seen, a stroke crosses and stays whole.
"""

from dataclasses import dataclass

import numpy as np
import scipy

BLOCK = 8  # pixels along a line that are averaged
MAX_TILT = 13.0  # degrees, of the paper
PERSPECTIVE = 6.0  # degrees, by which lines differ from the common slope
SLOPE_ERROR = 0.4  # degrees, with which a line's slope is found
MAX_CLEAR_LINES = 40  # lines, by which the common perspective is found
MAX_LINES = 300  # lines in either direction
STEP = 0.2  # degrees, between slopes tried
COVERED = 0.65  # of a line's length in the picture that it must be seen on
SHORTEST = 12  # of the picture's width, the part that a line crosses at least
MAX_LINE_WIDTH = 1 / 100  # of the longest side
CURVE = 2  # pixels by which a line may leave the straight one
MORE = 1.45  # times a line's own darkness: a stroke crosses there
MIN_DARKNESS = 0.02  # of the paper's brightness, by which a line is darker
VISIBLE = 2.5  # standard deviations of the paper's texture, averaged over a block


def lines_in(ink: np.ndarray, noise: float) -> np.ndarray:
    """Where lines run across the paper, near to level or upright, and no stroke crosses them.

    Parameters
    ----------
    ink : float32 ``[H, W]``, darkness against the paper, about 0 on paper
    noise : the standard deviation of the paper's texture

    Returns
    -------
    bool ``[H, W]``
    """
    level, upright = _lines_of(ink, noise), _lines_of(ink.T, noise)
    only_lines = _only_line(ink, level, upright, noise)
    return only_lines | _only_line(ink.T, upright, level, noise).T


@dataclass(frozen=True)
class _Lines:
    """Lines that are near to level.

    Attributes
    ----------
    rows : float ``[lines, W]``, where each of them runs
    reach : int ``[lines]``, how many rows each covers to either side of its middle, that included
    strength : float ``[lines]``, how dark they are
    """

    rows: np.ndarray
    reach: np.ndarray
    strength: np.ndarray


def _lines_of(ink: np.ndarray, noise: float) -> _Lines:
    height, width = ink.shape
    count = width // BLOCK
    if count < 8 or height < 32:
        return _Lines(np.zeros((0, width)), np.zeros(0, int), np.zeros(0))
    blocks = ink[:, : count * BLOCK].reshape(height, count, BLOCK).mean(axis=2)
    lines = _straight_lines(blocks, noise)
    thickest = max(3, round(MAX_LINE_WIDTH * max(ink.shape)))
    along, _ = _sampled(blocks, lines, np.arange(-thickest, thickest + 1))
    profile = np.median(along, axis=2)  # [lines, offsets]
    peak = profile[:, thickest - 1 : thickest + 2].max(axis=1)
    wide = profile > np.maximum(0.25 * peak, 0.2 * noise)[:, None]
    reach = np.maximum.reduce(
        [np.cumprod(wide[:, thickest::side], axis=1).sum(axis=1) for side in (1, -1)]
    ).clip(1)
    narrow = reach < thickest
    places = (np.arange(count) + 0.5) * BLOCK
    rows = np.array([np.interp(np.arange(width), places, line) for line in lines[narrow]])
    return _Lines(rows.reshape(-1, width), reach[narrow], peak[narrow])


def _straight_lines(blocks: np.ndarray, noise: float) -> np.ndarray:
    """The rows, at each of the blocks ``[H, B]``, of lines: float ``[lines, B]``."""
    height, count = blocks.shape
    # Neighbouring pixels share some of the texture.
    floor = max(VISIBLE * noise / np.sqrt(BLOCK / 2), MIN_DARKNESS)
    # Ink is darker than lines, and there is little of it along a line: it must not decide.
    clipped = np.clip(blocks, 0, max(np.percentile(blocks, 98), 2 * floor))
    places = (np.arange(count) - (count - 1) / 2) * BLOCK

    # Lines that cross a corner alone meet the middle column above or below the picture.
    beyond = int(np.abs(places).max() * np.tan(np.deg2rad(MAX_TILT + PERSPECTIVE + 1))) + 1
    padded = np.pad(clipped.T, ((0, 0), (2 * beyond, 2 * beyond))).astype(np.float32)
    middles = np.arange(-beyond, height + beyond)

    def summed(degrees: float) -> np.ndarray:
        """The mean along a straight line that crosses the middle column at each of `middles`."""
        shifts = np.rint(places * np.tan(np.deg2rad(degrees))).astype(int)
        total = np.zeros(len(middles), np.float32)
        for column, shift in zip(padded, shifts, strict=True):
            total += column[beyond + shift : beyond + shift + len(middles)]
        inside = np.searchsorted(np.sort(shifts), [height - middles, -middles])
        return total / np.maximum(inside[0] - inside[1], count / SHORTEST)

    def contrast(degrees: float) -> float:
        return float(np.square(np.diff(summed(degrees))).sum())

    common = max(np.arange(-MAX_TILT, MAX_TILT + 0.5, 0.5), key=contrast)
    slopes = common + np.arange(-PERSPECTIVE, PERSPECTIVE + STEP, STEP)
    score = np.stack([summed(degrees) for degrees in slopes], axis=1)  # [H, slopes]
    around = scipy.ndimage.uniform_filter1d(score, 31, axis=0)
    score = score - around
    highest = scipy.ndimage.maximum_filter(score, (5, len(slopes)))
    centres, which = np.nonzero((score == highest) & (score > 0.3 * floor))
    if not len(centres):
        return np.zeros((0, count))
    order = np.argsort(-score[centres, which])[:MAX_LINES]
    scores = score[centres[order], which[order]]
    kept = order[_in_perspective(centres[order], slopes[which[order]], scores)]
    rows = middles[centres[kept], None] + places * np.tan(np.deg2rad(slopes[which[kept]]))[:, None]
    return _tracked(blocks, rows, floor)


def _in_perspective(centres: np.ndarray, slopes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Which lines, sorted by how clearly they are seen, may be of one family, bool ``[lines]``.

    In perspective, the slope of parallel lines changes evenly from line to line: of all straight
    fits through two of the clearest lines, the one that most agree with, the clearest counting most
    (as M. Fischler and R. Bolles' RANSAC, 1981, but with every pair).
    """
    first, second = np.triu_indices(min(len(centres), MAX_CLEAR_LINES), 1)
    apart = centres[first] - centres[second]
    first, second, apart = (one[np.abs(apart) > 8] for one in (first, second, apart))
    changes = (slopes[first] - slopes[second]) / apart
    # Lines that do not differ in slope are a fit as well: a single line has no other.
    changes = np.concatenate([changes, np.zeros(len(centres))])
    through = np.concatenate([first, np.arange(len(centres))])
    fits = slopes[through, None] + changes[:, None] * (centres - centres[through, None])
    agree = np.abs(fits - slopes) <= SLOPE_ERROR
    return agree[(agree @ scores**2).argmax()]


def _tracked(blocks: np.ndarray, rows: np.ndarray, floor: float) -> np.ndarray:
    """Follow lines ``[lines, B]`` block by block, and keep those that are seen all along."""
    count = blocks.shape[1]
    offsets = np.arange(-CURVE - 5, CURVE + 6)
    sampled, inside = _sampled(blocks, rows, offsets)  # [lines, offsets, B]
    smooth = scipy.ndimage.uniform_filter1d(sampled, 7, axis=2)
    near = smooth[:, 5:-5]
    best = near.argmax(axis=1)  # [lines, B]
    best = np.rint(scipy.ndimage.median_filter(best, (1, 9))).astype(int)
    rows = rows + best - CURVE
    places = best[:, None] + np.arange(11)[:, None]  # 5 pixels to each side
    across = np.take_along_axis(sampled, places, axis=1)  # [lines, 11, B]
    darkest = across[:, 4:7].max(axis=1)
    beside = np.minimum(
        np.minimum(across[:, 0], across[:, 1]), np.minimum(across[:, -1], across[:, -2])
    )
    seen = (darkest > floor) & (darkest - beside > 0.5 * darkest)
    covered = (seen & inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    long_enough = inside.sum(axis=1) > max(3, count / SHORTEST)
    return rows[(covered > COVERED) & long_enough]


def _sampled(
    values: np.ndarray, rows: np.ndarray, offsets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``values[row + offset, column]``, ``[lines, offsets, columns]``; which rows lie inside."""
    height, count = values.shape
    wanted = np.rint(rows).astype(int)[:, None, :] + offsets[:, None]
    inside = (rows >= 0) & (rows <= height - 1)
    return values[wanted.clip(0, height - 1), np.arange(count)], inside


def _only_line(ink: np.ndarray, lines: _Lines, others: _Lines, noise: float) -> np.ndarray:
    """Where there is no more than one of `lines`, and of `others` across it: bool ``[H, W]``."""
    rows, reach = lines.rows, lines.reach
    height, width = ink.shape
    result = np.zeros(ink.shape, bool)
    if not len(rows):
        return result
    half = int(reach.max())
    offsets = np.arange(-half, half + 1)
    within = np.abs(offsets) <= reach[:, None]  # [lines, offsets]
    values, _ = _sampled(ink, rows, offsets)
    darkness = np.einsum("lok,lo->lk", np.maximum(values, 0), within.astype(np.float32))
    count = width // BLOCK
    usual = darkness[:, : count * BLOCK].reshape(len(rows), count, BLOCK).mean(axis=2)
    usual = scipy.ndimage.percentile_filter(usual, 40, (1, max(9, count // 5)), mode="nearest")
    usual = np.repeat(usual, BLOCK, axis=1)
    usual = np.pad(usual, ((0, 0), (0, width - usual.shape[1])), "edge")
    covers = within.sum(axis=1)[:, None]  # rows
    limit = MORE * (usual + covers * _crossing(rows, others)) + 2 * noise * np.sqrt(covers)
    crossed = scipy.ndimage.uniform_filter1d(darkness, 3, axis=1) > limit
    crossed = scipy.ndimage.maximum_filter1d(crossed, 3, axis=1)
    wanted = np.rint(rows).astype(int)[:, None, :] + offsets[:, None]
    goes = ~crossed[:, None] & within[:, :, None] & (wanted >= 0) & (wanted < height)
    result[wanted[goes], np.nonzero(goes)[2]] = True
    return result


def _crossing(rows: np.ndarray, others: _Lines) -> np.ndarray:
    """How dark the `others` are that cross lines at `rows` ``[lines, W]``; 0 where none does."""
    width = rows.shape[1]
    result = np.zeros(rows.shape)
    for other, reach, strength in zip(others.rows, others.reach, others.strength, strict=True):
        column = np.full(len(rows), width // 2)
        for _ in range(3):  # both are nearly straight, and nearly at right angles
            row = rows[np.arange(len(rows)), column]
            column = np.rint(other[np.rint(row).astype(int).clip(0, len(other) - 1)]).astype(int)
            outside = (column < 0) | (column >= width)
            column = column.clip(0, width - 1)
        near = (column[:, None] + np.arange(-reach - 1, reach + 2)).clip(0, width - 1)
        np.put_along_axis(result, near, np.where(outside, 0, strength)[:, None], 1)
    return result
