"""Pen paths: the text of allographs as matrices that map control points to points."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from digitnet.rendering import length_along

Stroke = np.ndarray  # float [K, 3]: x and y of the control points, and 1 at a sharp corner


@dataclass(frozen=True)
class PenPath:
    """How the K control points of a drawing of S strokes become P points.

    The first and the last point of every stroke repeat its end: they are there to be moved,
    for a stroke that begins or ends in a hook.

    Attributes
    ----------
    controls : float32 ``[K, 2]``, the control points, centred on (0, 0)
    stroke_of_control : int64 ``[K]``, the stroke, 0 to S - 1, of each control point
    curve : float32 ``[P, K]``, maps control points to points
    straighter, rounder : float32 ``[P, K]``, added to `curve`, scaled, for straighter lines or
        rounder corners
    ends, hooks, inward : int64 ``[2 S]``, index of the last point at each end of each stroke, of
        the hook's point there, and of a point a little way in
    near_end : float32 ``[P, 2 S]``, how far each point follows when an end is moved, 0 to 1
    pen_down : bool ``[P - 1]``, whether the pen leaves ink between point i and point i + 1
    """

    controls: np.ndarray
    stroke_of_control: np.ndarray
    curve: np.ndarray
    straighter: np.ndarray
    rounder: np.ndarray
    ends: np.ndarray
    hooks: np.ndarray
    inward: np.ndarray
    near_end: np.ndarray
    pen_down: np.ndarray


@dataclass(frozen=True)
class _Run:
    """The smooth part of a stroke between two sharp corners."""

    column: int  # of its first control point
    knots: np.ndarray  # parameter of each control point
    fine: np.ndarray  # parameters close together
    effort: np.ndarray  # of writing, cumulative, at each of these


def parse(text: str) -> list[Stroke]:
    """The strokes written as `text` (see `digitnet.synthetic.allographs`)."""
    strokes = []
    for stroke in text.split("|"):
        rows = [[*point.rstrip("!").split(","), point.endswith("!")] for point in stroke.split()]
        strokes.append(np.array(rows, dtype=float) * (0.01, 0.01, 1))
    return strokes


def pen_path(strokes: list[Stroke], size: int) -> PenPath:
    """Place `size` points along `strokes`, closer together in curves, where a pen is slow."""
    controls = np.concatenate(strokes)[:, :2]
    first_control = np.cumsum([0] + [len(stroke) for stroke in strokes])
    runs = [
        _runs(stroke, column) for stroke, column in zip(strokes, first_control[:-1], strict=True)
    ]

    # Every run needs one step, every stroke one more point and two for its hooks. The other steps
    # are distributed by effort.
    efforts = np.array([run.effort[-1] for stroke in runs for run in stroke])
    spare = size - 3 * len(strokes) - len(efforts)
    shares = np.concatenate([[0], np.cumsum(efforts)]) * (spare / efforts.sum())
    steps = iter(1 + np.diff(np.rint(shares).astype(int)))

    curve = np.zeros((size, len(controls)))
    line = np.zeros_like(curve)
    blur = np.eye(size)
    near_end = np.zeros((size, 2 * len(strokes)))
    ends = []
    row = 0
    for s, stroke_runs in enumerate(runs):
        first = row = row + 1
        for run in stroke_runs:
            last = row + next(steps)
            at = np.interp(np.linspace(0, run.effort[-1], last + 1 - row), run.effort, run.fine)
            block = np.s_[row : last + 1, run.column : run.column + len(run.knots)]
            curve[row], line[row] = 0, 0  # a corner is the end of one run and the start of the next
            curve[block], line[block] = _spline(run.knots, at)
            row = last
        curve[[first - 1, row + 1]] = curve[[first, row]]
        line[[first - 1, row + 1]] = line[[first, row]]
        here = np.s_[first : row + 1]
        place = length_along(curve[here] @ controls)
        blur[here, here] = _blur(place)
        near_end[first - 1 : row + 2, 2 * s : 2 * s + 2] = _near_end(place)
        ends += [first, row]
        row += 2

    hooks = np.array(ends) + np.tile([-1, 1], len(strokes))
    pen_down = np.ones(size - 1, dtype=bool)
    pen_down[hooks[1:-1:2]] = False
    return PenPath(
        controls=(controls - (controls.min(axis=0) + controls.max(axis=0)) / 2).astype("f4"),
        stroke_of_control=np.repeat(np.arange(len(strokes)), np.diff(first_control)),
        curve=curve.astype("f4"),
        straighter=(line - curve).astype("f4"),
        rounder=(blur @ curve - curve).astype("f4"),
        ends=np.array(ends),
        hooks=hooks,
        inward=np.clip(
            np.array(ends) + np.tile([3, -3], len(strokes)),
            np.repeat(ends[::2], 2),
            np.repeat(ends[1::2], 2),
        ),
        near_end=near_end.astype("f4"),
        pen_down=pen_down,
    )


def _runs(stroke: Stroke, column: int) -> list[_Run]:
    """Split a stroke, whose first control point is number `column`, at its corners."""
    bounds = [0, *(np.flatnonzero(stroke[1:-1, 2]) + 1), len(stroke) - 1]
    runs = []
    for first, last in pairwise(bounds):
        xy = stroke[first : last + 1, :2]
        # Square roots of distances (centripetal knots) keep uneven points from making loops.
        knots = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T) ** 0.5)])
        fine = np.linspace(0, knots[-1], 40 * len(xy))
        path = _spline(knots, fine)[0] @ xy
        moves = np.diff(path, axis=0)
        heading = np.unwrap(np.arctan2(moves[:, 1], moves[:, 0]))
        turned = np.concatenate([[0, 0], np.cumsum(np.abs(np.diff(heading)))])
        runs.append(_Run(column + first, knots, fine, length_along(path) + 0.1 * turned))
    return runs


def _spline(knots: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrices ``[len(at), len(knots)]`` for a smooth curve and for straight lines."""
    n = len(knots)
    step = np.diff(knots)
    secant = np.diff(np.eye(n), axis=0) / step[:, None]
    tangent = np.zeros((n, n))
    before, after = step[:-1, None], step[1:, None]
    tangent[1:-1] = (after * secant[:-1] + before * secant[1:]) / (before + after)
    tangent[0] = 1.5 * secant[0] - 0.5 * tangent[1] if n > 2 else secant[0]
    tangent[-1] = 1.5 * secant[-1] - 0.5 * tangent[-2] if n > 2 else secant[0]

    i = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, n - 2)
    t = ((at - knots[i]) / step[i])[:, None]
    ease = t * t * (3 - 2 * t)
    here, there = np.eye(n)[i], np.eye(n)[i + 1]
    curve = (1 - ease) * here + ease * there
    curve += step[i, None] * t * (1 - t) * ((1 - t) * tangent[i] - t * tangent[i + 1])
    return curve, (1 - t) * here + t * there


def _blur(place: np.ndarray) -> np.ndarray:
    """The matrix that averages each point of a stroke with its neighbours on the path."""
    stands_for = np.convolve(np.diff(place), [0.5, 0.5]) + 1e-6  # length of path
    to_end = np.minimum(place, place[-1] - place)
    width = np.minimum(0.06, to_end / 2) + 1e-4  # the ends stay where they are
    weights = stands_for * np.exp(-0.5 * ((place[:, None] - place) / width[:, None]) ** 2)
    return weights / weights.sum(axis=1, keepdims=True)


def _near_end(place: np.ndarray) -> np.ndarray:
    """How far each point of a stroke, hooks included, follows its two ends: ``[n + 2, 2]``."""
    length = place[-1]
    to_ends = np.pad(np.stack([place, length - place], axis=1), ((1, 1), (0, 0)), mode="edge")
    follow = np.clip(1 - to_ends / min(0.3, length / 2), 0, 1) ** 2
    return follow * min(1, length / 0.3)  # a dot stays a dot
