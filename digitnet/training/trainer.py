"""Training one model from start to end: what train.py and the page both run."""

import dataclasses
from collections.abc import Generator

import torch

from digitnet.calibration import fit_temperature
from digitnet.evaluation import logits_of
from digitnet.models import Network, build
from digitnet.training.recipes import Recipe
from digitnet.training.loop import REPORT_EVERY, Progress, draw, fit


def train(
    model: str,
    recipe: Recipe,
    images: torch.Tensor,
    labels: torch.Tensor,
    *,
    hidden_units: int | None = None,
    seed: int = 0,
    report_every: int = REPORT_EVERY,
) -> Generator[Progress, None, None]:
    """Build a model and train it on all but the images that the recipe holds back, the last ones.

    Training happens as the iterator is consumed; closing it stops there. The network is the last
    report's.

    Parameters
    ----------
    model : one of `digitnet.models.available_models()`
    recipe : how to train
    images, labels : as `digitnet.training.loop.fit` takes them, on the device to train on
    hidden_units : as `digitnet.models.build` takes it
    seed : starts all random numbers; the same one gives the same network on the same machine
    report_every : steps, as `digitnet.training.loop.fit` takes it
    """
    torch.manual_seed(seed)
    network = build(model, hidden_units).to(images.device)
    kept = len(images) - recipe.held_back
    yield from fit(network, images[:kept], labels[:kept], recipe, seed, report_every)


def diverged(network: Network) -> bool:
    """Whether training went wrong so far that weights are no numbers any more."""
    return not all(parameter.isfinite().all() for parameter in network.parameters())


def calibrate(
    network: Network, recipe: Recipe, images: torch.Tensor, labels: torch.Tensor, seed: int
) -> float:
    """The temperature that fits the images held back and as many digits by the writer.

    Parameters
    ----------
    network : trained by `recipe`
    images, labels : what `train` was given, or only the last `recipe.held_back` of it
    seed : what training was given

    Returns
    -------
    The temperature; 1 where nothing was held back.
    """
    if not recipe.held_back:
        return 1.0
    images, labels = images[-recipe.held_back :], labels[-recipe.held_back :]
    as_many = dataclasses.replace(recipe, digits=len(images), non_digits=0)
    # A seed that training does not use: what it drew must not be judged by.
    drawn, drawn_labels = draw(as_many, torch.Generator().manual_seed(seed + 1), images.device)
    logits = logits_of(network, torch.cat([images, drawn]), recipe.shifted)
    return fit_temperature(logits, torch.cat([labels, drawn_labels]))
