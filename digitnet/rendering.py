"""Pen strokes to 28x28 images with MNIST's geometry.

As MNIST's authors describe it (http://yann.lecun.com/exdb/mnist/): the longest side of the ink is
fitted into a box of 20 pixels, keeping its aspect ratio, and the ink's centre of mass goes to the
centre of the 28x28 field.
"""

from collections.abc import Sequence

import numpy as np
import torch

from digitnet.models import IMAGE_SIZE

# Where MNIST puts the centre of mass: on the pixel (14, 14), whose centre lies at 14.5.
CENTRE = IMAGE_SIZE / 2 + 0.5  # pixels from the field's top left corner
BOX_SIZE = 20  # pixels, the longest side of the ink
STROKE_WIDTH = 2.4  # pixels, of a rendered stroke; chosen with the training images
EDGE_WIDTH = 1.4  # pixels over which a rendered stroke fades from full ink to none
POINT_SPACING = 0.5  # pixels; points of a stroke nearer to each other than this are merged
MAX_POINTS = 2000  # of a rendered drawing, about; points of a longer one lie farther apart
TIE = 1e-4  # pixels; symmetric drawings lie half-way between two shifts, up to rounding errors
RENDER_CHUNK = 8  # drawings rendered at once; more would leave the processor's cache


def fit_into_box(points: np.ndarray) -> np.ndarray:
    """Fit the points ``[N, P, 2]`` of each drawing into the box: float32, in pixels."""
    points = points / 2  # keeps the extent of the largest float64 coordinates finite
    low, high = points.min(axis=1, keepdims=True), points.max(axis=1, keepdims=True)
    extent = (high - low).max(axis=2, keepdims=True)
    # An extent of 0 is a dot, which stays a dot at any scale.
    scale = (BOX_SIZE - STROKE_WIDTH) / np.where(extent > 1e-300, extent, 1)
    return ((points - low / 2 - high / 2) * scale + IMAGE_SIZE / 2).astype(np.float32)


def path_of(strokes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """One drawing for `render`: points float32 ``[P, 2]``, pen_down bool ``[P - 1]``."""
    fitted = fit_into_box(np.concatenate(strokes)[None])[0]
    kept, pen_down = points_to_follow(fitted, [len(points) for points in strokes])
    return fitted[kept], pen_down


def points_to_follow(fitted: np.ndarray, lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Select points that are sufficient to render a drawing.

    Parameters
    ----------
    fitted : float32 ``[N, 2]``, the points of all strokes in pixels, fitted into the box
    lengths : the number of points of each stroke

    Returns
    -------
    kept : bool ``[N]``, whether to keep each point
    pen_down : bool ``[kept.sum() - 1]``, whether ink joins each kept point to the next
    """
    ends = np.cumsum(lengths)
    strokes = np.split(fitted, ends[:-1])
    length = sum(length_along(points)[-1] for points in strokes)
    spacing = max(POINT_SPACING, length / MAX_POINTS)
    kept = np.concatenate([_far_enough(points, spacing) for points in strokes])
    pen_down = np.ones(len(fitted), bool)
    pen_down[ends - 1] = False
    return kept, pen_down[kept][:-1]


def render_paths(paths: Sequence[tuple[np.ndarray, np.ndarray]]) -> torch.Tensor:
    """Render paths as returned by `path_of` in one batch: float32 ``[N, 28, 28]``.

    Shorter paths are padded by repeating their last point.
    """
    longest = max(len(points) for points, _ in paths)
    all_points = np.empty((len(paths), longest, 2), np.float32)
    all_down = np.zeros((len(paths), longest - 1), bool)
    for number, (points, down) in enumerate(paths):
        all_points[number, : len(points)] = points
        all_points[number, len(points) :] = points[-1]
        all_down[number, : len(down)] = down
    return render(torch.from_numpy(all_points), torch.from_numpy(all_down))


def length_along(points: np.ndarray) -> np.ndarray:
    """The length of a line ``[n, 2]`` up to each of its points, ``[n]``."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])


def _far_enough(points: np.ndarray, spacing: float) -> np.ndarray:
    """Keep the ends of a stroke, and points at least `spacing` apart: bool ``[n]``."""
    steps = np.floor(length_along(points) / spacing)
    kept = np.concatenate([[True], np.diff(steps) > 0])
    kept[-1] = True
    return kept


def render(points: torch.Tensor, pen_down: torch.Tensor) -> torch.Tensor:
    """Render anti-aliased line segments with round ends between points.

    Parameters
    ----------
    points : float32 ``[N, P, 2]``, each an (x, y) in pixels from the field's top left corner
    pen_down : bool ``[N, P - 1]``, whether ink joins each point to the next

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1, the ink of each pixel by its distance from the path
    """
    # A segment from each point to the next; of length 0, a dot, where the pen is lifted.
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


def centre_by_mass(images: torch.Tensor) -> torch.Tensor:
    """Shift each image by whole pixels so that its centre of mass is nearest to `CENTRE`.

    Ink is never shifted out of the image. Blank images are not changed.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]``

    Returns
    -------
    float32 ``[N, 28, 28]``
    """
    rows, columns = shifts_to_centre(images)
    grid = torch.arange(IMAGE_SIZE, device=images.device)
    row_index = (grid - rows[:, None]) % IMAGE_SIZE
    column_index = (grid - columns[:, None]) % IMAGE_SIZE
    batch = torch.arange(len(images), device=images.device)
    return images[batch[:, None, None], row_index[:, :, None], column_index[:, None, :]]


def shifts_to_centre(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows down and columns to the right that `centre_by_mass` shifts by: int64 ``[N]`` each."""
    rows, columns = _shifts(torch.cat([images.sum(2), images.sum(1)])).chunk(2)
    return rows, columns


def _shifts(profile: torch.Tensor) -> torch.Tensor:
    """Shifts in pixels, int64 ``[N]``, for ink summed along an axis: `profile` ``[N, 28]``."""
    positions = torch.arange(IMAGE_SIZE, dtype=profile.dtype, device=profile.device) + 0.5
    mass = profile.sum(1)
    centre = (profile * positions).sum(1) / mass.clamp_min(1e-6)
    wanted = torch.where(mass > 0, torch.round(CENTRE - centre - TIE), 0).long()
    inked = profile > 0
    first = inked.int().argmax(1)
    last = IMAGE_SIZE - 1 - inked.flip(1).int().argmax(1)
    return wanted.clamp(-first, IMAGE_SIZE - 1 - last)
