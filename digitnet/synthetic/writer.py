"""Synthetic handwriting: digits, and drawings that are not digits, as pen strokes.

The shapes are those of `digitnet.synthetic.allographs`. Each is varied at random, in these steps,
each for many drawings at once:

1. the control points of an allograph are bent, jittered, and shifted stroke by stroke;
2. its pen path (`digitnet.synthetic.curves`) converts them to points, and the ends of strokes are
   lengthened, shortened or given a hook;
3. the path gets a wobble and a tremor, and the whole is stretched, slanted and rotated.

All lengths are in writing heights.  ``python -m digitnet.synthetic SHEET.png`` draws samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from digitnet.synthetic.curves import PenPath, pen_path
from digitnet.synthetic.styles import (
    NON_DIGIT_KINDS,
    STYLE_NAMES,
    STYLES,
    TWO_DIGITS,
)

POINTS = 64  # of each drawing

Drawing = list[list[tuple[float, float]]]


@dataclass(frozen=True)
class PackedDrawings:
    """Many drawings in arrays of one shape.

    Attributes
    ----------
    points : float32 ``[count, P, 2]``, (x, y) in the order written, y down, about 1 high, centred
        on (0, 0)
    pen_down : bool ``[count, P - 1]``, whether the pen leaves ink between point i and point i + 1
    labels : int64 ``[count]``, the digit, 0 to 9, or -1 for a drawing that is not a digit
    styles : int64 ``[count]``, index into `style_names` of the way each drawing was written
    style_names : such as ``"7 crossbar"`` or ``"capital letters A"``
    """

    points: np.ndarray
    pen_down: np.ndarray
    labels: np.ndarray
    styles: np.ndarray
    style_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Drawing]:
        return (self.drawing(i) for i in range(len(self)))

    def drawing(self, i: int) -> Drawing:
        """Drawing `i` as a list of strokes, each a list of (x, y)."""
        strokes = np.split(self.points[i], np.flatnonzero(~self.pen_down[i]) + 1)
        return [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]


@cache
def _path(style: int, size: int) -> PenPath:
    return pen_path(STYLES[style].strokes, size)


def write_digits(count: int, seed: int) -> PackedDrawings:
    """Write random digits, all ten equally likely, each allograph by its weight.

    Parameters
    ----------
    count : number of drawings, 0 or more
    seed : equal seeds give equal drawings

    Raises
    ------
    ValueError : if `count` is negative.
    """
    rng = np.random.default_rng(seed)
    return _pack(_random_styles(("digits",), count, rng), rng)


def write_non_digits(count: int, seed: int, kinds: Sequence[str] | None = None) -> PackedDrawings:
    """Write random things that are not one digit, all kinds equally likely.

    Parameters
    ----------
    count : number of drawings, 0 or more
    seed : equal seeds give equal drawings
    kinds : kinds to choose from, among `NON_DIGIT_KINDS`; None is all of them

    Raises
    ------
    ValueError : if `count` is negative, or `kinds` is empty or names an unknown kind.
    """
    chosen = NON_DIGIT_KINDS if kinds is None else tuple(kinds)
    if not chosen or not set(chosen) <= set(NON_DIGIT_KINDS):
        raise ValueError(f"kinds must be one or more of: {', '.join(NON_DIGIT_KINDS)}")
    rng = np.random.default_rng(seed)
    return _pack(_random_styles(chosen, count, rng), rng)


def write_styles(names: Sequence[str], seed: int) -> PackedDrawings:
    """Write one drawing in each of the named styles.

    Parameters
    ----------
    names : of `digitnet.synthetic.styles.STYLE_NAMES`, such as ``"7 crossbar"``
    seed : equal seeds give equal drawings

    Raises
    ------
    ValueError : if a style is unknown.
    """
    for name in names:
        if name not in STYLE_NAMES:
            raise ValueError(f"There is no style {name!r}; choose one of STYLE_NAMES.")
    return _pack(np.array([STYLE_NAMES.index(name) for name in names]), np.random.default_rng(seed))


def _random_styles(kinds: Sequence[str], count: int, rng: np.random.Generator) -> np.ndarray:
    """The indices of `count` random styles, `kinds` being equally likely."""
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    probabilities = np.zeros(len(STYLES))
    for kind in kinds:
        weights = np.array([style.weight * (style.kind == kind) for style in STYLES])
        probabilities += weights / weights.sum()
    return rng.choice(len(STYLES), size=count, p=probabilities / probabilities.sum())


def _pack(styles: np.ndarray, rng: np.random.Generator) -> PackedDrawings:
    """Write a drawing in each of `styles` ``[count]``."""
    points = np.empty((len(styles), POINTS, 2), dtype=np.float32)
    pen_down = np.empty((len(styles), POINTS - 1), dtype=bool)
    two = styles == TWO_DIGITS
    points[~two], pen_down[~two] = _write(styles[~two], POINTS, rng)
    points[two], pen_down[two] = _write_two_digits(int(two.sum()), rng)
    labels = np.array([style.label for style in STYLES])[styles]
    return PackedDrawings(points, pen_down, labels, styles, STYLE_NAMES)


def _write_two_digits(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points and pen_down of pairs of digits side by side."""
    points, pen_down = _write(_random_styles(("digits",), 2 * count, rng), POINTS // 2, rng)
    left, right = points[:count], points[count:]
    gap = rng.uniform(0.08, 0.5, count)
    right[..., 0] += (left[..., 0].max(axis=1) - right[..., 0].min(axis=1) + gap)[:, None]
    right[..., 1] += 0.06 * _normal(rng, count, 1)
    both = np.concatenate([left, right], axis=1)
    both -= (both.max(axis=1, keepdims=True) + both.min(axis=1, keepdims=True)) / 2
    lift = np.zeros((count, 1), dtype=bool)
    return both, np.concatenate([pen_down[:count], lift, pen_down[count:]], axis=1)


def _write(
    styles: np.ndarray, size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Points ``[n, size, 2]`` and pen_down ``[n, size - 1]`` for `styles` ``[n]``."""
    n = len(styles)
    slop = np.exp(0.45 * _normal(rng, n, 1, 1))  # scales all irregularities of a drawing
    points = np.empty((n, size, 2), dtype=np.float32)
    pen_down = np.empty((n, size - 1), dtype=bool)
    for style in np.unique(styles):
        rows = np.flatnonzero(styles == style)
        points[rows] = _trace(int(style), size, slop[rows], rng)
        pen_down[rows] = _path(int(style), size).pen_down

    # A slow wobble of the arm, and sometimes the tremor of a mouse or a finger.
    time = np.linspace(0, 2 * np.pi, size, dtype=np.float32)[:, None]
    for cycles in (1.0, 2.3, 4.1):
        phase = rng.uniform(0, 2 * np.pi, (n, 1, 2)).astype(np.float32)
        points += 0.012 / cycles * slop * _normal(rng, n, 1, 2) * np.sin(cycles * time + phase)
    tremor = _normal(rng, n, size, 2)
    tremor[:, 1:] += tremor[:, :-1]
    points += 0.007 * rng.random((n, 1, 1), dtype=np.float32) ** 4 * tremor

    # Narrow or wide, slanted (more often to the right), and slightly rotated.
    width = np.exp(0.18 * _normal(rng, n, 1))
    slant = np.maximum(0.09 + 0.17 * _normal(rng, n, 1), -0.18)
    turn = 0.08 * _normal(rng, n, 1)
    y = points[..., 1]
    x = width * points[..., 0] - slant * y
    points = np.stack([x - turn * y, y + turn * x], axis=-1)

    backwards = rng.random(n) < 0.1  # written in the opposite direction
    points[backwards] = points[backwards, ::-1]
    pen_down[backwards] = pen_down[backwards, ::-1]
    return points, pen_down


def _trace(style: int, size: int, slop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Points ``[n, size, 2]`` of one style; `slop` ``[n, 1, 1]`` scales the irregularities."""
    path, random_controls = _path(style, size), STYLES[style].random_controls
    n, strokes = len(slop), len(path.ends) // 2
    if random_controls is None:
        controls = np.broadcast_to(path.controls, (n, *path.controls.shape))
    else:
        controls = random_controls(rng, n).astype(np.float32)

    # Vary the proportions of the parts: larger, wider, bowed, leaning.
    taper, waist, bow, middle, fan = np.clip(slop[:, 0] * _normal(rng, 5, n, 1), -2.5, 2.5)
    u, v = 2 * controls[..., 0], 2 * controls[..., 1]
    inner = np.maximum(1 - v * v, 0)
    x = u * (1 + 0.11 * taper * v + 0.09 * waist * inner) + 0.07 * bow * inner
    y = v + 0.09 * middle * inner + 0.06 * fan * u * v
    controls = np.stack([x, y], axis=-1) / 2

    jitter = _normal(rng, n, len(path.stroke_of_control), 2)
    for _ in range(2):  # correlates neighbours, so that curves stay smooth
        jitter[:, 1:] += jitter[:, :-1]
    controls += 0.008 * slop * jitter
    if strokes > 1:
        shift = np.clip(0.022 * slop * _normal(rng, n, strokes, 2), -0.06, 0.06)
        controls += shift[:, path.stroke_of_control]

    straight = np.clip(0.04 + 0.1 * _normal(rng, n, 1, 1), -0.1, 0.3)
    blunt = rng.random((n, 1, 1), dtype=np.float32) ** 2
    points = path.curve @ controls
    points += straight * (path.straighter @ controls) + blunt * (path.rounder @ controls)

    # Strokes end early, late or beside their end; some begin or end in a hook.
    outward = points[:, path.ends] - points[:, path.inward]
    outward /= np.hypot(outward[..., :1], outward[..., 1:]) + 1e-6
    run_on = 0.03 * _normal(rng, n, 2 * strokes, 1)
    run_on += 0.06 * np.abs(_normal(rng, n, 2 * strokes, 1)) * (rng.random((n, 1, 1)) < 0.1)
    miss = 0.012 * _normal(rng, n, 2 * strokes, 2)
    points += path.near_end @ np.clip(slop * (run_on * outward + miss), -0.15, 0.15)

    hooked = rng.random((n, 2 * strokes)) < 0.08
    length = hooked * rng.uniform(0.03, 0.11, hooked.shape)
    angle = rng.uniform(1.5, 2.6, hooked.shape) * rng.choice([-1, 1], hooked.shape)
    on, aside = length * np.cos(angle), length * np.sin(angle)
    points[:, path.hooks, 0] += on * outward[..., 0] - aside * outward[..., 1]
    points[:, path.hooks, 1] += on * outward[..., 1] + aside * outward[..., 0]
    return points


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Clipped normal deviates: far tails would make a sign illegible."""
    return np.clip(rng.standard_normal(shape, dtype=np.float32), -2.3, 2.3)
