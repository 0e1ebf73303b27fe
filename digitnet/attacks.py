"""Adversarial perturbations bounded in the L-infinity norm: FGSM and PGD, untargeted.

With one step, `attack` is the fast gradient sign method with a random start (Wong et al., "Fast is
better than free: Revisiting adversarial training", 2020), which training uses. With more steps, it
is projected gradient descent (Madry et al., "Towards Deep Learning Models Resistant to Adversarial
Attacks", 2018), which measures how robust a network is.
"""

import torch
from torch.nn import functional

from digitnet.cpu import Forward
from digitnet.evaluation import CHUNK, as_batch, make_forward
from digitnet.models import Network

PGD_STEPS = 20
# The length of each step, in sizes of the perturbation.
FGSM_STRIDE = 1.25  # Wong et al.
PGD_STRIDE = 2.5 / PGD_STEPS  # Madry et al.


def attack(
    forward: Forward,
    images: torch.Tensor,
    labels: torch.Tensor,
    size: float,
    rng: torch.Generator,
    steps: int = 1,
) -> torch.Tensor:
    """Perturb images so that the cross-entropy of their labels grows.

    Parameters
    ----------
    forward : from images to logits ``[N, 10]``, differentiable
    images : float32 ``[N, 1, 28, 28]`` in 0..1
    labels : int64 ``[N]``, 0 to 9
    size : the largest change of a pixel, 0..1
    rng : of the random start, on the CPU
    steps : 1 for FGSM, more for PGD

    Returns
    -------
    float32 ``[N, 1, 28, 28]`` in 0..1
    """
    stride = size * (FGSM_STRIDE if steps == 1 else PGD_STRIDE)
    start = torch.rand(images.shape, generator=rng).to(images.device)
    low, high = (images - size).clamp_min_(0), (images + size).clamp_max_(1)
    perturbed = low + start * (high - low)
    for _ in range(steps):
        perturbed.requires_grad_()
        loss = functional.cross_entropy(forward(perturbed), labels, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, perturbed)
        moved = perturbed.detach() + stride * gradient.sign()
        perturbed = torch.minimum(torch.maximum(moved, low), high)
    return perturbed


def accuracy_under_attack(
    network: Network, images: torch.Tensor, labels: torch.Tensor, size: float, seed: int = 0
) -> float:
    """The accuracy, 0..1, on images perturbed by `PGD_STEPS` steps of PGD.

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
        perturbed = attack(forward, as_batch(chunk), truth, size, rng, PGD_STEPS)
        with torch.no_grad():
            right += int((forward(perturbed).argmax(1) == truth).sum())
    return right / len(images)
