"""Train the models on MNIST, evaluate them, and save their weights.

python train.py             train all models as in the article; about two minutes on two CPU cores
python train.py --help      list the options
"""

import os
import signal
import sys

STOPPED = b"\nStopped. Files saved before are unchanged.\n"


def stop(*_: object) -> None:
    """Exit on Ctrl-C with a message. This is safe at any time: files are replaced atomically."""
    os.write(2, STOPPED)  # print is not reentrant
    raise SystemExit(130)


def stop_at_once(*_: object) -> None:
    """`stop` during imports, where an exception could end in a traceback."""
    os.write(2, STOPPED)
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop_at_once)  # before the imports below, which take seconds

import argparse
import dataclasses
import math
import platform
from pathlib import Path

import torch
from tqdm import tqdm

from digitnet import mnist
from digitnet.attacks import accuracy_under_attack
from digitnet.calibration import calibration_error, reliability
from digitnet.command_line import (
    Parser,
    add_push_options,
    plain_output,
    positive,
    push_with_options,
    repository,
    seed,
    share,
    whole_number,
)
from digitnet.device import describe_device, pick_device
from digitnet.drawing import images_of_strokes
from digitnet.drawing_files import read_drawings
from digitnet.evaluation import compute_logits, evaluate
from digitnet.hub.onnx_file import check_onnx
from digitnet.hub.push import check_access, files_to_push
from digitnet.metrics import Epoch, ModelMetrics, ReliabilityBin, read_metrics_by_recipe
from digitnet.models import MAX_HIDDEN_UNITS, MODELS, Network, available_models, parameter_count
from digitnet.training.recipes import RECIPES
from digitnet.training.report import check_writable, print_table, save
from digitnet.training.trainer import calibrate, diverged, train
from digitnet.weights import WEIGHTS_FOLDER

# On the test images. Guessing gives 0.1, and always the same digit at most 0.1135.
MIN_PLAUSIBLE_ACCURACY = 0.15
# On held-back images under attack. "Catastrophic overfitting" (Wong et al., 2020) gives about 0.
MIN_ADVERSARIAL_ACCURACY = 0.5
ATTACKED = 500  # of the images held back
OWN_SHARE = 0.02  # of the training images
MAX_EPOCHS = 100_000


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        device = pick_device(options.device)
        for recipe in options.recipe:
            check_writable(options.output / recipe)
        read_metrics_by_recipe(options.output)
        if options.push_to_hub and not options.dry_run:
            check_access(options.push_to_hub)
        if options.push_to_hub and options.onnx:
            check_onnx()
        mnist.download_missing(options.data)
        train_set = mnist.load_mnist(options.data, train=True, device=device)
        test_set = mnist.load_mnist(options.data, train=False, device=device)
        if options.drawings:
            train_set = with_own(options.drawings, *train_set)
    except (ValueError, OSError, mnist.DatasetError) as error:
        parser.error(str(error))

    too_low = []
    for recipe in options.recipe:
        entries = {}
        for name in options.models:
            try:
                network, entries[name] = train_one(name, recipe, options, train_set, test_set)
            except ValueError as error:
                print(f"train.py: {error}", file=sys.stderr)
                return 1
            except (MemoryError, torch.OutOfMemoryError):
                print(
                    f"train.py: There is not enough memory to train {name}; choose a smaller "
                    "--batch-size or fewer --hidden-units.",
                    file=sys.stderr,
                )
                return 1
            if entries[name].test_accuracy < options.min_accuracy:
                too_low.append(name)
                continue
            try:
                save(network, name, recipe, entries[name], options.output)
            except OSError as error:
                print(
                    f"train.py: {name} could not be saved ({error}); "
                    "files saved before are unchanged.",
                    file=sys.stderr,
                )
                return 1
        print_table(recipe, entries)
    if too_low:
        print(
            f"train.py: {', '.join(too_low)} fell below --min-accuracy {options.min_accuracy}; "
            "not saved.",
            file=sys.stderr,
        )
        return 1
    print(f"\nSaved in {options.output}.")
    if options.push_to_hub:
        try:
            files = files_to_push(options.push_to_hub, options.output, options.onnx)
            push_with_options(options.push_to_hub, options, files)
        except ValueError as error:
            print(f"train.py: {error}", file=sys.stderr)
            return 1
    return 0


