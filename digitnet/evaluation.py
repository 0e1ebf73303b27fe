"""Logits, and what they are worth: accuracy, loss, confusion."""

from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.cpu import Forward, lay_out
from digitnet.models import CLASSES, Network

# Where an image with a margin of one pixel is cut out again: row and column of its top left corner.
NEIGHBOURS = ((1, 1), (1, 2), (1, 0), (2, 1), (0, 1))
# Images at once. 10,000 in one batch take 7 GB of activations in the CNN; so few, with their four
# neighbours, still fit where glibc keeps memory instead of having it zeroed anew: twice as fast.
CHUNK = 20


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


def forward_of(network: Network, device: torch.device, shifted: bool = False) -> Forward:
    """What gives logits ``[N, 10]`` of a batch ``[N, 1, 28, 28]``, on `device`; differentiable.

    Where `shifted`, each is the mean over the image and its four neighbours: moved by a pixel left,
    right, up and down.
    """
    forward = lay_out(network.eval(), device)
    if not shifted:
        return forward

    def mean_over_neighbours(batch: torch.Tensor) -> torch.Tensor:
        together = forward(neighbours_of(batch).flatten(0, 1))
        return together.unflatten(0, (-1, len(NEIGHBOURS))).mean(1)

    return mean_over_neighbours


def neighbours_of(images: torch.Tensor) -> torch.Tensor:
    """Each of images ``[N, ..., 28, 28]`` and its four neighbours, ``[N, 5, ..., 28, 28]``."""
    padded = functional.pad(images, (1, 1, 1, 1))
    size = images.shape[-1]
    moved = [padded[..., y : y + size, x : x + size] for y, x in NEIGHBOURS]
    return torch.stack(moved, 1)


def logits_of(network: Network, images: torch.Tensor, shifted: bool = False) -> torch.Tensor:
    """Logits float32 ``[N, 10]`` of images ``[N, 28, 28]`` (uint8, or float32 in 0..1).

    `shifted` is as in `forward_of`.
    """
    return logits_by(forward_of(network, images.device, shifted), images)


@torch.inference_mode()
def logits_by(forward: Forward, images: torch.Tensor) -> torch.Tensor:
    """`logits_of` by what `forward_of` made, which takes a while for a single image."""
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
