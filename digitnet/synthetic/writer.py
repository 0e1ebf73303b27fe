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

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from digitnet.synthetic.allographs import DIGITS, NON_DIGITS
from digitnet.synthetic.curves import PenPath, Stroke, parse, pen_path

NOT_A_DIGIT = -1
NON_DIGIT_KINDS = (*NON_DIGITS, "scribbles", "two digits")
POINTS = 64

Drawing = list[list[tuple[float, float]]]
RandomControls = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class PackedDrawings:
    """Many drawings in arrays of one shape.

    Attributes
    ----------
    points : float32 [count, P, 2]
        Points (x right, y down) in the order written, about 1 high, around (0, 0).
    pen_down : bool [count, P - 1]
        Whether the pen leaves ink between point i and point i + 1.
    labels : int64 [count]
        The digit, 0 to 9, or -1 for a drawing that is not a digit.
    styles : int64 [count]
        Index into `style_names` of the way each drawing was written.
    style_names : tuple of str
        Names such as ``"7 crossbar"`` or ``"letters A"``.
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
        """Return drawing `i` as a list of strokes, each a list of (x, y)."""
        strokes = np.split(self.points[i], np.flatnonzero(~self.pen_down[i]) + 1)
        return [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]


@dataclass(frozen=True)
class _Style:
    """One way of writing one sign."""

    kind: str  # "digits" or one of NON_DIGIT_KINDS
    name: str
    label: int
    weight: float  # relative frequency within its kind
    strokes: list[Stroke]
    random_controls: RandomControls | None = None  # instead of those of `strokes`


def _random_points(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.uniform(-0.55, 0.55, (count, 11, 2))


def _zigzag(rng: np.random.Generator, count: int) -> np.ndarray:
    along = np.linspace(-0.5, 0.5, 12) + rng.normal(0, 0.02, (count, 12))
    across = 0.5 * (-1.0) ** np.arange(12) * rng.uniform(0.15, 1, (count, 1))
    across += rng.normal(0, 0.06, (count, 12))
    angle = rng.uniform(0, np.pi, (count, 1))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * along - sin * across, sin * along + cos * across], axis=-1)


def _spiral(rng: np.random.Generator, count: int) -> np.ndarray:
    radius = np.sqrt(np.linspace(0, 1, 24))  # even steps along the path, not around it
    turns = rng.uniform(2.4, 3.6, (count, 1)) * rng.choice([-1, 1], (count, 1))
    angle = 2 * np.pi * (rng.uniform(0, 1, (count, 1)) + turns * radius)
    return 0.5 * np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _coil(rng: np.random.Generator, count: int) -> np.ndarray:
    time = np.linspace(0, 1, 28)
    turns = rng.uniform(3, 5, (count, 1))
    angle = 2 * np.pi * (rng.uniform(0, 1, (count, 1)) + turns * time)
    x = rng.uniform(0.8, 1.8, (count, 1)) * (time - 0.5) + 0.22 * np.cos(angle)
    return np.stack([x, 0.35 * np.sin(angle)], axis=-1)


_SCRIBBLES: dict[str, tuple[RandomControls, int, bool]] = {  # of K control points, cornered or not
    "curve": (_random_points, 11, False),
    "polyline": (_random_points, 11, True),
    "rounded zigzag": (_zigzag, 12, False),
    "zigzag": (_zigzag, 12, True),
    "spiral": (_spiral, 24, False),
    "coil": (_coil, 28, False),
}


def _all_styles() -> list[_Style]:
    styles = []
    for digit, allographs in DIGITS.items():
        total = sum(weight for weight, _ in allographs.values())
        for name, (weight, text) in allographs.items():
            styles.append(_Style("digits", f"{digit} {name}", digit, weight / total, parse(text)))
    for kind, signs in NON_DIGITS.items():
        for name, text in signs.items():
            styles.append(_Style(kind, f"{kind} {name}", NOT_A_DIGIT, 1, parse(text)))
    for name, (controls, size, corner) in _SCRIBBLES.items():
        # Any control points may come: a path for evenly spaced ones suits them all.
        even = np.column_stack([np.linspace(0, 6, size), np.zeros(size), np.full(size, corner)])
        styles.append(_Style("scribbles", f"scribbles {name}", NOT_A_DIGIT, 1, [even], controls))
    styles.append(_Style("two digits", "two digits", NOT_A_DIGIT, 1, []))
    return styles


_STYLES = _all_styles()
_STYLE_NAMES = tuple(style.name for style in _STYLES)
_TWO_DIGITS = len(_STYLES) - 1


@cache
def _path(style: int, size: int) -> PenPath:
    return pen_path(_STYLES[style].strokes, size)


def write_digits(count: int, seed: int) -> PackedDrawings:
    """Write random digits, all ten equally likely, each allograph by its weight.

    Parameters
    ----------
    count : int
        Number of drawings, 0 or more.
    seed : int
        Equal seeds give equal drawings.

    Raises
    ------
    ValueError
        If `count` is negative.
    """
    rng = np.random.default_rng(seed)
    return _pack(_random_styles(("digits",), count, rng), rng)


def write_non_digits(count: int, seed: int, kinds: Sequence[str] | None = None) -> PackedDrawings:
    """Write random things that are not one digit, all kinds equally likely.

    Parameters
    ----------
    count : int
        Number of drawings, 0 or more.
    seed : int
        Equal seeds give equal drawings.
    kinds : sequence of str, optional
        Kinds to choose from, among `NON_DIGIT_KINDS`; all of them by default.

    Raises
    ------
    ValueError
        If `count` is negative, or `kinds` is empty or names an unknown kind.
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
    names : sequence of str
        Such as ``"7 crossbar"``, among `PackedDrawings.style_names`.
    seed : int
        Equal seeds give equal drawings.

    Raises
    ------
    ValueError
        If a style is unknown.
    """
    for name in names:
        if name not in _STYLE_NAMES:
            raise ValueError(f"There is no style {name!r}; PackedDrawings.style_names has them.")
    return _pack(
        np.array([_STYLE_NAMES.index(name) for name in names]), np.random.default_rng(seed)
    )


def _random_styles(kinds: Sequence[str], count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the indices of `count` random styles, `kinds` being equally likely."""
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    chances = np.zeros(len(_STYLES))
    for kind in kinds:
        weights = np.array([style.weight * (style.kind == kind) for style in _STYLES])
        chances += weights / weights.sum()
    return rng.choice(len(_STYLES), size=count, p=chances / chances.sum())


