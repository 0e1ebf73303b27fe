"""Strokes and pictures to the 28x28 image that MNIST would have made of them.

MNIST's geometry, as its authors describe it (http://yann.lecun.com/exdb/mnist/): the longest side
of the ink is fitted into a box of 20 pixels, keeping its aspect ratio, and the ink's centre of mass
goes to the centre of the 28x28 field.
"""

from collections.abc import Sequence, Sized
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image

from digitnet.geometry import (
    BOX_SIZE,
    EDGE_WIDTH,
    STROKE_WIDTH,
    centre_by_mass,
)
from digitnet.models import IMAGE_SIZE
from digitnet.pictures import Picture
from digitnet.writing import main_image

Stroke: TypeAlias = Sequence[Sequence[float]] | np.ndarray
Drawing: TypeAlias = Sequence[Stroke]

POINT_SPACING = 0.5  # pixels; points of a stroke nearer to each other than this are merged
MAX_POINTS = 2000  # of a drawing, about; a longer path is followed less closely
MOST_STROKES, MOST_POINTS = 2000, 100_000  # of a drawing; what has more is refused unread
RENDER_CHUNK = 8  # drawings rendered at once; more would leave the processor's cache


def to_image(drawing: Drawing | Picture) -> np.ndarray:
    """The image that the models see.

    Parameters
    ----------
    drawing : a list of strokes, each a list of (x, y) points with y down, in any unit; or a
        picture: a PIL image, the path of a picture file, or an array or tensor ``[H, W]``,
        ``[H, W, 3]`` or ``[H, W, 4]`` of numbers 0..1, 0..16, 0..255, or 16-bit integers 0..65535

    Returns
    -------
    float32 ``[28, 28]`` in 0..1, ink bright on black; all zeros where nothing is drawn.

    Raises
    ------
    ValueError : if it is none of these, or too large, or the picture cannot be read.
    """
    return to_images([drawing])[0]


def to_images(drawings: Sequence[Drawing | Picture]) -> np.ndarray:
    """`to_image` of each: float32 ``[N, 28, 28]``."""
    images = torch.zeros(len(drawings), IMAGE_SIZE, IMAGE_SIZE)
    paths, pictures = {}, {}
    for index, drawing in enumerate(drawings):
        if isinstance(drawing, Image.Image | np.ndarray | torch.Tensor | str | Path):
            pictures[index] = main_image(drawing)
        elif strokes := checked_strokes(drawing):
            paths[index] = path_of(strokes)
    # Drawings of like length are rendered together, so that little is wasted on padding.
    order = sorted(paths, key=lambda index: len(paths[index][0]))
    for start in range(0, len(order), RENDER_CHUNK):
        chunk = order[start : start + RENDER_CHUNK]
        images[chunk] = render_paths([paths[index] for index in chunk])
    result = centre_by_mass(images).numpy()
    for index, image in pictures.items():
        result[index] = image
    return result


def images_of_paths(points: np.ndarray, pen_down: np.ndarray) -> torch.Tensor:
    """`to_images` of many drawings that come as two arrays, without a loop over them.

    Parameters
    ----------
    points : float ``[N, P, 2]``, the points (x, y) of each drawing in the order written
    pen_down : bool ``[N, P - 1]``, whether ink joins each point to the next

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    fitted, joined = torch.from_numpy(fit_into_box(points)), torch.from_numpy(pen_down)
    # Written into one array: many small ones among what rendering takes for a while would keep the
    # memory between them from being used again.
    images = torch.zeros(len(points), IMAGE_SIZE, IMAGE_SIZE)
    for start in range(0, len(points), RENDER_CHUNK):
        chunk = slice(start, start + RENDER_CHUNK)
        images[chunk] = render(fitted[chunk], joined[chunk])
    return centre_by_mass(images)


# ---- strokes ----------------------------------------------------------------------------------


def checked_strokes(drawing: Drawing) -> list[np.ndarray]:
    """The strokes that have points, float64 ``[n, 2]`` each.

    Raises
    ------
    ValueError : if it is no drawing, or has more than `MOST_STROKES` or `MOST_POINTS`.
    """
    message = "A drawing is a list of strokes, each a list of (x, y) points with finite numbers."
    if isinstance(drawing, dict | bytes) or not isinstance(drawing, Sequence):
        raise ValueError(message)
    if len(drawing) > MOST_STROKES or sum(map(_length, drawing)) > MOST_POINTS:
        raise ValueError(
            f"A drawing has at most {MOST_STROKES:,} strokes and {MOST_POINTS:,} points; "
            "this one has more."
        )
    strokes = []
    for stroke in drawing:
        try:
            points = _numbers(stroke)
            if points.size == 0:
                continue
            if points.dtype.kind not in "iuf":
                raise ValueError
            points = points.astype(np.float64)
        except (ValueError, TypeError, OverflowError):
            raise ValueError(message) from None
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ValueError(message)
        strokes.append(points)
    return strokes


def _length(stroke: object) -> int:
    return len(stroke) if isinstance(stroke, Sized) else 0


def _numbers(stroke: Stroke) -> np.ndarray:
    """`stroke` as an array; ValueError if it is none of numbers only.

    NumPy gives every text in an array the room of the longest: a few kilobytes of texts could fill
    the memory. So it is first told to make nothing of what it finds.
    """
    if not isinstance(stroke, list | tuple):
        return np.asarray(stroke)
    found = np.array(stroke, dtype=object)
    if not all(issubclass(kind, int | float | np.number) for kind in set(map(type, found.flat))):
        raise ValueError
    return np.asarray(stroke)


def fit_into_box(points: np.ndarray) -> np.ndarray:
    """Fit the points ``[N, P, 2]`` of each drawing into the box: float32, in pixels."""
    points = points / 2  # keeps the extent of the largest float64 coordinates finite
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    extent = (high - low).max(axis=2, keepdims=True)
    # Where the extent is 0 the drawing is a dot, which any scale leaves one.
    scale = (BOX_SIZE - STROKE_WIDTH) / np.where(extent > 1e-300, extent, 1)
    return ((points - low / 2 - high / 2) * scale + IMAGE_SIZE / 2).astype(np.float32)


def path_of(strokes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """One drawing as `render` takes it: float32 ``[P, 2]``, in pixels, and bool ``[P - 1]``."""
    fitted = fit_into_box(np.concatenate(strokes)[None])[0]
    kept, pen_down = points_to_follow(fitted, [len(points) for points in strokes])
    return fitted[kept], pen_down


def points_to_follow(fitted: np.ndarray, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Which points of a drawing are enough to render it.

    Parameters
    ----------
    fitted : float32 ``[N, 2]``, those of all strokes, fitted into the box, in pixels
    lengths : the number of points of each stroke

    Returns
    -------
    kept : bool ``[N]``
    pen_down : bool, one shorter than there are points kept: whether ink joins each to the next
    """
    ends = np.cumsum(lengths)
    strokes = np.split(fitted, ends[:-1])
    length = sum(np.hypot(*np.diff(points, axis=0).T).sum() for points in strokes)
    spacing = max(POINT_SPACING, length / MAX_POINTS)
    kept = np.concatenate([_far_enough(points, spacing) for points in strokes])
    pen_down = np.ones(len(fitted), bool)
    pen_down[ends - 1] = False
    return kept, pen_down[kept][:-1]


