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
import io
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import torch
from tqdm import tqdm

from digitnet import mnist
from digitnet.calibration import calibration_error, digit_score, fit_temperature, reliability
from digitnet.device import pick_device
from digitnet.evaluation import evaluate, logits_of
from digitnet.models import MODELS, Network, available_models, build, parameter_count
from digitnet.training import DIGITS_ACCEPTED, RECIPES, Recipe, draw, fit
from digitnet.weights import (
    METRICS_FILE,
    WEIGHTS_FOLDER,
    Metadata,
    read_metrics,
    save_weights,
    write_atomically,
)


class Parser(argparse.ArgumentParser):
    """Answers a wrong value with one sentence and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"train.py: {message}\n")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        device = pick_device(options.device)
        for recipe in options.recipe:
            check_writable(options.output / recipe)
            read_metrics(options.output / recipe)
        mnist.download_missing(options.data)
        train_set = mnist.load_mnist(options.data, train=True, device=device)
        test_set = mnist.load_mnist(options.data, train=False, device=device)
    except (ValueError, OSError, mnist.DatasetError) as error:
        parser.error(str(error))

    too_low = []
    for recipe in options.recipe:
        folder = options.output / recipe
        entries = {}
        for name in options.models:
            try:
                network, entries[name] = train_one(name, recipe, options, train_set, test_set)
            except ValueError as error:
                print(f"train.py: {error}", file=sys.stderr)
                return 1
            if entries[name]["test_accuracy"] < options.min_accuracy:
                too_low.append(name)
            else:
                save(network, name, recipe, entries[name], folder)
        print_table(recipe, entries)
    if too_low:
        print(
            f"train.py: {', '.join(too_low)} fell below --min-accuracy {options.min_accuracy}; "
            "not saved.",
            file=sys.stderr,
        )
        return 1
    print(f"\nSaved in {options.output}.")
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
    device, kept = images.device, len(images) - recipe.held_back
    torch.manual_seed(options.seed)
    network = build(name, options.hidden_units).to(device)
    curve = []
    bar_format = "{desc:<9} {percentage:3.0f}% |{bar:20}| {postfix} [{elapsed}<{remaining}]"
    with tqdm(total=recipe.epochs, desc=name, bar_format=bar_format) as bar:
        for progress in fit(network, images[:kept], labels[:kept], recipe, options.seed):
            bar.set_postfix_str(
                f"epoch {progress.epoch}/{recipe.epochs}, "
                f"loss {progress.loss:.4f}, accuracy {progress.accuracy:.2%}"
            )
            bar.update(progress.epoch - 1 + progress.images / progress.epoch_images - bar.n)
            if progress.images == progress.epoch_images:
                curve.append({"loss": progress.loss, "accuracy": progress.accuracy})
    if not all(parameter.isfinite().all() for parameter in network.parameters()):
        raise ValueError(f"{name} diverged; choose a smaller --learning-rate.")
    temperature, threshold = 1.0, 0.0
    if recipe.held_back:
        temperature, threshold = calibrate(
            network, images[kept:], labels[kept:], recipe, options.seed
        )
    test_images, test_labels = test_set
    logits = logits_of(network, test_images) / temperature
    result = evaluate(logits, test_labels)
    diagram = reliability(logits.softmax(1), test_labels)
    return network, {
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "confusion": result.confusion,
        "calibration_error": calibration_error(diagram),
        "reliability": diagram,
        "temperature": temperature,
        "threshold": threshold,
        "training_curve": curve,
        "training_seconds": round(progress.seconds, 2),
        "parameters": parameter_count(network),
        "hidden_units": options.hidden_units or MODELS[name].default_hidden_units,
        "recipe": {"name": recipe_name, **dataclasses.asdict(recipe)},
        "seed": options.seed,
        "device": describe(device),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }


def calibrate(
    network: Network, images: torch.Tensor, labels: torch.Tensor, recipe: Recipe, seed: int
) -> tuple[float, float]:
    """Temperature and threshold from held-back images and as many digits by the writer."""
    device = images.device
    as_many = dataclasses.replace(recipe, digits=len(images), non_digits=0)
    # A seed that training does not use: what it drew must not be judged by.
    drawn, drawn_labels = draw(as_many, torch.Generator().manual_seed(seed + 1), device)
    logits = torch.cat([logits_of(network, images), logits_of(network, drawn)])
    temperature = fit_temperature(logits, torch.cat([labels, drawn_labels]))
    if not recipe.non_digits:
        return temperature, 0.0
    scores = digit_score((logits / temperature).softmax(1)).sort().values
    return temperature, scores[round(len(scores) * (1 - DIGITS_ACCEPTED))].item()


def save(network: Network, name: str, recipe: str, entry: dict, folder: Path) -> None:
    """Write a model's weights, and bring its folder's metrics and chart up to date."""
    fields = ("hidden_units", "test_accuracy", "temperature", "threshold")
    metadata = Metadata(name, recipe, **{field: entry[field] for field in fields})
    save_weights(network, metadata, folder / f"{name}.safetensors")
    models = (read_metrics(folder) or {}).get("models", {}) | {name: entry}
    metrics = {"models": {key: models[key] for key in available_models() if key in models}}
    write_atomically(folder / METRICS_FILE, json.dumps(metrics, indent=1).encode() + b"\n")
    accuracies = {key: entry["test_accuracy"] for key, entry in metrics["models"].items()}
    write_atomically(folder / "accuracy.png", bar_chart(accuracies, recipe))


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
    return parser


def positive(number_type: type[int] | type[float]) -> Callable[[str], int | float]:
    """An argument type: a number of that type, above zero and finite."""

    def parse(text: str) -> int | float:
        try:
            value = number_type(text)
        except ValueError:
            value = 0
        if not 0 < value < float("inf"):
            kind = "a whole number, 1 or more" if number_type is int else "a number above 0"
            raise argparse.ArgumentTypeError(f"must be {kind}, not {text}.")
        return value

    return parse


def seed(text: str) -> int:
    """An argument type: what torch.manual_seed takes on every device."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to 2**63 - 1, not {text}.")
    return int(text)


