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

from digitnet.attacks import noisy_fgsm
from digitnet.cpu import Forward, cpu_settings, fast_forward
from digitnet.drawing import images_of_paths
from digitnet.evaluation import as_batch, evaluate
from digitnet.models import CLASSES, Network
from digitnet.synthetic.styles import NOT_A_DIGIT
from digitnet.synthetic.writer import write_digits, write_non_digits
from digitnet.training.augmentation import augment
from digitnet.training.recipes import Hyperparameters


@dataclass(frozen=True)
class Progress:
    """The progress of a training run.

    Attributes
    ----------
    epoch : the current epoch, from 1
    images, epoch_images : number of images seen in this epoch, and their total
    loss : mean cross-entropy of the digits seen in this epoch, nats
    accuracy : on the digits seen in this epoch, 0..1
    seconds : since training began
    network : the result if training ended here, possibly an EMA; it changes as training continues
    """

    epoch: int
    images: int
    epoch_images: int
    loss: float
    accuracy: float
    seconds: float
    network: Network


REPORT_EVERY = 100  # steps; each report waits for the device
# The EMA averages over about 1 / (1 - decay) steps. After three times as many, the initial weights
# have a share of one twentieth in it. Before that, it is worse than the current weights.
EMA_WARMUP = 3  # times 1 / (1 - decay) steps


def fit(
    network: Network,
    images: torch.Tensor,
    labels: torch.Tensor,
    hyperparameters: Hyperparameters,
    seed: int = 0,
    report_every: int = REPORT_EVERY,
) -> Iterator[Progress]:
    """Train `network` in place, on its device, and yield the progress.

    Training happens as the iterator is consumed; closing it stops the training.

    Parameters
    ----------
    network : on the same device as the images
    images : uint8 ``[N, 28, 28]``, 0..255
    labels : int64 ``[N]``
    hyperparameters : of the training
    seed : of the order of the images, their augmentation, and the synthetic drawings
    report_every : in steps, at most `REPORT_EVERY`; does not affect the training

    Yields
    ------
    Progress every `report_every` steps and at the end of each epoch.
    """
    device, batch_size = images.device, hyperparameters.batch_size
    network.train()
    forward = fast_forward(network, device)
    optimizer = torch.optim.Adam(network.parameters(), lr=hyperparameters.learning_rate, fused=True)
    epoch_images = len(images) + hyperparameters.digits + hyperparameters.non_digits
    schedule = average = None
    averaged = network
    if hyperparameters.one_cycle:
        total_steps = hyperparameters.epochs * -(-epoch_images // batch_size)
        schedule = OneCycleLR(optimizer, hyperparameters.learning_rate, total_steps=total_steps)
    if decay := hyperparameters.ema_decay:
        average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay))
        averaged = cast(Network, average.module)
    steps, warm = 0, EMA_WARMUP / (1 - decay)
    rng = torch.Generator().manual_seed(seed)
    started = time.perf_counter()

    with cpu_settings(network, device):
        for epoch in range(1, hyperparameters.epochs + 1):
            pool, pool_labels = with_drawings(images, labels, hyperparameters, rng)
            order = torch.randperm(epoch_images, generator=rng).to(device)
            done, digits, total_loss, total_right = 0, 0, 0.0, 0.0
            for block in order.split(REPORT_EVERY * batch_size):
                # index_select copies whole images; indexing with brackets goes pixel by pixel.
                block_images, block_labels = (
                    as_batch(pool.index_select(0, block)),
                    pool_labels[block],
                )
                if hyperparameters.augmentation:
                    block_images = augment(block_images[:, 0], rng)[:, None]
                batches = zip(
                    block_images.split(batch_size), block_labels.split(batch_size), strict=True
                )
                while group := list(itertools.islice(batches, report_every)):
                    outputs = []
                    for batch, batch_labels in group:
                        if hyperparameters.adversarial_share:
                            perturb(batch, batch_labels, forward, hyperparameters, rng)
                        logits = forward(batch)
                        loss = loss_of(logits, batch_labels, hyperparameters)
                        network.zero_grad()  # faster than the optimizer's, which records a profile
                        loss.backward()
                        optimizer.step()
                        if schedule:
                            schedule.step()
                        if average:
                            average.update_parameters(network)
                        outputs.append(logits.detach())

                    truth = torch.cat([batch_labels for _, batch_labels in group])
                    is_digit = truth != NOT_A_DIGIT
                    if is_digit.any():
                        evaluation = evaluate(torch.cat(outputs)[is_digit], truth[is_digit])
                        digits += evaluation.count
                        total_loss += evaluation.loss * evaluation.count
                        total_right += evaluation.accuracy * evaluation.count
                    steps += len(group)
                    done += len(truth)
                    yield Progress(
                        epoch=epoch,
                        images=done,
                        epoch_images=epoch_images,
                        loss=total_loss / max(1, digits),
                        accuracy=total_right / max(1, digits),
                        seconds=time.perf_counter() - started,
                        network=averaged if steps >= warm else network,
                    )
    if average and steps >= warm:
        network.load_state_dict(averaged.state_dict())


