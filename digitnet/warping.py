"""Affine and elastic warping of images, for augmentation and distortions."""

import torch
from torch.nn import functional

from digitnet.models import IMAGE_SIZE


def warp(
    images: torch.Tensor, matrices: torch.Tensor, displacement: torch.Tensor | None = None
) -> torch.Tensor:
    """Warp images by affine maps and displacements; pixels from outside the image are black.

    Parameters
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1
    matrices : float32 ``[N, 2, 3]``, affine maps from a pixel's place (x, y, 1) to its source;
        x and y are -1 to 1 across the image, y down
    displacement : float32 ``[N, 28, 28, 2]``, added to the source of each pixel, in the same unit

    Returns
    -------
    float32 ``[N, 28, 28]`` in 0..1, on the device of `images`
    """
    # On Apple's GPUs (MPS), PyTorch has no bicubic sampling.
    device = torch.device("cpu") if images.device.type == "mps" else images.device
    size = [len(images), 1, IMAGE_SIZE, IMAGE_SIZE]
    grid = functional.affine_grid(matrices.to(device), size, align_corners=False)
    if displacement is not None:
        grid += displacement.to(device)
    # Bicubic, as bilinear sampling blurs, and networks trained on blurred images are less accurate.
    warped = functional.grid_sample(
        images[:, None].to(device), grid, mode="bicubic", align_corners=False
    )
    return warped[:, 0].clamp_(0, 1).to(images.device)
