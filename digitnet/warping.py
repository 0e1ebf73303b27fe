"""Warping images: what augmentation and distortions share."""

import torch
from torch.nn import functional

from digitnet.models import IMAGE_SIZE


def warp(
    images: torch.Tensor, matrices: torch.Tensor, displacement: torch.Tensor | None = None
) -> torch.Tensor:
    """Warp images: take each pixel from elsewhere in its image, black where that is outside.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1
    matrices : float32 ``[N, 2, 3]``, affine maps from a pixel's place (x, y, 1) to its source;
        x and y go from -1 to 1 over the image, y down
    displacement : float32 ``[N, 28, 28, 2]``, added to the source of each pixel, in the same unit

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1
    """
    size = [len(images), 1, IMAGE_SIZE, IMAGE_SIZE]
    grid = functional.affine_grid(matrices, size, align_corners=False)
    if displacement is not None:
        grid += displacement
    # Bicubic: bilinear sampling blurs, and networks trained on that do worse on sharp images.
    warped = functional.grid_sample(images[:, None], grid, mode="bicubic", align_corners=False)
    return warped[:, 0].clamp_(0, 1)