def perturb(
    batch: torch.Tensor,
    labels: torch.Tensor,
    forward: Forward,
    hyperparameters: Hyperparameters,
    rng: torch.Generator,
) -> None:
    """Perturb a share of the digits in `batch` ``[N, 1, 28, 28]``, in place.

    The sizes of the perturbations are random: trained with a single size, a network may resist that
    size and fail at others.

    What is not a digit stays as it is: perturbed towards the digits, it would teach the network to
    refuse digits that are unusual.
    """
    digits = (labels != NOT_A_DIGIT).nonzero()[:, 0]
    chosen = digits[: round(hyperparameters.adversarial_share * len(digits))]
    sizes = hyperparameters.adversarial_size * torch.rand(len(chosen), 1, 1, 1, generator=rng)
    sizes = sizes.to(batch.device)
    batch[chosen] = noisy_fgsm(forward, batch[chosen], labels[chosen], sizes, rng)


def with_drawings(
    images: torch.Tensor,
    labels: torch.Tensor,
    hyperparameters: Hyperparameters,
    rng: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The images and labels of an epoch: those given, and new synthetic drawings."""
    if not hyperparameters.digits and not hyperparameters.non_digits:
        return images, labels
    drawn, drawn_labels = draw(hyperparameters, rng, images.device)
    return torch.cat([images, drawn]), torch.cat([labels, drawn_labels])


def draw(
    hyperparameters: Hyperparameters, rng: torch.Generator, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """New synthetic drawings: images uint8 ``[S, 28, 28]``, labels int64 ``[S]``."""
    digit_seed, non_digit_seed = torch.randint(2**31, (2,), generator=rng).tolist()
    written = [
        write_digits(hyperparameters.digits, digit_seed),
        write_non_digits(hyperparameters.non_digits, non_digit_seed),
    ]
    drawn = [images_of_paths(drawings.points, drawings.pen_down) for drawings in written]
    labels = [torch.from_numpy(drawings.labels) for drawings in written]
    drawn_images = torch.cat(drawn).mul_(255).round_().to(torch.uint8)
    return drawn_images.to(device), torch.cat(labels).to(device)


def loss_of(
    logits: torch.Tensor, labels: torch.Tensor, hyperparameters: Hyperparameters
) -> torch.Tensor:
    """Cross-entropy in nats, with "not a digit" as an eleventh class if the recipe has non-digits.

    The logit of the eleventh class is always 0, as `digitnet.calibration.digit_score` assumes.

    Parameters
    ----------
    logits : float ``[N, 10]``
    labels : int64 ``[N]``, 0 to 9 or `NOT_A_DIGIT`
    hyperparameters : of the training
    """
    if not hyperparameters.non_digits:
        return functional.cross_entropy(logits, labels)
    classes = torch.where(labels == NOT_A_DIGIT, CLASSES, labels)
    return functional.cross_entropy(functional.pad(logits, (0, 1)), classes)
