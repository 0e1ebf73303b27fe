"""Adversarial perturbations, untargeted: one noisy step for training, PGD for measuring.

Training uses N-FGSM (de Jorge et al., "Make some noise: Reliable and efficient single-step
adversarial training", 2022). Trained with less noise (Wong et al., "Fast is better than free:
Revisiting adversarial training", 2020), a network resists perturbations of the size that it was
trained with, and fails at larger ones.
"""

import torch
from torch.nn import functional

from digitnet.cpu import Forward
from digitnet.evaluation import CHUNK, as_batch, make_forward
from digitnet.models import Network

NOISE = 2.0  # sizes; de Jorge et al.
PGD_STEPS = 20
PGD_STRIDE = 2.5 / PGD_STEPS  # sizes a step; Madry et al.


def noisy_fgsm(
    forward: Forward,
    images: torch.Tensor,
    labels: torch.Tensor,
    size: float | torch.Tensor,
    rng: torch.Generator,
) -> torch.Tensor:
    """Add uniform noise of `NOISE` sizes, and then one step by which the cross-entropy grows.

    Parameters
    ----------
    forward : from images to logits ``[N, 10]``, differentiable
    images : float32 ``[N, 1, 28, 28]`` in 0..1
    labels : int64 ``[N]``, 0 to 9
    size : the step's change of each pixel, 0..1; a number, or ``[N, 1, 1, 1]`` for each image
    rng : of the noise, on the CPU

    Returns
    -------
    float32 ``[N, 1, 28, 28]`` in 0..1
    """
    noise = torch.rand(images.shape, generator=rng).to(images.device).mul_(2).sub_(1)
    noisy = (images + NOISE * size * noise).clamp_(0, 1)
    return (noisy + size * _ascent(forward, noisy, labels)).clamp_(0, 1)


def pgd(
    forward: Forward,
    images: torch.Tensor,
    labels: torch.Tensor,
    size: float,
    rng: torch.Generator,
) -> torch.Tensor:
    """Perturb images within the L-infinity norm so that the cross-entropy of their labels grows.

    `PGD_STEPS` steps of projected gradient descent from a random start (Madry et al., "Towards Deep
    Learning Models Resistant to Adversarial Attacks", 2018).

    Parameters
    ----------
    forward, images, labels : as in `noisy_fgsm`
    size : the largest change of a pixel, 0..1
    rng : of the random start, on the CPU

    Returns
    -------
    float32 ``[N, 1, 28, 28]`` in 0..1
    """
    start = torch.rand(images.shape, generator=rng).to(images.device)
    low, high = (images - size).clamp_min_(0), (images + size).clamp_max_(1)
    perturbed = low + start * (high - low)
    for _ in range(PGD_STEPS):
        moved = perturbed + PGD_STRIDE * size * _ascent(forward, perturbed, labels)
        perturbed = torch.minimum(torch.maximum(moved, low), high)
    return perturbed


def _ascent(forward: Forward, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The signs of the gradient of the cross-entropy by the pixels, -1, 0 or 1."""
    images = images.detach().requires_grad_()
    loss = functional.cross_entropy(forward(images), labels, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, images)
    return gradient.sign_()


def accuracy_under_attack(
    network: Network, images: torch.Tensor, labels: torch.Tensor, size: float, seed: int = 0
) -> float:
    """The accuracy, 0..1, on images perturbed by `pgd`.

    Parameters
    ----------
    network : to attack, without refusing anything
    images : ``[N, 28, 28]`` as `digitnet.evaluation.as_batch` takes them; N is 1 or more
    labels : int64 ``[N]``, 0 to 9
    size : the largest change of a pixel, 0..1; 0 for none
    seed : of the random starts
    """
    rng = torch.Generator().manual_seed(seed)
    forward = make_forward(network, images.device)
    right = 0
    for chunk, truth in zip(images.split(CHUNK), labels.split(CHUNK), strict=True):
        perturbed = pgd(forward, as_batch(chunk), truth, size, rng)
        with torch.no_grad():
            right += int((forward(perturbed).argmax(1) == truth).sum())
    return right / len(images)