def _pack(styles: np.ndarray, rng: np.random.Generator) -> PackedDrawings:
    """Write a drawing in each of `styles` [count]."""
    points = np.empty((len(styles), POINTS, 2), dtype=np.float32)
    pen_down = np.empty((len(styles), POINTS - 1), dtype=bool)
    two = styles == _TWO_DIGITS
    points[~two], pen_down[~two] = _write(styles[~two], POINTS, rng)
    points[two], pen_down[two] = _write_two_digits(int(two.sum()), rng)
    labels = np.array([style.label for style in _STYLES])[styles]
    return PackedDrawings(points, pen_down, labels, styles, _STYLE_NAMES)


def _write_two_digits(count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return points and pen_down of pairs of digits side by side."""
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
    """Return points [n, size, 2] and pen_down [n, size - 1] for `styles` [n]."""
    n = len(styles)
    slop = np.exp(0.45 * _normal(rng, n, 1, 1))  # how careless, in every way, each drawing is
    points = np.empty((n, size, 2), dtype=np.float32)
    pen_down = np.empty((n, size - 1), dtype=bool)
    for style in np.unique(styles):
        rows = np.flatnonzero(styles == style)
        points[rows] = _trace(int(style), size, slop[rows], rng)
        pen_down[rows] = _path(int(style), size).pen_down

    # The arm wobbles slowly; a mouse or a finger, seldom enough, makes the line tremble.
    time = np.linspace(0, 2 * np.pi, size, dtype=np.float32)[:, None]
    for cycles in (1.0, 2.3, 4.1):
        phase = rng.uniform(0, 2 * np.pi, (n, 1, 2)).astype(np.float32)
        points += 0.012 / cycles * slop * _normal(rng, n, 1, 2) * np.sin(cycles * time + phase)
    tremor = _normal(rng, n, size, 2)
    tremor[:, 1:] += tremor[:, :-1]
    points += 0.007 * rng.random((n, 1, 1), dtype=np.float32) ** 4 * tremor

    # Narrow or wide, slanted (to the right more often), and a little turned.
    width = np.exp(0.18 * _normal(rng, n, 1))
    slant = np.maximum(0.09 + 0.17 * _normal(rng, n, 1), -0.18)
    turn = 0.08 * _normal(rng, n, 1)
    y = points[..., 1]
    x = width * points[..., 0] - slant * y
    points = np.stack([x - turn * y, y + turn * x], axis=-1)

    backwards = rng.random(n) < 0.1  # some hands go the other way
    points[backwards] = points[backwards, ::-1]
    pen_down[backwards] = pen_down[backwards, ::-1]
    return points, pen_down


def _trace(style: int, size: int, slop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points [n, size, 2] of one style, as irregular as `slop` [n, 1, 1] tells."""
    path, random_controls = _path(style, size), _STYLES[style].random_controls
    n, strokes = len(slop), len(path.ends) // 2
    if random_controls is None:
        controls = np.broadcast_to(path.controls, (n, *path.controls.shape))
    else:
        controls = random_controls(rng, n).astype(np.float32)

    # The proportions of the parts: which are larger, wider, bowed, leaning.
    taper, waist, bow, middle, fan = np.clip(slop[:, 0] * _normal(rng, 5, n, 1), -2.5, 2.5)
    u, v = 2 * controls[..., 0], 2 * controls[..., 1]
    inner = np.maximum(1 - v * v, 0)
    x = u * (1 + 0.11 * taper * v + 0.09 * waist * inner) + 0.07 * bow * inner
    y = v + 0.09 * middle * inner + 0.06 * fan * u * v
    controls = np.stack([x, y], axis=-1) / 2

    jitter = _normal(rng, n, len(path.stroke_of_control), 2)
    for _ in range(2):  # neighbours go astray together, or curves would be lumpy
        jitter[:, 1:] += jitter[:, :-1]
    controls += 0.008 * slop * jitter
    if strokes > 1:
        shift = np.clip(0.022 * slop * _normal(rng, n, strokes, 2), -0.06, 0.06)
        controls += shift[:, path.stroke_of_control]

    straight = np.clip(0.04 + 0.1 * _normal(rng, n, 1, 1), -0.1, 0.3)
    blunt = rng.random((n, 1, 1), dtype=np.float32) ** 2
    points = path.curve @ controls
    points += straight * (path.straighter @ controls) + blunt * (path.rounder @ controls)

    # Strokes stop short, run on or miss, and some begin or end in a hook.
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
    """Return normal deviates without the far tails, which would spoil a sign."""
    return np.clip(rng.standard_normal(shape, dtype=np.float32), -2.3, 2.3)


def contact_sheet(seed: int, samples: int) -> Image.Image:
    """Return a picture with a row of `samples` drawings for every style."""
    cell, margin = 48, 190
    drawings = _pack(np.repeat(np.arange(len(_STYLES)), samples), np.random.default_rng(seed))
    sheet = Image.new("L", (margin + cell * samples, cell * len(_STYLES)), 255)
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(_STYLE_NAMES):
        pen.text((4, cell * (row + 0.35)), name, fill=0)
    for i, drawing in enumerate(drawings):
        low, high = drawings.points[i].min(axis=0), drawings.points[i].max(axis=0)
        middle = np.array([margin + cell * (i % samples + 0.5), cell * (i // samples + 0.5)])
        for stroke in drawing:
            place = middle + (stroke - (low + high) / 2) * (0.8 * cell / (high - low).max())
            pen.line(place.ravel().tolist(), fill=0, width=2)
    return sheet


def main(argv: Sequence[str] | None = None) -> None:
    """Draw a contact sheet of every way of writing."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("sheet", type=Path, help="the PNG file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples-per-allograph", type=int, default=24, metavar="N")
    args = parser.parse_args(argv)
    contact_sheet(args.seed, args.samples_per_allograph).save(args.sheet)


if __name__ == "__main__":
    main()
