"""The training loop: forward, loss, zero_grad, backward, step."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.evaluation import as_batch, evaluate
from digitnet.layout import fast_cpu, lay_out
from digitnet.models import Network


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes
    ----------
    epochs : passes over the training images
    batch_size : images a step
    learning_rate : of Adam
    """

    epochs: int
    batch_size: int
    learning_rate: float


RECIPES: dict[str, Recipe] = {
    # The tutorial's own: Adam at its default rate, cross-entropy, plain MNIST.
    "baseline": Recipe(epochs=5, batch_size=32, learning_rate=1e-3),
}


@dataclass(frozen=True)
class Progress:
    """Where a training run stands.

    Attributes
    ----------
    epoch : the epoch under way, from 1
    images : images seen of this epoch
    loss : mean cross-entropy over this epoch's images so far, nats
    accuracy : share of this epoch's images so far that were recognised, 0..1
    seconds : since training began
    """

    epoch: int
    images: int
    loss: float
    accuracy: float
    seconds: float


REPORT_EVERY = 100  # steps; a report waits for the device, so not after each one


def fit(
    network: Network,
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    seed: int = 0,
) -> Iterator[Progress]:
    """Train `network` in place, on the device that holds everything, and report on the way.

    Training happens as the iterator is consumed; closing it stops there.

    Parameters
    ----------
    network : on the same device as the images
    images : uint8 ``[N, 28, 28]``, 0..255
    labels : int64 ``[N]``
    recipe : how to train
    seed : decides the order of the images

    Yields
    ------
    Progress every `REPORT_EVERY` steps and at the end of each epoch.
    """
    device = images.device
    network.train()
    forward = lay_out(network, device)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)
    shuffler = torch.Generator().manual_seed(seed)
    started = time.perf_counter()

    with fast_cpu(network, device):
        for epoch in range(1, recipe.epochs + 1):
            order = torch.randperm(len(images), generator=shuffler).to(device)
            done, total_loss, total_right = 0, 0.0, 0.0
            for block in order.split(REPORT_EVERY * recipe.batch_size):
                batches = as_batch(images[block]).split(recipe.batch_size)
                truths = labels[block].split(recipe.batch_size)
                answers = []
                for batch, truth in zip(batches, truths, strict=True):
                    logits = forward(batch)
                    loss = functional.cross_entropy(logits, truth)
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    answers.append(logits.detach())

                evaluation = evaluate(torch.cat(answers), labels[block])
                done += len(block)
                total_loss += evaluation.loss * len(block)
                total_right += evaluation.accuracy * len(block)
                yield Progress(
                    epoch=epoch,
                    images=done,
                    loss=total_loss / done,
                    accuracy=total_right / done,
                    seconds=time.perf_counter() - started,
                )
