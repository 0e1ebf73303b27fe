"""The training loop: forward, loss, zero_grad, backward, step."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from digitnet.training.augmentation import augment
from digitnet.drawing import images_of_paths
from digitnet.evaluation import as_batch, evaluate
from digitnet.cpu import fast_cpu, lay_out
from digitnet.models import CLASSES, Network
from digitnet.training.recipes import Recipe
from digitnet.synthetic.writer import NOT_A_DIGIT, write_digits, write_non_digits


@dataclass(frozen=True)
class Progress:
    """Where a training run stands.

    Attributes
    ----------
    epoch : the epoch under way, from 1
    images, epoch_images : images seen of this epoch, and how many it has
    loss : mean cross-entropy over this epoch's digits so far, nats
    accuracy : share of this epoch's digits so far that were recognised, 0..1
    seconds : since training began
    network : what is kept if training ends here; it changes as training goes on
    """

    epoch: int
    images: int
    epoch_images: int
    loss: float
    accuracy: float
    seconds: float
    network: Network


REPORT_EVERY = 100  # steps; a report waits for the device, so not after each one
# An average remembers about 1 / (1 - decay) steps. After three times as many, a twentieth of it is
# left of where it began; a younger one is worse than the weights themselves.
MATURE_AFTER = 3  # times what it remembers


def fit(
    network: Network,
    images: torch.Tensor,
    labels: torch.Tensor,
    recipe: Recipe,
    seed: int = 0,
    report_every: int = REPORT_EVERY,
) -> Iterator[Progress]:
    """Train `network` in place, on the device that holds everything, and report on the way.

    Training happens as the iterator is consumed; closing it stops there.

    Parameters
    ----------
    network : on the same device as the images
    images : uint8 ``[N, 28, 28]``, 0..255
    labels : int64 ``[N]``
    recipe : how to train
    seed : decides the order of the images, their distortion, and what the writer writes
    report_every : steps, at most `REPORT_EVERY`; how often is asked changes nothing else

    Yields
    ------
    Progress every `report_every` steps and at the end of each epoch.
    """
    device = images.device
    network.train()
    forward = lay_out(network, device)
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)
    epoch_images = len(images) + recipe.digits + recipe.non_digits
    schedule = average = None
    averaged = network
    if recipe.one_cycle:
        total_steps = recipe.epochs * -(-epoch_images // recipe.batch_size)
        schedule = OneCycleLR(optimizer, recipe.learning_rate, total_steps=total_steps)
    if recipe.averaging:
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging))
        averaged = cast(Network, average.module)
    steps, mature = 0, MATURE_AFTER / (1 - recipe.averaging)
    chance = torch.Generator().manual_seed(seed)
    started = time.perf_counter()

    with fast_cpu(network, device):
        for epoch in range(1, recipe.epochs + 1):
            pool, pool_labels = with_drawings(images, labels, recipe, chance)
            order = torch.randperm(epoch_images, generator=chance).to(device)
            done, digits, total_loss, total_right = 0, 0, 0.0, 0.0
            for block in order.split(REPORT_EVERY * recipe.batch_size):
                # index_select copies whole images; indexing with brackets goes pixel by pixel.
                block_images, block_labels = (
                    as_batch(pool.index_select(0, block)),
                    pool_labels[block],
                )
                if recipe.augmented:
                    block_images = augment(block_images[:, 0], chance)[:, None]
                batches = zip(
                    block_images.split(recipe.batch_size),
                    block_labels.split(recipe.batch_size),
                    strict=True,
                )
                while some := list(itertools.islice(batches, report_every)):
                    answers = []
                    for batch, truth in some:
                        logits = forward(batch)
                        loss = loss_of(logits, truth, recipe)
                        network.zero_grad()  # the optimizer's own records a profile each time
                        loss.backward()
                        optimizer.step()
                        if schedule:
                            schedule.step()
                        if average:
                            average.update_parameters(network)
                        answers.append(logits.detach())

                    truths = torch.cat([truth for _, truth in some])
                    is_digit = truths != NOT_A_DIGIT
                    if is_digit.any():
                        evaluation = evaluate(torch.cat(answers)[is_digit], truths[is_digit])
                        digits += evaluation.count
                        total_loss += evaluation.loss * evaluation.count
                        total_right += evaluation.accuracy * evaluation.count
                    steps += len(some)
                    done += len(truths)
                    yield Progress(
                        epoch=epoch,
                        images=done,
                        epoch_images=epoch_images,
                        loss=total_loss / max(1, digits),
                        accuracy=total_right / max(1, digits),
                        seconds=time.perf_counter() - started,
                        network=averaged if steps >= mature else network,
                    )
    if average and steps >= mature:
        network.load_state_dict(averaged.state_dict())


def with_drawings(
    images: torch.Tensor, labels: torch.Tensor, recipe: Recipe, chance: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """An epoch's images and labels: those given, and what the synthetic writer adds to them."""
    if not recipe.digits and not recipe.non_digits:
        return images, labels
    drawn, drawn_labels = draw(recipe, chance, images.device)
    return torch.cat([images, drawn]), torch.cat([labels, drawn_labels])


def draw(
    recipe: Recipe, chance: torch.Generator, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """New drawings by the synthetic writer: images uint8 ``[S, 28, 28]``, labels ``[S]``."""
    seeds = torch.randint(2**31, (2,), generator=chance).tolist()
    written = [write_digits(recipe.digits, seeds[0]), write_non_digits(recipe.non_digits, seeds[1])]
    drawn = [images_of_paths(drawings.points, drawings.pen_down) for drawings in written]
    labels = [torch.from_numpy(drawings.labels) for drawings in written]
    drawn_images = torch.cat(drawn).mul_(255).round_().to(torch.uint8)
    return drawn_images.to(device), torch.cat(labels).to(device)


def loss_of(logits: torch.Tensor, labels: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    """Cross-entropy, in nats, with an eleventh answer for `NOT_A_DIGIT` where there are such.

    The eleventh logit is always 0, as `digitnet.calibration.digit_score` reads it.
    """
    if not recipe.non_digits:
        return functional.cross_entropy(logits, labels)
    answers = torch.where(labels == NOT_A_DIGIT, CLASSES, labels)
    return functional.cross_entropy(functional.pad(logits, (0, 1)), answers)
