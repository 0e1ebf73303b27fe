"""Batched image augmentation: affine and elastic deformation, and another pen width."""

import torch
from torch.nn import functional

from digitnet.models import IMAGE_SIZE
from digitnet.warping import warp

# Standard deviations.
ROTATION = 0.10  # radians
SHEAR = 0.15  # horizontal pixels per vertical pixel
STRETCH = 0.08  # relative, of width and height independently
SHIFT = 0.8  # pixels, in x and y
BEND = 0.7  # pixels, of an elastic deformation's control points
BEND_GRID = 5  # control points of the deformation along each side
# Fractions of the images. The others keep MNIST's own edges and greys, which resampling blurs.
MOVED_SHARE = 0.6
ANOTHER_PEN_SHARE = 0.15
MIN_CUT, MAX_CUT = 0.28, 0.55  # of full ink: threshold for the edge of a wide, of a thin pen
EDGE = 2.0  # slope of the ink over the blurred ink at that threshold
BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16


def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Rotate, shear, stretch, shift and bend images at random, and change the width of the pen.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1
    generator : on the CPU, so that a seed gives the same random numbers for every device

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    count, device = len(images), images.device

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator)

    # The unit of grid_sample is half the image: 1 is 14 pixels.
    half = IMAGE_SIZE / 2
    angle, shear = ROTATION * normal(), SHEAR * normal()
    width, height = 1 + STRETCH * normal(), 1 + STRETCH * normal()
    across, down = SHIFT / half * normal(), SHIFT / half * normal()
    matrices = torch.stack(
        [
            torch.stack([width * angle.cos(), shear - angle.sin(), across], dim=1),
            torch.stack([angle.sin(), height * angle.cos(), down], dim=1),
        ],
        dim=1,
    ).to(device)
    bend = (BEND / half * normal(2, BEND_GRID, BEND_GRID)).to(device)
    bend = functional.interpolate(bend, IMAGE_SIZE, mode="bicubic", align_corners=True)
    moved = warp(images, matrices, bend.permute(0, 2, 3, 1))[:, None]
    still = torch.rand(count, 1, 1, 1, generator=generator) >= MOVED_SHARE
    moved = torch.where(still.to(device), images[:, None], moved)

    # Blurring followed by a steep threshold keeps edges sharp; a low threshold widens the pen.
    blurred = functional.conv2d(moved, BLUR.to(device), padding=1)
    cut = MIN_CUT + (MAX_CUT - MIN_CUT) * torch.rand(count, 1, 1, 1, generator=generator)
    another_pen = torch.rand(count, 1, 1, 1, generator=generator) < ANOTHER_PEN_SHARE
    inked = torch.where(another_pen.to(device), 0.5 + EDGE * (blurred - cut.to(device)), moved)
    return inked[:, 0].clamp_(0, 1)
