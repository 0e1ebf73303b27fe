"""Drawings and pictures to the 28x28 images that the models see.

A drawing is parsed and checked once, by `parse_drawing`, where it comes in. Functions inside the
package take the parsed strokes.
"""

from collections.abc import Sequence, Sized
from typing import TypeAlias

import numpy as np
import torch

from digitnet.models import IMAGE_SIZE
from digitnet.pictures import PICTURE_TYPES, Picture
from digitnet.reading.main_digit import main_image
from digitnet.rendering import (
    RENDER_CHUNK,
    centre_by_mass,
    fit_into_box,
    path_of,
    render,
    render_paths,
)

Stroke: TypeAlias = Sequence[Sequence[float]] | np.ndarray
# What callers give: a list of strokes, each a list of (x, y) points with y down, in any unit.
Drawing: TypeAlias = Sequence[Stroke]
# A parsed drawing: float64 [n, 2] for each stroke that has points, all finite; empty where nothing
# but a dot is drawn.
Strokes: TypeAlias = list[np.ndarray]

MAX_STROKES, MAX_DRAWING_POINTS = 2000, 100_000  # of a drawing; larger ones are refused


def to_image(drawing: Drawing | Picture) -> np.ndarray:
    """The image that the models see.

    Parameters
    ----------
    drawing : a list of strokes, each a list of (x, y) points with y down, in any unit; or a
        picture: a PIL image, the path of a picture file, or an array or tensor ``[H, W]``,
        ``[H, W, 3]`` or ``[H, W, 4]`` of values 0..1, 0..16, 0..255, or 16-bit integers 0..65535

    Returns
    -------
    float32 ``[28, 28]`` in 0..1, ink bright on black; all zeros where nothing but a dot is drawn.

    Raises
    ------
    ValueError : if it is none of these, or too large, or the picture cannot be read.
    """
    return to_images([drawing])[0]


def to_images(drawings: Sequence[Drawing | Picture]) -> np.ndarray:
    """`to_image` of each: float32 ``[N, 28, 28]``."""
    images = np.zeros((len(drawings), IMAGE_SIZE, IMAGE_SIZE), np.float32)
    parsed = {}
    for index, drawing in enumerate(drawings):
        if isinstance(drawing, PICTURE_TYPES):
            images[index] = main_image(drawing)
        else:
            parsed[index] = parse_drawing(drawing)
    images[list(parsed)] = images_of_strokes(list(parsed.values()))
    return images


def parse_drawing(drawing: Drawing) -> Strokes:
    """Check a drawing from outside, and convert it to what the rest of the package takes.

    Returns
    -------
    float64 ``[n, 2]`` for each stroke that has points; an empty list where all strokes are one dot,
    which is not a digit.

    Raises
    ------
    ValueError : if `drawing` is not a list of strokes of (x, y) points with finite numbers, or has
        more than `MAX_STROKES` strokes or `MAX_DRAWING_POINTS` points.
    """
    message = "A drawing is a list of strokes, each a list of (x, y) points with finite numbers."
    if isinstance(drawing, torch.Tensor):
        raise ValueError("A tensor is not a drawing.")
    if isinstance(drawing, bytes | bytearray | memoryview) or not isinstance(drawing, Sequence):
        raise ValueError(message)
    if len(drawing) > MAX_STROKES or sum(map(_length, drawing)) > MAX_DRAWING_POINTS:
        raise ValueError(
            f"A drawing has at most {MAX_STROKES:,} strokes and {MAX_DRAWING_POINTS:,} points; "
            "this one has more."
        )
    strokes = []
    for stroke in drawing:
        try:
            points = _to_array(stroke)
            if points.size == 0:
                continue
            if points.dtype.kind not in "iuf":
                raise ValueError
            points = points.astype(np.float64)
        except (ValueError, TypeError, OverflowError, RuntimeError):
            raise ValueError(message) from None
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"{message[:-1]}; pass the pixels of an image as a NumPy array.")
        if not np.isfinite(points).all():
            raise ValueError(message)
        strokes.append(points)
    is_dot = all((points == strokes[0][0]).all() for points in strokes)
    return [] if is_dot else strokes


def images_of_strokes(drawings: Sequence[Strokes]) -> np.ndarray:
    """`to_images` of drawings that are parsed already: float32 ``[N, 28, 28]``."""
    images = torch.zeros(len(drawings), IMAGE_SIZE, IMAGE_SIZE)
    paths = {index: path_of(strokes) for index, strokes in enumerate(drawings) if strokes}
    # Drawings of similar length are rendered together, which needs little padding.
    order = sorted(paths, key=lambda index: len(paths[index][0]))
    for start in range(0, len(order), RENDER_CHUNK):
        chunk = order[start : start + RENDER_CHUNK]
        images[chunk] = render_paths([paths[index] for index in chunk])
    return centre_by_mass(images).numpy()


def images_of_paths(points: np.ndarray, pen_down: np.ndarray) -> torch.Tensor:
    """`to_images` of many drawings in two arrays, without a loop over drawings.

    Parameters
    ----------
    points : float ``[N, P, 2]``, the points (x, y) of each drawing in the order written
    pen_down : bool ``[N, P - 1]``, whether ink joins each point to the next

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    fitted, joined = torch.from_numpy(fit_into_box(points)), torch.from_numpy(pen_down)
    # One array for all images: small ones, allocated between the large buffers of rendering, would
    # keep the freed memory around them from being used again.
    images = torch.zeros(len(points), IMAGE_SIZE, IMAGE_SIZE)
    for start in range(0, len(points), RENDER_CHUNK):
        chunk = slice(start, start + RENDER_CHUNK)
        images[chunk] = render(fitted[chunk], joined[chunk])
    return centre_by_mass(images)


def _length(stroke: object) -> int:
    return len(stroke) if isinstance(stroke, Sized) else 0


def _to_array(stroke: Stroke) -> np.ndarray:
    """`stroke` as an array; ValueError if it holds anything but numbers.

    NumPy gives every text in an array the room of the longest one, so that a few kilobytes of text
    could fill the memory. Hence the types are checked before the conversion.
    """
    if not isinstance(stroke, list | tuple):
        return np.asarray(stroke)
    found = np.array(stroke, dtype=object)
    if not all(issubclass(kind, int | float | np.number) for kind in set(map(type, found.flat))):
        raise ValueError
    return np.asarray(stroke)