def with_own(
    path: Path, images: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The training set with the drawings of a file, so often that they are `OWN_SHARE` of it.

    They come first: the images that are held back are the last ones.
    """
    drawings, digits = zip(*read_drawings(path), strict=True)
    own = torch.from_numpy(images_of_strokes(drawings)).mul_(255).round_().to(torch.uint8)
    times = max(1, round(OWN_SHARE * len(images) / len(own)))
    truth = torch.tensor(digits)
    return (
        torch.cat([own.repeat(times, 1, 1).to(images.device), images]),
        torch.cat([truth.repeat(times).to(labels.device), labels]),
    )


def train_one(
    name: str,
    recipe_name: str,
    options: argparse.Namespace,
    train_set: tuple[torch.Tensor, torch.Tensor],
    test_set: tuple[torch.Tensor, torch.Tensor],
) -> tuple[Network, ModelMetrics]:
    """Train and evaluate one model; returns the network and its metrics."""
    hyperparameters = RECIPES[recipe_name].for_model(name)
    changes = {key: value for key, value in vars(options).items() if hasattr(hyperparameters, key)}
    hyperparameters = dataclasses.replace(hyperparameters, **changes)
    images, labels = train_set
    curve = []
    bar_format = "{desc:<9} {percentage:3.0f}% |{bar:20}| {postfix} [{elapsed}<{remaining}]"
    is_terminal = sys.stderr.isatty()  # a progress bar would clutter a file
    with tqdm(
        total=hyperparameters.epochs, desc=name, bar_format=bar_format, disable=not is_terminal
    ) as bar:
        for progress in train(
            name,
            hyperparameters,
            images,
            labels,
            hidden_units=options.hidden_units,
            seed=options.seed,
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
                    print(f"{name:<9} {state}", file=sys.stderr, flush=True)
    network = progress.network
    if diverged(network) or not all(math.isfinite(loss) for loss, _ in curve):
        raise ValueError(f"{name} diverged; choose a smaller --learning-rate.")
    temperature = calibrate(network, hyperparameters, images, labels, options.seed)
    adversarial_accuracy = None
    if hyperparameters.adversarial_share and hyperparameters.held_back:
        attacked = slice(-min(ATTACKED, hyperparameters.held_back), None)
        adversarial_accuracy = accuracy_under_attack(
            network, images[attacked], labels[attacked], hyperparameters.adversarial_size
        )
        if adversarial_accuracy < MIN_ADVERSARIAL_ACCURACY:
            print(
                f"train.py: {name} resists the single steps that it was trained with, but no others"
                f" (accuracy {adversarial_accuracy:.1%} under attack); choose another --seed or a "
                "smaller --learning-rate.",
                file=sys.stderr,
            )
    test_images, test_labels = test_set
    logits = compute_logits(network, test_images) / temperature
    result = evaluate(logits, test_labels)
    if result.accuracy < MIN_PLAUSIBLE_ACCURACY:
        raise ValueError(
            f"{name} diverged: its accuracy is {result.accuracy:.1%}, no better than guessing; "
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
        hidden_units=options.hidden_units or MODELS[name].default_hidden_units,
        recipe={"name": recipe_name, **dataclasses.asdict(hyperparameters)},
        seed=options.seed,
        device=describe_device(images.device),
        versions={"python": platform.python_version(), "torch": str(torch.__version__)},
    )


def make_parser() -> Parser:
    """The options of the command line."""
    defaults = ", ".join(
        f"{name} {network.default_hidden_units}" for name, network in MODELS.items()
    )
    parser = Parser(
        prog="train.py",
        description="Train the models on MNIST, evaluate them on its 10,000 test images, "
        "and save weights, metrics, a bar chart and a model card.",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        choices=available_models(),
        default=list(available_models()),
        metavar="NAME",
        help=f"models to train: {', '.join(available_models())} (default: all)",
    )
    parser.add_argument(
        "--recipe",
        nargs="+",
        choices=tuple(RECIPES),
        default=["article"],
        metavar="NAME",
        help=f"recipes to train them with: {', '.join(RECIPES)}; the next three options override "
        "values of the recipe (default: article)",
    )
    # Options that are not given keep the value of the recipe or the model.
    parser.add_argument(
        "--epochs",
        type=whole_number(MAX_EPOCHS),
        default=argparse.SUPPRESS,
        metavar="N",
        help="passes over the 60,000 training images (default: the recipe's)",
    )
    parser.add_argument(
        "--batch-size",
        type=whole_number(60_000),
        default=argparse.SUPPRESS,
        metavar="N",
        help="images per step (default: the recipe's)",
    )
    parser.add_argument(
        "--learning-rate",
        type=positive,
        default=argparse.SUPPRESS,
        metavar="X",
        help="learning rate of Adam; its maximum in a one-cycle schedule (default: the recipe's)",
    )
    parser.add_argument(
        "--hidden-units",
        type=whole_number(MAX_HIDDEN_UNITS),
        metavar="N",
        help="width of the hidden layer; for the cnn, channels of the first convolution "
        f"(default: {defaults})",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="seed of the random numbers: the same seed gives the same weights on the same machine "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, mps ... (default: the GPU if there is one)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=mnist.DATA_FOLDER,
        metavar="FOLDER",
        help="folder that contains MNIST/raw; missing files are downloaded (default: %(default)s)",
    )
    parser.add_argument(
        "--drawings",
        type=Path,
        metavar="FILE.jsonl",
        help="train with these drawings too, as the page's tab Your hand saves them; they are "
        "repeated so that they are two in a hundred images",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=WEIGHTS_FOLDER,
        metavar="FOLDER",
        help="folder to save in, with a subfolder for each recipe (default: %(default)s)",
    )
    parser.add_argument(
        "--min-accuracy",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="fail, and do not save a model, if its accuracy on the test images (0 to 1) is lower "
        "(default: %(default)s)",
    )
    hub = parser.add_argument_group("publishing")
    hub.add_argument(
        "--push-to-hub",
        type=repository,
        metavar="USER/NAME",
        help="push the output folder to this repository on the Hugging Face Hub after training",
    )
    add_push_options(hub)
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    with plain_output():
        status = main()
    sys.exit(status)
