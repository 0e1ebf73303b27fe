"""Training and calibrating one model, for train.py and for the page."""

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
    """Build a model and train it on all images except those held back, which are the last ones.

    Training happens as the iterator is consumed; closing it stops the training. The trained network
    is that of the last `Progress`.

    Parameters
    ----------
    model : one of `digitnet.models.available_models()`
    hyperparameters : how to train
    images, labels : as `digitnet.training.loop.fit` takes them, on the device to train on
    hidden_units : as `digitnet.models.build` takes it
    seed : of all random numbers; equal seeds give equal networks on the same machine
    report_every : in steps, as in `digitnet.training.loop.fit`
    """
    torch.manual_seed(seed)
    network = build(model, hidden_units).to(images.device)
    kept = len(images) - hyperparameters.held_back
    yield from fit(network, images[:kept], labels[:kept], hyperparameters, seed, report_every)


def diverged(network: Network) -> bool:
    """Whether weights are not finite, or larger than `digitnet.weights.load_weights` accepts."""
    return not all((value.abs() < MAX_WEIGHT).all() for value in network.parameters())


def calibrate(
    network: Network,
    hyperparameters: Hyperparameters,
    images: torch.Tensor,
    labels: torch.Tensor,
    seed: int,
) -> float:
    """Fit the temperature on the images held back and as many synthetic digits.

    Parameters
    ----------
    network : trained with `hyperparameters`
    images, labels : as given to `train`, or at least the last `hyperparameters.held_back` of them
    seed : as given to `train`

    Returns
    -------
    The temperature; 1 if no images were held back.
    """
    if not hyperparameters.held_back:
        return 1.0
    images, labels = images[-hyperparameters.held_back :], labels[-hyperparameters.held_back :]
    as_many = dataclasses.replace(hyperparameters, digits=len(images), non_digits=0)
    # Another seed than in training, so that the digits are new.
    drawn, drawn_labels = draw(as_many, torch.Generator().manual_seed(seed + 1), images.device)
    logits = compute_logits(network, torch.cat([images, drawn]))
    return fit_temperature(logits, torch.cat([labels, drawn_labels]))
