"""Training one model from start to end: what train.py and the page both run."""

import dataclasses
from collections.abc import Generator

import torch

from digitnet.calibration import fit_temperature
from digitnet.evaluation import compute_logits
from digitnet.models import Network, build
from digitnet.training.loop import REPORT_EVERY, Progress, draw, fit
from digitnet.training.recipes import Hyperparameters
from digitnet.weights import MAX_WEIGHT


def train(
    model: str,
    hyperparameters: Hyperparameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    hidden_units: int | None = None,
    seed: int = 0,
    report_every: int = REPORT_EVERY,
) -> Generator[Progress, None, None]:
    """Build a model and train it on all but the images that are held back, the last ones.

    Training happens as the iterator is consumed; closing it stops there. The network is the last
    report's.

    Parameters
    ----------
    model : one of `digitnet.models.available_models()`
    hyperparameters : how to train
    images, labels : as `digitnet.training.loop.fit` takes them, on the device to train on
    hidden_units : as `digitnet.models.build` takes it
    seed : starts all random numbers; the same one gives the same network on the same machine
    report_every : steps, as `digitnet.training.loop.fit` takes it
    """
    torch.manual_seed(seed)
    network = build(model, hidden_units).to(images.device)
    kept = len(images) - hyperparameters.held_back
    yield from fit(network, images[:kept], labels[:kept], hyperparameters, seed, report_every)


def diverged(network: Network) -> bool:
    """Whether training failed: weights that are not finite, or too large to be loaded."""
    return not all((value.abs() < MAX_WEIGHT).all() for value in network.parameters())


def calibrate(
    network: Network,
    hyperparameters: Hyperparameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    seed: int,
) -> float:
    """The temperature that fits the images held back and as many digits by the writer.

    Parameters
    ----------
    network : trained with `hyperparameters`
    images, labels : what `train` was given, or only the last `hyperparameters.held_back` of it
    seed : what training was given

    Returns
    -------
    The temperature; 1 where nothing was held back.
    """
    if not hyperparameters.held_back:
        return 1.0
    images, labels = images[-hyperparameters.held_back :], labels[-hyperparameters.held_back :]
    as_many = dataclasses.replace(hyperparameters, digits=len(images), non_digits=0)
    # A seed that training does not use: what it drew must not be judged by.
    drawn, drawn_labels = draw(as_many, torch.Generator().manual_seed(seed + 1), images.device)
    logits = compute_logits(network, torch.cat([images, drawn]), hyperparameters.tta)
    return fit_temperature(logits, torch.cat([labels, drawn_labels]))
