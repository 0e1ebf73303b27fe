"""The ink of a picture, redrawn with strokes as wide as a drawing's."""

import math

import numpy as np
import scipy
import torch
from PIL import Image

from digitnet.models import IMAGE_SIZE
from digitnet.rendering import BOX_SIZE, EDGE_WIDTH, STROKE_WIDTH

INKED = 0.45  # of the usual ink: where a stroke's edge lies
EVENED = 0.15  # pens, the standard deviation of the smoothing before that
FINE_SIZE = 6 * BOX_SIZE  # pixels, the longest side at which a picture's strokes are redrawn
AS_IT_IS = 1.3 * BOX_SIZE  # pixels; ink no larger than this has MNIST's kind of strokes already


def fit_ink(strength: np.ndarray) -> torch.Tensor:
    """Crop ink and fit it into the box, with strokes as wide as a drawing's.

    Parameters
    ----------
    strength : float32 ``[H, W]`` of ink, 0 where there is none

    Returns
    -------
    float32 ``[28, 28]`` in 0..1, not yet centred; zeros where there is no ink
    """
    if not strength.any():
        return torch.zeros(IMAGE_SIZE, IMAGE_SIZE)
    cropped = strength[scipy.ndimage.find_objects(strength > 0, 1)[0]]
    cropped = cropped / cropped.max()
    fit = _reduced if max(cropped.shape) <= AS_IT_IS else _redrawn
    return torch.from_numpy(fit(cropped))


def _reduced(strength: np.ndarray) -> np.ndarray:
    """Ink that is about as large as in MNIST, in the middle of a field float32 ``[28, 28]``."""
    scale = BOX_SIZE / max(strength.shape)
    height, width = (max(1, round(side * scale)) for side in strength.shape)
    fitted = Image.fromarray(strength).resize((width, height), Image.Resampling.BILINEAR)
    field = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    top, left = (IMAGE_SIZE - height) // 2, (IMAGE_SIZE - width) // 2
    values = np.asarray(fitted)
    field[top : top + height, left : left + width] = np.clip(values / values.max(), 0, 1)
    return field


def _redrawn(strength: np.ndarray) -> np.ndarray:
    """The strokes of ink ``[H, W]`` in 0..1, drawn anew in MNIST's width: float32 ``[28, 28]``.

    The distance of each pixel from the edge of the ink (a distance transform) tells its distance
    from the middle of a stroke, and so how much ink a pen of another width would leave there.
    """
    zoom = FINE_SIZE / max(strength.shape)
    height, width = (max(1, round(side * zoom)) for side in strength.shape)
    margin = math.ceil(max(2, 1.5 / zoom))  # more than a pixel without ink stays around it
    padded = np.pad(strength, margin)
    size = (width + round(2 * margin * zoom), height + round(2 * margin * zoom))
    fine = np.asarray(Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC))
    rough = fine > INKED * np.percentile(fine[fine > 0], 75)
    # A pencil leaves paper between its grains: what is narrower than the pen is no gap.
    pen = 4 * scipy.ndimage.distance_transform_edt(rough)[rough].mean() - 1
    even = scipy.ndimage.gaussian_filter(fine, EVENED * max(pen, 1), mode="constant")
    ink = even > INKED * np.percentile(even[rough], 75)
    inside = scipy.ndimage.distance_transform_edt(ink)
    outside = scipy.ndimage.distance_transform_edt(~ink)
    pen = 4 * inside[ink].mean() - 1  # across a band, the mean is a quarter of its width
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    scale = (BOX_SIZE - STROKE_WIDTH) / max(extent - pen, 0.3 * extent)  # pixels in the box to one
    from_edge = np.where(ink, 0.5 - inside, outside - 0.5)
    from_middle = from_edge + pen / 2
    if pen * scale > STROKE_WIDTH:  # where a stroke is narrower than others, it must not vanish
        ridge = ink & (inside >= scipy.ndimage.maximum_filter(inside, 3)) & (inside > pen / 6)
        from_middle = np.minimum(from_middle, scipy.ndimage.distance_transform_edt(~ridge))
    centres = np.arange(IMAGE_SIZE) + 0.5 - IMAGE_SIZE / 2
    places = np.meshgrid(
        centres / scale + (rows[0] + rows[-1]) / 2,
        centres / scale + (columns[0] + columns[-1]) / 2,
        indexing="ij",
    )
    far = FINE_SIZE
    distance = scipy.ndimage.map_coordinates(from_middle, places, order=1, cval=far) * scale
    image = np.clip((STROKE_WIDTH / 2 - distance) / EDGE_WIDTH + 0.5, 0, 1)
    return image.astype(np.float32)
