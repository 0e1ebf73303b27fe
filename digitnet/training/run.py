"""A training run of train.py: train one model, calibrate it, and evaluate it."""

import dataclasses
import math
import platform
import sys
from pathlib import Path

import torch
from tqdm import tqdm

from digitnet.attacks import accuracy_under_attack
from digitnet.calibration import calibration_error, reliability
from digitnet.device import describe_device
from digitnet.drawing import images_of_strokes
from digitnet.drawing_files import read_drawings
from digitnet.evaluation import compute_logits, evaluate
from digitnet.metrics import Epoch, ModelMetrics, ReliabilityBin
from digitnet.models import Network, parameter_count
from digitnet.training.recipes import Hyperparameters
from digitnet.training.trainer import calibrate, diverged, train

# On the test images. Guessing gives 0.1, and always the same digit at most 0.1135.
MIN_PLAUSIBLE_ACCURACY = 0.15
# On held-back images under attack. "Catastrophic overfitting" (Wong et al., 2020) gives about 0.
MIN_ADVERSARIAL_ACCURACY = 0.5
ATTACKED = 500  # of the images held back
OWN_SHARE = 0.02  # of the training images


def with_own(
    path: Path, images: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The training set with the drawings of a file, so often that they are `OWN_SHARE` of it.

    They come first: the images that are held back are the last ones.

    Parameters
    ----------
    path : a file of labelled drawings, see `digitnet.drawing_files`
    images, labels : uint8 ``[N, 28, 28]`` and int64 ``[N]``, as the result

    Raises
    ------
    ValueError : with a sentence, if the file cannot be read or a line is not of that form.
    """
    drawings, digits = zip(*read_drawings(path), strict=True)
    if not all(drawings):
        blank = next(line for line, drawing in enumerate(drawings, start=1) if not drawing)
        raise ValueError(f"The drawing in line {blank} of {path} is blank.")
    own = torch.from_numpy(images_of_strokes(drawings)).mul_(255).round_().to(torch.uint8)
    times = max(1, round(OWN_SHARE * len(images) / len(own)))
    truth = torch.tensor(digits)
    return (
        torch.cat([own.repeat(times, 1, 1).to(images.device), images]),
        torch.cat([truth.repeat(times).to(labels.device), labels]),
    )


def train_and_evaluate(
    model: str,
    recipe: str,
    hyperparameters: Hyperparameters,
    train_set: tuple[torch.Tensor, torch.Tensor],
    test_set: tuple[torch.Tensor, torch.Tensor],
    *,
    hidden_units: int | None = None,
    seed: int = 0,
) -> tuple[Network, ModelMetrics]:
    """Train one model, showing the progress on stderr, and measure it.

    Parameters
    ----------
    model : one of `digitnet.models.available_models()`
    recipe : the name of the recipe
    hyperparameters : how to train, as a rule the recipe's
    train_set, test_set : images uint8 ``[N, 28, 28]`` and labels int64 ``[N]``, on one device
    hidden_units, seed : as `digitnet.training.trainer.train` takes them

    Returns
    -------
    The trained network, on the device of the images, and its metrics.

    Raises
    ------
    ValueError : with a sentence, if the training diverged.
    """
    images, labels = train_set
    curve = []
    bar_format = "{desc:<9} {percentage:3.0f}% |{bar:20}| {postfix} [{elapsed}<{remaining}]"
    is_terminal = sys.stderr.isatty()  # a progress bar would clutter a file
    with tqdm(
        total=hyperparameters.epochs, desc=model, bar_format=bar_format, disable=not is_terminal
    ) as bar:
        for progress in train(
            model, hyperparameters, images, labels, hidden_units=hidden_units, seed=seed
        ):
            state = (
                f"epoch {progress.epoch}/{hyperparameters.epochs}, "
                f"loss {progress.loss:.4f}, accuracy {progress.accuracy:.2%}"
            )
            bar.set_postfix_str(state)
            bar.update(progress.epoch - 1 + progress.images / progress.epoch_images - bar.n)
            if progress.images == progress.epoch_images:
                curve.append((progress.loss, progress.accuracy))
                if not is_terminal:
                    print(f"{model:<9} {state}", file=sys.stderr, flush=True)
    network = progress.network
    if diverged(network) or not all(math.isfinite(loss) for loss, _ in curve):
        raise ValueError(f"{model} diverged; choose a smaller --learning-rate.")
    temperature = calibrate(network, hyperparameters, images, labels, seed)
    adversarial_accuracy = None
    if hyperparameters.adversarial_share and hyperparameters.held_back:
        attacked = slice(-min(ATTACKED, hyperparameters.held_back), None)
        adversarial_accuracy = accuracy_under_attack(
            network, images[attacked], labels[attacked], hyperparameters.adversarial_size
        )
        if adversarial_accuracy < MIN_ADVERSARIAL_ACCURACY:
            print(
                f"train.py: {model} resists the single steps that it was trained with, but no "
                f"others (accuracy {adversarial_accuracy:.1%} under attack); choose another --seed "
                "or a smaller --learning-rate.",
                file=sys.stderr,
            )
    test_images, test_labels = test_set
    logits = compute_logits(network, test_images) / temperature
    result = evaluate(logits, test_labels)
    if result.accuracy < MIN_PLAUSIBLE_ACCURACY:
        raise ValueError(
            f"{model} diverged: its accuracy is {result.accuracy:.1%}, no better than guessing; "
            "choose a smaller --learning-rate."
        )
    diagram = reliability(logits.softmax(1), test_labels)
    return network, ModelMetrics(
        test_accuracy=result.accuracy,
        test_loss=result.loss,
        confusion=result.confusion,
        calibration_error=calibration_error(diagram),
        reliability=[ReliabilityBin.model_validate(entry) for entry in diagram],
        temperature=temperature,
        threshold=hyperparameters.threshold,
        adversarial_accuracy=adversarial_accuracy,
        training_curve=[Epoch(loss=loss, accuracy=accuracy) for loss, accuracy in curve],
        training_seconds=round(progress.seconds, 2),
        parameters=parameter_count(network),
        hidden_units=network.hidden_units,
        recipe={"name": recipe, **dataclasses.asdict(hyperparameters)},
        seed=seed,
        device=describe_device(images.device),
        versions={"python": platform.python_version(), "torch": str(torch.__version__)},
    )
