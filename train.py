"""Train the three models on MNIST, measure them, and save their weights.

python train.py             all three, as in the tutorial; about two minutes on two CPU cores
python train.py --help      what can be chosen
"""

import signal
import sys


def stop(*_: object) -> None:
    """End on Ctrl-C with a line, whatever is under way: files are only ever replaced whole."""
    print("\nStopped. What had been saved before is untouched.", file=sys.stderr)
    raise SystemExit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)  # before the imports below, which take seconds

import argparse
import dataclasses
import platform
from pathlib import Path

import torch
from tqdm import tqdm

from digitnet import mnist
from digitnet.calibration import calibration_error, reliability
from digitnet.command_line import (
    Parser,
    add_push_options,
    positive,
    push_as_told,
    repository,
    seed,
    share,
)
from digitnet.device import pick_device
from digitnet.evaluation import evaluate, logits_of
from digitnet.hub.repository import check_access
from digitnet.models import MODELS, Network, available_models, parameter_count
from digitnet.training.recipes import RECIPES
from digitnet.training.report import check_writable, print_table, save
from digitnet.training.trainer import calibrate, diverged, train
from digitnet.weights import WEIGHTS_FOLDER, read_metrics_by_recipe


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
        mnist.download_missing(options.data)
        train_set = mnist.load_mnist(options.data, train=True, device=device)
        test_set = mnist.load_mnist(options.data, train=False, device=device)
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
            if entries[name]["test_accuracy"] < options.min_accuracy:
                too_low.append(name)
                continue
            try:
                save(network, name, recipe, entries[name], options.output)
            except OSError as error:
                print(
                    f"train.py: {name} could not be saved ({error}); "
                    "what had been saved before is untouched.",
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
            push_as_told(options.push_to_hub, options, options.output)
        except ValueError as error:
            print(f"train.py: {error}", file=sys.stderr)
            return 1
    return 0


def train_one(
    name: str,
    recipe_name: str,
    options: argparse.Namespace,
    train_set: tuple[torch.Tensor, torch.Tensor],
    test_set: tuple[torch.Tensor, torch.Tensor],
) -> tuple[Network, dict]:
    """Train and measure one model: the network, and its entry in metrics.json."""
    recipe = RECIPES[recipe_name][name]
    changes = {key: value for key, value in vars(options).items() if hasattr(recipe, key)}
    recipe = dataclasses.replace(recipe, **changes)
    images, labels = train_set
    curve = []
    bar_format = "{desc:<9} {percentage:3.0f}% |{bar:20}| {postfix} [{elapsed}<{remaining}]"
    with tqdm(total=recipe.epochs, desc=name, bar_format=bar_format) as bar:
        for progress in train(
            name, recipe, images, labels, hidden_units=options.hidden_units, seed=options.seed
        ):
            bar.set_postfix_str(
                f"epoch {progress.epoch}/{recipe.epochs}, "
                f"loss {progress.loss:.4f}, accuracy {progress.accuracy:.2%}"
            )
            bar.update(progress.epoch - 1 + progress.images / progress.epoch_images - bar.n)
            if progress.images == progress.epoch_images:
                curve.append({"loss": progress.loss, "accuracy": progress.accuracy})
    network = progress.network
    if diverged(network):
        raise ValueError(f"{name} diverged; choose a smaller --learning-rate.")
    temperature = calibrate(network, recipe, images, labels, options.seed)
    test_images, test_labels = test_set
    logits = logits_of(network, test_images, recipe.shifted) / temperature
    result = evaluate(logits, test_labels)
    diagram = reliability(logits.softmax(1), test_labels)
    return network, {
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "confusion": result.confusion,
        "calibration_error": calibration_error(diagram),
        "reliability": diagram,
        "temperature": temperature,
        "threshold": recipe.threshold,
        "shifted": recipe.shifted,
        "training_curve": curve,
        "training_seconds": round(progress.seconds, 2),
        "parameters": parameter_count(network),
        "hidden_units": options.hidden_units or MODELS[name].default_hidden_units,
        "recipe": {"name": recipe_name, **dataclasses.asdict(recipe)},
        "seed": options.seed,
        "device": describe(images.device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def make_parser() -> Parser:
    """The command line's options."""
    parser = Parser(
        prog="train.py",
        description="Train the digit networks on MNIST, measure them on its 10,000 test images, "
        "and save weights, metrics and a bar chart.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--models",
        nargs="+",
        choices=available_models(),
        default=list(available_models()),
        metavar="NAME",
        help=f"which networks to train: {', '.join(available_models())}",
    )
    parser.add_argument(
        "--recipe",
        nargs="+",
        choices=tuple(RECIPES),
        default=["baseline"],
        metavar="NAME",
        help=f"how to train them: {', '.join(RECIPES)}; the next three options change its values",
    )
    # Those left at None take the recipe's, or the model's, own value.
    parser.add_argument(
        "--epochs",
        type=positive(int),
        default=argparse.SUPPRESS,
        metavar="N",
        help="passes over the 60,000 training images (default: the recipe's)",
    )
    parser.add_argument(
        "--batch-size",
        type=positive(int),
        default=argparse.SUPPRESS,
        metavar="N",
        help="images a step (default: the recipe's)",
    )
    parser.add_argument(
        "--learning-rate",
        type=positive(float),
        default=argparse.SUPPRESS,
        metavar="X",
        help="step size of the Adam optimiser (default: the recipe's)",
    )
    parser.add_argument(
        "--hidden-units",
        type=positive(int),
        metavar="N",
        help="width of the hidden layer; in the cnn, channels of its first convolution "
        "(None: 4 for the small networks, 16 for the cnn)",
    )
    parser.add_argument(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="starts the random numbers: the same seed on the same machine gives the same weights",
    )
    parser.add_argument(
        "--device", metavar="NAME", help="cpu, cuda, mps ... (None: the GPU if there is one)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=mnist.DATA_FOLDER,
        metavar="FOLDER",
        help="folder that holds MNIST/raw; what is missing there is downloaded",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=WEIGHTS_FOLDER,
        metavar="FOLDER",
        help="where to save; a folder named after the recipe is made there",
    )
    parser.add_argument(
        "--min-accuracy",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="do not save a model that recognises less than this share (0 to 1) of the test "
        "images, and fail",
    )
    hub = parser.add_argument_group("publishing")
    hub.add_argument(
        "--push-to-hub",
        type=repository,
        metavar="USER/NAME",
        help="then push the output folder's recipes to this repository on the Hugging Face Hub",
    )
    add_push_options(hub)
    return parser


def describe(device: torch.device) -> str:
    """The device's name for metrics.json."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"cpu, {torch.get_num_threads()} threads"
    return str(device)


if __name__ == "__main__":
    sys.exit(main())
