"""The steps from a drawing to the image that the models see, each as an image of its own."""

from dataclasses import dataclass

import numpy as np
import torch

from digitnet.drawing import (
    BOX_SIZE,
    STROKE_WIDTH,
    Drawing,
    centre_by_mass,
    checked_strokes,
    fit_into_box,
    points_to_follow,
    render,
)
from digitnet.models import IMAGE_SIZE


@dataclass(frozen=True, eq=False)
class Stages:
    """A drawing on its way: float32 ``[28, 28]`` in 0..1 each, all zeros where nothing is drawn.

    Attributes
    ----------
    squeezed : the whole canvas, squeezed to 28x28: what demos without MNIST's geometry show a model
    cropped : only the ink, as large as the field allows
    fitted : the ink's longest side fitted into a box of 20 pixels in the middle
    centred : and its centre of mass moved to the field's centre: `digitnet.to_image`
    """

    squeezed: np.ndarray
    cropped: np.ndarray
    fitted: np.ndarray
    centred: np.ndarray


def preprocessing_stages(drawing: Drawing, size: float) -> Stages:
    """The stages of a drawing on a square canvas whose coordinates go from 0 to `size`.

    Raises
    ------
    ValueError : if it is no drawing.
    """
    strokes = checked_strokes(drawing)
    if not strokes:
        nothing = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
        return Stages(nothing, nothing, nothing, nothing)

    points = np.concatenate(strokes)[None]
    fitted = fit_into_box(points)
    # Ink far outside the canvas is not seen, however far.
    squeezed = (points.clip(-size, 2 * size) * (IMAGE_SIZE / size)).astype(np.float32)
    enlarge = (IMAGE_SIZE - STROKE_WIDTH) / (BOX_SIZE - STROKE_WIDTH)
    cropped = (fitted - IMAGE_SIZE / 2) * enlarge + IMAGE_SIZE / 2

    kept, pen_down = points_to_follow(fitted[0], [len(stroke) for stroke in strokes])
    paths = torch.from_numpy(np.concatenate([squeezed, cropped, fitted])[:, kept])
    rendered = render(paths, torch.from_numpy(pen_down).expand(len(paths), -1))
    return Stages(*torch.cat([rendered, centre_by_mass(rendered[2:])]).numpy())
