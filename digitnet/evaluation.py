"""Logits, and the metrics computed from them: accuracy, loss, confusion matrix."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.cpu import Forward, fast_forward
from digitnet.models import CLASSES, Network

# Test-time augmentation: the image and its shifts by one pixel, as row and column of the crop's top
# left corner in the image padded by one pixel.
SHIFT_OFFSETS = ((1, 1), (1, 2), (1, 0), (2, 1), (0, 1))
# Images in one forward pass. 10,000 need 7 GB of activations in the CNN. With so few and their
# shifted copies, glibc reuses memory instead of having it zeroed again: twice as fast.
CHUNK = 20


@dataclass(frozen=True)
class Evaluation:
    """The metrics of logits and labels.

    Attributes
    ----------
    count : number of images
    accuracy : 0..1
    loss : mean cross-entropy, nats
    confusion : ``confusion[true][predicted]``, counts
    """

    count: int
    accuracy: float
    loss: float
    confusion: list[list[int]]


def as_batch(images: torch.Tensor) -> torch.Tensor:
    """Images ``[N, 28, 28]`` as the networks take them: float32 ``[N, 1, 28, 28]`` in 0..1.

    uint8 images are in 0..255, floating-point images in 0..1.
    """
    batch = images.unsqueeze(1)
    return batch.float().div_(255) if batch.dtype == torch.uint8 else batch.float()


def make_forward(network: Network, device: torch.device, tta: bool = False) -> Forward:
    """A differentiable function from a batch ``[N, 1, 28, 28]`` on `device` to logits ``[N, 10]``.

    With test-time augmentation (`tta`), the logits are the mean over the image and four copies
    shifted by a pixel left, right, up and down.
    """
    forward = fast_forward(network.eval(), device)
    if not tta:
        return forward

    def mean_over_shifts(batch: torch.Tensor) -> torch.Tensor:
        together = forward(shifted_copies(batch).flatten(0, 1))
        return together.unflatten(0, (-1, len(SHIFT_OFFSETS))).mean(1)

    return mean_over_shifts


def shifted_copies(images: torch.Tensor) -> torch.Tensor:
    """Images ``[N, ..., 28, 28]`` and their four shifted copies: ``[N, 5, ..., 28, 28]``."""
    padded = functional.pad(images, (1, 1, 1, 1))
    size = images.shape[-1]
    copies = [padded[..., y : y + size, x : x + size] for y, x in SHIFT_OFFSETS]
    return torch.stack(copies, 1)


def compute_logits(network: Network, images: torch.Tensor, tta: bool = False) -> torch.Tensor:
    """Logits float32 ``[N, 10]`` of images ``[N, 28, 28]`` (uint8, or float32 in 0..1).

    `tta` is as in `make_forward`.
    """
    return batched_logits(make_forward(network, images.device, tta), images)


@torch.inference_mode()
def batched_logits(forward: Forward, images: torch.Tensor) -> torch.Tensor:
    """`compute_logits` with a function returned by `make_forward`."""
    chunks = [forward(as_batch(chunk)) for chunk in images.split(CHUNK)]
    return torch.cat(chunks) if chunks else torch.zeros(0, CLASSES, device=images.device)


def evaluate(logits: torch.Tensor, labels: torch.Tensor) -> Evaluation:
    """Compare logits float ``[N, 10]`` with labels int64 ``[N]``; N must be 1 or more."""
    predicted = logits.argmax(1)
    confusion = torch.bincount(labels * CLASSES + predicted, minlength=CLASSES**2)
    return Evaluation(
        count=len(labels),
        accuracy=(predicted == labels).sum().item() / len(labels),
        loss=functional.cross_entropy(logits, labels).item(),
        confusion=confusion.reshape(CLASSES, CLASSES).tolist(),
    )
