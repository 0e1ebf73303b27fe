"""Batched image augmentation: the same digit from another hand, with another pen."""

import torch
from torch.nn import functional

from digitnet.models import IMAGE_SIZE

# Standard deviations, but for the pen; mild on purpose.
ROTATION = 0.10  # radians
SHEAR = 0.15  # pixels across a pixel down
STRETCH = 0.08  # of the width and of the height, each by itself
SHIFT = 0.8  # pixels, each way
BEND = 0.7  # pixels, of an elastic deformation's control points
BEND_GRID = 5  # control points of the deformation, each way
# Shares of the images. The others keep what resampling blurs: MNIST's own edges and greys.
MOVED_SHARE = 0.6
ANOTHER_PEN_SHARE = 0.15
LOWEST_CUT, HIGHEST_CUT = 0.28, 0.55  # of full ink: where the edge of a wide, of a thin pen lies
EDGE = 2.0  # ink a blurred pixel's difference from there makes
BLUR = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16


def augment(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Distort each image at random: rotated, sheared, stretched, shifted, bent, another pen.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1
    generator : on the CPU, whatever device the images are on, so that a seed means the same there

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    count, device = len(images), images.device

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator)

    # grid_sample counts in half fields: 1 is 14 pixels.
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
    moved = resample(images, matrices, bend.permute(0, 2, 3, 1))[:, None]
    still = torch.rand(count, 1, 1, 1, generator=generator) >= MOVED_SHARE
    moved = torch.where(still.to(device), images[:, None], moved)

    # Blurred and cut off again, ink is as crisp as before: wider where cut off low.
    blurred = functional.conv2d(moved, BLUR.to(device), padding=1)
    cut = LOWEST_CUT + (HIGHEST_CUT - LOWEST_CUT) * torch.rand(count, 1, 1, 1, generator=generator)
    another_pen = torch.rand(count, 1, 1, 1, generator=generator) < ANOTHER_PEN_SHARE
    inked = torch.where(another_pen.to(device), 0.5 + EDGE * (blurred - cut.to(device)), moved)
    return inked[:, 0].clamp_(0, 1)


def resample(
    images: torch.Tensor, matrices: torch.Tensor, bend: torch.Tensor | None = None
) -> torch.Tensor:
    """Take each pixel from elsewhere in its image, black where that is outside.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1
    matrices : float32 ``[N, 2, 3]``, from a pixel's place (x, y, 1) to where its ink comes from;
        x and y go from -1 to 1 over the field, y down
    bend : float32 ``[N, 28, 28, 2]``, added to where it comes from

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    size = [len(images), 1, IMAGE_SIZE, IMAGE_SIZE]
    grid = functional.affine_grid(matrices, size, align_corners=False)
    if bend is not None:
        grid += bend
    # Bicubic: bilinear sampling blurs, and networks that have seen nothing else do worse on what
    # is sharp.
    moved = functional.grid_sample(images[:, None], grid, mode="bicubic", align_corners=False)
    return moved[:, 0].clamp_(0, 1)
