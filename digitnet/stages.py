"""The stages of preprocessing, from a drawing to the image that the models see."""

from dataclasses import dataclass

import numpy as np
import torch

from digitnet.drawing import Strokes
from digitnet.models import IMAGE_SIZE
from digitnet.rendering import (
    BOX_SIZE,
    STROKE_WIDTH,
    centre_by_mass,
    fit_into_box,
    points_to_follow,
    render,
)


@dataclass(frozen=True, eq=False)
class Stages:
    """The stages of a drawing, float32 ``[28, 28]`` in 0..1 each; all zeros where it is blank.

    Attributes
    ----------
    squeezed : the whole canvas scaled to 28x28, as demos without MNIST's geometry do it
    cropped : the ink alone, as large as the field allows
    fitted : the ink's longest side fitted into a box of 20 pixels in the middle
    centred : `fitted` with its centre of mass in the field's centre; equals `digitnet.to_image`
    """

    squeezed: np.ndarray
    cropped: np.ndarray
    fitted: np.ndarray
    centred: np.ndarray


def preprocessing_stages(strokes: Strokes, size: float) -> Stages:
    """The stages of a parsed drawing on a square canvas with coordinates from 0 to `size`."""
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
