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
import re
from pathlib import Path

from digitnet import mnist
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
from digitnet.device import pick_device
from digitnet.hub.onnx_file import check_onnx
from digitnet.hub.push import check_access, files_to_push
from digitnet.metrics import read_metrics_by_recipe
from digitnet.models import MAX_HIDDEN_UNITS, MODELS, available_models
from digitnet.training.recipes import RECIPES, Hyperparameters
from digitnet.training.report import check_writable, print_table, save
from digitnet.training.run import train_and_evaluate, with_own
from digitnet.weights import WEIGHTS_FOLDER

MAX_EPOCHS = 100_000
NO_MEMORY = re.compile("out of memory|allocate memory|not enough memory")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not options.push_to_hub:
        for name in ("private", "revision", "create_pr", "onnx", "dry_run"):
            if getattr(options, name):
                parser.error(f"--{name.replace('_', '-')} needs --push-to-hub USER/NAME.")
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
                network, entries[name] = train_and_evaluate(
                    name,
                    recipe,
                    hyperparameters_of(recipe, name, options),
                    train_set,
                    test_set,
                    hidden_units=options.hidden_units,
                    seed=options.seed,
                )
            except ValueError as error:
                print(f"train.py: {error}", file=sys.stderr)
                return 1
            except (MemoryError, RuntimeError) as error:
                # On the CPU, PyTorch raises a RuntimeError like any other.
                if isinstance(error, RuntimeError) and not NO_MEMORY.search(str(error)):
                    raise
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


def hyperparameters_of(recipe: str, model: str, options: argparse.Namespace) -> Hyperparameters:
    """The recipe's hyperparameters, with the options that override them."""
    hyperparameters = RECIPES[recipe].for_model(model)
    changes = {key: value for key, value in vars(options).items() if hasattr(hyperparameters, key)}
    return dataclasses.replace(hyperparameters, **changes)


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
