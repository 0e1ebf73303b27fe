"""The smallest nudge to an image that makes a classifier answer another digit.

Targeted projected gradient descent (Madry et al., "Towards Deep Learning Models Resistant to
Adversarial Attacks", 2018) inside a bisection over the nudge's size. What it finds is an upper
bound: a smaller nudge may exist.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.calibration import digit_score
from digitnet.classifier import Classifier
from digitnet.evaluation import forward_of

# The norms by name, each with the largest size looked at. An image's own L2 norm is about 9.
NORMS = {"l2": 6.0, "linf": 0.5}
HALVINGS = 8  # of the interval that the smallest size lies in, and then of the nudge found
STEPS = 25  # of gradient descent at each size
STRIDE = 2.5  # sizes that the steps of one descent go together, as Madry et al. advise
LEAD = 0.01  # logits by which the answer must be won: elsewhere it is rounded otherwise


@dataclass(frozen=True, eq=False)
class Nudges:
    """The smallest nudges found, on the CPU.

    Attributes
    ----------
    images : float32 ``[N, 28, 28]`` in 0..1, nudged; as they were where `found` is False
    sizes : float32 ``[N]``, the norm of what was added, in full ink; infinite where `found` is
        False, 0 where the answer was the target already
    found : bool ``[N]``, whether the whole answer became the target: the most probable digit, of
        what looks like a digit
    """

    images: torch.Tensor
    sizes: torch.Tensor
    found: torch.Tensor


def smallest_nudges(
    classifier: Classifier, images: torch.Tensor, targets: torch.Tensor, norm: str
) -> Nudges:
    """Nudge each image to its target, as little as gradient descent manages.

    Parameters
    ----------
    classifier : whose answer is to change; the mean over shifted images, where that is its answer
    images : float32 ``[N, 28, 28]`` in 0..1
    targets : int64 ``[N]``, the digit to be answered to each
    norm : one of `NORMS`: "l2", the root of the sum of squares, or "linf", the largest change

    Raises
    ------
    ValueError : if there is no such norm.
    """
    if norm not in NORMS:
        raise ValueError(f"There is no norm {norm!r}; choose one of {', '.join(NORMS)}.")
    images, targets = images.to(classifier.device), targets.to(classifier.device)
    forward = forward_of(classifier.network, classifier.device, classifier.metadata.shifted)
    best, nudge = images.clone(), torch.zeros_like(images)
    low = torch.zeros(len(images), device=images.device)
    high = torch.full_like(low, torch.inf)
    for _ in range(HALVINGS + 1):
        size = torch.where(high.isfinite(), (low + high) / 2, NORMS[norm])
        # What the last size led to is a good place to begin.
        nudge = _within(nudge, images, size, norm)
        rows = torch.arange(len(images), device=images.device)  # those not yet won at this size
        for _ in range(STEPS):
            nudged = (images[rows] + nudge[rows]).requires_grad_()
            logits = forward(nudged[:, None])
            won = _is_won(classifier, nudged.detach(), logits.detach(), targets[rows])
            best[rows[won]] = nudged.detach()[won]
            high[rows[won]] = size_of(nudge[rows[won]], norm)
            if won.all():
                rows = rows[:0]
                break
            loss = _loss(classifier, logits, targets[rows])
            gradient = torch.autograd.grad(loss, nudged)[0][~won]
            rows, nudged = rows[~won], nudged.detach()[~won]
            stride = (STRIDE / STEPS * size[rows])[:, None, None]
            further = nudge[rows] + stride * _direction(gradient, nudged, norm)
            nudge[rows] = _within(further, images[rows], size[rows], norm)
        low[rows] = size[rows]
    best = _shrunk(classifier, images, best, targets)
    found = high.isfinite()
    sizes = torch.where(found, size_of(best - images, norm), high)
    return Nudges(best.cpu(), sizes.cpu(), found.cpu())


def size_of(nudge: torch.Tensor, norm: str) -> torch.Tensor:
    """The norm, float ``[N]``, of nudges float ``[N, 28, 28]``."""
    return torch.linalg.vector_norm(nudge, 2 if norm == "l2" else torch.inf, dim=(1, 2))


def _within(
    nudge: torch.Tensor, images: torch.Tensor, size: torch.Tensor, norm: str
) -> torch.Tensor:
    """The nearest nudge of that size or less that leaves the images in 0..1."""
    size = size[:, None, None]
    if norm == "l2":
        nudge = nudge * (size / size_of(nudge, norm)[:, None, None].clamp_min(1e-12)).clamp(max=1)
    else:
        nudge = nudge.clamp(-size, size)
    return (images + nudge).clamp(0, 1) - images  # which makes no value of a nudge larger


def _direction(gradient: torch.Tensor, nudged: torch.Tensor, norm: str) -> torch.Tensor:
    """The steepest way down for a step of size 1, where pixels stay in 0..1."""
    outwards = ((nudged <= 0) & (gradient > 0)) | ((nudged >= 1) & (gradient < 0))
    gradient = gradient.masked_fill(outwards, 0)
    if norm == "linf":
        return -gradient.sign()
    return -gradient / size_of(gradient, norm)[:, None, None].clamp_min(1e-12)


def _loss(classifier: Classifier, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy; where the model may refuse, with "no digit" as an eleventh answer."""
    if classifier.metadata.threshold > 0:
        logits = functional.pad(logits, (0, 1))  # its logit is 0, see digit_score
    return functional.cross_entropy(logits, targets, reduction="sum")


def _is_won(
    classifier: Classifier, images: torch.Tensor, logits: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Where bool ``[N]`` the whole answer is the target, by `LEAD`."""
    wanted = logits.gather(1, targets[:, None])[:, 0]
    others = logits.scatter(1, targets[:, None], -torch.inf).amax(1)
    is_digit = digit_score(logits - LEAD) >= classifier.metadata.threshold
    return (wanted >= others + LEAD) & is_digit & (images.amax((1, 2)) > 0)


def _shrunk(
    classifier: Classifier, images: torch.Tensor, nudged: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Take back as much of each nudge as the answer allows."""
    low = torch.zeros(len(images), device=images.device)
    high = torch.ones_like(low)
    for _ in range(HALVINGS):
        share = (low + high) / 2
        less = images + share[:, None, None] * (nudged - images)
        won = _is_won(classifier, less, classifier.logits(less), targets)
        low, high = torch.where(won, low, share), torch.where(won, share, high)
    return images + high[:, None, None] * (nudged - images)