def render_paths(paths: Sequence[tuple[np.ndarray, np.ndarray]]) -> torch.Tensor:
    """`render` of one or several paths, as `path_of` makes them, together: float32 ``[N, 28, 28]``.

    What is missing to the longest is the last point, again and again.
    """
    longest = max(len(points) for points, _ in paths)
    all_points = np.empty((len(paths), longest, 2), np.float32)
    all_down = np.zeros((len(paths), longest - 1), bool)
    for number, (points, down) in enumerate(paths):
        all_points[number, : len(points)] = points
        all_points[number, len(points) :] = points[-1]
        all_down[number, : len(down)] = down
    return render(torch.from_numpy(all_points), torch.from_numpy(all_down))


def _far_enough(points: np.ndarray, spacing: float) -> np.ndarray:
    """Which points of a stroke to keep, bool ``[n]``: its ends, and others `spacing` apart."""
    along = np.cumsum(np.hypot(*np.diff(points, axis=0).T))
    steps = np.floor(along / spacing)
    kept = np.concatenate([[True], np.diff(steps, prepend=0) > 0])
    kept[-1] = True
    return kept


def render(points: torch.Tensor, pen_down: torch.Tensor) -> torch.Tensor:
    """Draw straight, round-ended, anti-aliased pen strokes through points.

    Parameters
    ----------
    points : float32 ``[N, P, 2]``, each an (x, y) in pixels from the field's top left corner
    pen_down : bool ``[N, P - 1]``, whether ink joins each point to the next

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1: how much ink each pixel's distance from the path leaves there.
    """
    # From each point a segment to the next; of no length, a dot, where the pen is lifted there.
    start = points
    end = torch.cat(
        [torch.where(pen_down[..., None], points[:, 1:], points[:, :-1]), points[:, -1:]], 1
    )
    direction = end - start  # [N, P, 2]
    length_squared = direction.square().sum(2).clamp_min(1e-12)
    centres = torch.arange(IMAGE_SIZE, dtype=torch.float32, device=points.device) + 0.5
    # From each segment's start to each column's and row's centre: [N, P, 28].
    across = centres - start[..., 0, None]
    down = centres - start[..., 1, None]
    # The dot product with the direction, for each pixel: [N, P, 28 rows, 28 columns].
    dot = (down * direction[..., 1, None])[..., :, None] + (across * direction[..., 0, None])[
        ..., None, :
    ]
    nearest = (dot / length_squared[..., None, None]).clamp_(0, 1)
    # |pixel - (start + nearest * direction)| squared, multiplied out.
    distance_squared = (down.square()[..., :, None] + across.square()[..., None, :]).sub_(
        nearest * (dot.mul_(2).sub_(nearest * length_squared[..., None, None]))
    )
    distance = distance_squared.amin(1).clamp_min_(0).sqrt_()
    return ((STROKE_WIDTH / 2 - distance) / EDGE_WIDTH + 0.5).clamp_(0, 1)
