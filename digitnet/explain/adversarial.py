"""Small adversarial perturbations that make a classifier answer a target digit.

Targeted projected gradient descent (Madry et al., "Towards Deep Learning Models Resistant to
Adversarial Attacks", 2018) within a bisection of the perturbation's size. The size found is an
upper bound: a smaller perturbation may exist.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.calibration import digit_score
from digitnet.classifier import Classifier
from digitnet.evaluation import make_forward

# The norms, each with the largest size searched. The L2 norm of an image itself is about 9.
NORMS = {"l2": 6.0, "linf": 0.5}
HALVINGS = 8  # bisection steps for the size, and again for scaling down the perturbation found
STEPS = 25  # of gradient descent at each size
STRIDE = 2.5  # total length of these steps, in sizes, as Madry et al. recommend
MARGIN = 0.01  # logits by which the target must win, so that rounding cannot change the answer


@dataclass(frozen=True, eq=False)
class Perturbations:
    """The smallest perturbations found, on the CPU.

    Attributes
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1, perturbed; unchanged where `found` is False
    sizes : float32 ``[N]``, the norm of the perturbation; infinite where `found` is False, 0 where
        the answer was the target already
    found : bool ``[N]``, whether `digitnet.Prediction.answer` became the target
    """

    images: torch.Tensor
    sizes: torch.Tensor
    found: torch.Tensor


def smallest_perturbations(
    classifier: Classifier, images: torch.Tensor, targets: torch.Tensor, norm: str
) -> Perturbations:
    """Search for the smallest perturbation of each image that changes the answer to its target.

    Parameters
    ----------
    classifier : to attack
    images : float32 ``[N, 28, 28]`` in 0..1
    targets : int64 ``[N]``, 0 to 9
    norm : one of `NORMS`: "l2", the root of the sum of squares, or "linf", the largest change

    Raises
    ------
    ValueError : if there is no such norm.
    """
    if norm not in NORMS:
        raise ValueError(f"There is no norm {norm!r}; choose one of {', '.join(NORMS)}.")
    images, targets = images.to(classifier.device), targets.to(classifier.device)
    forward = make_forward(classifier.network, classifier.device)
    best, perturbation = images.clone(), torch.zeros_like(images)
    low = torch.zeros(len(images), device=images.device)
    high = torch.full_like(low, torch.inf)
    for _ in range(HALVINGS + 1):
        size = torch.where(high.isfinite(), (low + high) / 2, NORMS[norm])
        # Start from the perturbation of the previous size.
        perturbation = _project(perturbation, images, size, norm)
        rows = torch.arange(len(images), device=images.device)  # not yet won at this size
        for _ in range(STEPS):
            perturbed = (images[rows] + perturbation[rows]).requires_grad_()
            logits = forward(perturbed[:, None])
            won = _is_won(classifier, perturbed.detach(), logits.detach(), targets[rows])
            best[rows[won]] = perturbed.detach()[won]
            high[rows[won]] = size_of(perturbation[rows[won]], norm)
            if won.all():
                rows = rows[:0]
                break
            loss = _loss(classifier, logits, targets[rows])
            gradient = torch.autograd.grad(loss, perturbed)[0][~won]
            rows, perturbed = rows[~won], perturbed.detach()[~won]
            stride = (STRIDE / STEPS * size[rows])[:, None, None]
            moved = perturbation[rows] + stride * _direction(gradient, perturbed, norm)
            perturbation[rows] = _project(moved, images[rows], size[rows], norm)
        low[rows] = size[rows]
    best = _scaled_down(classifier, images, best, targets)
    found = high.isfinite()
    sizes = torch.where(found, size_of(best - images, norm), high)
    return Perturbations(best.cpu(), sizes.cpu(), found.cpu())


def size_of(perturbations: torch.Tensor, norm: str) -> torch.Tensor:
    """The norm, float ``[N]``, of perturbations float ``[N, 28, 28]``."""
    return torch.linalg.vector_norm(perturbations, 2 if norm == "l2" else torch.inf, dim=(1, 2))


def _project(
    perturbation: torch.Tensor, images: torch.Tensor, size: torch.Tensor, norm: str
) -> torch.Tensor:
    """Project onto perturbations of at most `size` that keep the images in 0..1."""
    size = size[:, None, None]
    if norm == "l2":
        norms = size_of(perturbation, norm)[:, None, None].clamp_min(1e-12)
        perturbation = perturbation * (size / norms).clamp(max=1)
    else:
        perturbation = perturbation.clamp(-size, size)
    return (images + perturbation).clamp(0, 1) - images  # never increases the norm


def _direction(gradient: torch.Tensor, images: torch.Tensor, norm: str) -> torch.Tensor:
    """The direction of steepest descent, of norm 1, without pixels that would leave 0..1."""
    outwards = ((images <= 0) & (gradient > 0)) | ((images >= 1) & (gradient < 0))
    gradient = gradient.masked_fill(outwards, 0)
    if norm == "linf":
        return -gradient.sign()
    return -gradient / size_of(gradient, norm)[:, None, None].clamp_min(1e-12)


def _loss(classifier: Classifier, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; with "not a digit" as an eleventh class where the model has it."""
    if classifier.metadata.threshold > 0:
        logits = functional.pad(logits, (0, 1))  # its logit is 0, see digit_score
    return functional.cross_entropy(logits, targets, reduction="sum")


def _is_won(
    classifier: Classifier, images: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Whether each answer is the target by at least `MARGIN`: bool ``[N]``."""
    wanted = logits.gather(1, targets[:, None])[:, 0]
    others = logits.scatter(1, targets[:, None], -torch.inf).amax(1)
    is_digit = digit_score(logits - MARGIN) >= classifier.metadata.threshold
    return (wanted >= others + MARGIN) & is_digit & (images.amax((1, 2)) > 0)


def _scaled_down(
    classifier: Classifier, images: torch.Tensor, perturbed: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Scale each perturbation down as far as the answer stays the target."""
    low = torch.zeros(len(images), device=images.device)
    high = torch.ones_like(low)
    for _ in range(HALVINGS):
        scale = (low + high) / 2
        scaled = images + scale[:, None, None] * (perturbed - images)
        won = _is_won(classifier, scaled, classifier.logits(scaled), targets)
        low, high = torch.where(won, low, scale), torch.where(won, scale, high)
    return images + high[:, None, None] * (perturbed - images)
