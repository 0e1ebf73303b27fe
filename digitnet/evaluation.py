"""Logits, and the metrics computed from them: accuracy, loss, confusion matrix."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.cpu import Forward, fast_forward
from digitnet.models import CLASSES, Network

# Images in one forward pass. 10,000 need 7 GB of activations in the CNN. With so few, glibc reuses
# memory instead of having it zeroed again: twice as fast.
CHUNK = 100


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


def make_forward(network: Network, device: torch.device) -> Forward:
    """A differentiable function of images ``[N, 1, 28, 28]`` on `device`: logits ``[N, 10]``."""
    return fast_forward(network.eval(), device)


def compute_logits(network: Network, images: torch.Tensor) -> torch.Tensor:
    """Logits float32 ``[N, 10]`` of images ``[N, 28, 28]`` (uint8, or float32 in 0..1)."""
    return batched_logits(make_forward(network, images.device), images)


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