def share(text: str) -> float:
    """An argument type: a number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text}.")
    return value


def check_writable(folder: Path) -> None:
    """Fail before training, not after it, where `folder` cannot be written; OSError if so."""
    probe = folder / ".writable"
    try:
        write_atomically(probe, b"")
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"{folder} cannot be written ({error.strerror}); choose a folder that can "
            "with --output."
        ) from None


def describe(device: torch.device) -> str:
    """The device's name for metrics.json."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu":
        return f"cpu, {torch.get_num_threads()} threads"
    return str(device)


def print_table(recipe: str, entries: dict[str, dict]) -> None:
    """One line a model."""
    print(f"\n{recipe} recipe")
    print(f"{'model':<10} {'accuracy':>9} {'loss':>8} {'parameters':>11} {'seconds':>8}")
    for name, entry in entries.items():
        print(
            f"{name:<10} {entry['test_accuracy']:>9.2%} {entry['test_loss']:>8.4f} "
            f"{entry['parameters']:>11,} {entry['training_seconds']:>8.1f}"
        )


def bar_chart(accuracies: dict[str, float], recipe: str) -> bytes:
    """The models' test accuracies (0..1) as horizontal bars: a PNG file's content."""
    from matplotlib.figure import Figure  # a figure of its own needs no display

    figure = Figure(figsize=(7, 0.6 * len(accuracies) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(accuracies), [100 * value for value in accuracies.values()])
    axes.bar_label(bars, fmt="%.2f %%", padding=3)
    axes.set(xlim=(0, 112), xlabel="test accuracy, %", title=f"MNIST, {recipe} recipe")
    axes.spines[["top", "right"]].set_visible(False)
    axes.invert_yaxis()
    content = io.BytesIO()
    figure.savefig(content, dpi=150)
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
