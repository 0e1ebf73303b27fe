"""Logits, and what they are worth: accuracy, loss, confusion."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.layout import lay_out
from digitnet.models import CLASSES, Network

CHUNK = 50  # images at once; 10,000 in one batch take 7 GB of activations in the CNN


@dataclass(frozen=True)
class Evaluation:
    """How well logits match their labels.

    Attributes
    ----------
    count : number of images
    accuracy : share recognised, 0..1
    loss : mean cross-entropy, nats
    confusion : ``confusion[true][predicted]``, counts
    """

    count: int
    accuracy: float
    loss: float
    confusion: list[list[int]]


def as_batch(images: torch.Tensor) -> torch.Tensor:
    """What the networks take, float32 ``[N, 1, 28, 28]`` in 0..1, of images ``[N, 28, 28]``.

    uint8 images are in 0..255, floating-point images in 0..1 already.
    """
    batch = images.unsqueeze(1)
    return batch.float().div_(255) if batch.dtype == torch.uint8 else batch.float()


@torch.inference_mode()
def logits_of(network: Network, images: torch.Tensor) -> torch.Tensor:
    """Logits float32 ``[N, 10]`` of images ``[N, 28, 28]`` (uint8, or float32 in 0..1)."""
    forward = lay_out(network.eval(), images.device)
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
