"""Recognise pictures, evaluate or teach the models on drawings, or export or publish them.

python -m digitnet predict digit.png
python -m digitnet read number.png
python -m digitnet evaluate drawings.jsonl.gz
python -m digitnet teach my-digits.jsonl --output my-weights
python -m digitnet export cnn.onnx
python -m digitnet push USER/NAME
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import torch

from digitnet.classifier import DEFAULT_RECIPE, available_recipes, load
from digitnet.command_line import (
    Parser,
    add_push_options,
    plain_output,
    push_with_options,
    repository,
    seed,
)
from digitnet.drawing import images_of_strokes
from digitnet.drawing_files import read_drawings
from digitnet.evaluation import evaluate
from digitnet.hub.push import files_to_push
from digitnet.mnist import DATA_FOLDER, DatasetError
from digitnet.models import CLASSES, available_models
from digitnet.weights import save_weights, write_atomically


def predict(options: argparse.Namespace) -> int:
    """Print a line for each picture: its path, and the digit with its probability."""
    classifier = load(options.model, options.recipe, options.device)
    status = 0
    for picture in options.pictures:
        try:
            prediction = classifier.predict(picture)
        except ValueError as error:
            print(f"digitnet: {picture}: {error}", file=sys.stderr)
            status = 2
            continue
        if prediction.digit is None:
            print(f"{picture}: blank")
        elif not prediction.is_digit:
            print(f"{picture}: not a digit")
        else:
            print(f"{picture}: {prediction.digit} ({prediction.confidence:.1%})")
    return status


def read(options: argparse.Namespace) -> int:
    """Print the numbers in each picture, one a line, with "?" for what is not a digit."""
    classifier = load(options.model, options.recipe, options.device)
    status = 0
    for picture in options.pictures:
        try:
            text = classifier.read(picture).text
        except ValueError as error:
            print(f"digitnet: {picture}: {error}", file=sys.stderr)
            status = 2
            continue
        for number in text.split("\n"):
            print(f"{picture}: {number or 'blank'}")
    return status


def evaluate_drawings(options: argparse.Namespace) -> None:
    """Print the accuracy of each model on a file of drawings, in total and for each digit."""
    drawings, labels = zip(*read_drawings(options.file), strict=True)
    images, truth = torch.from_numpy(images_of_strokes(drawings)), torch.tensor(labels)
    print(f"{len(drawings):,} drawings, {options.recipe} recipe; accuracy in %")
    print(f"{'model':<10} {'all':>6} " + " ".join(f"{digit:>5}" for digit in range(CLASSES)))
    for model in options.models:
        classifier = load(model, options.recipe, options.device)
        result = evaluate(classifier.logits(images).cpu(), truth)
        digits = [
            f"{100 * row[digit] / sum(row):5.1f}" if sum(row) else "    -"
            for digit, row in enumerate(result.confusion)
        ]
        print(f"{model:<10} {100 * result.accuracy:>6.2f} " + " ".join(digits))


def export(options: argparse.Namespace) -> None:
    """Write a network as an ONNX file."""
    from digitnet.hub.onnx_file import to_onnx

    classifier = load(options.model, options.recipe, "cpu")
    content = to_onnx(classifier.network, classifier.metadata)
    try:
        write_atomically(options.file, content)
    except OSError as error:
        raise ValueError(f"{options.file} cannot be written ({error.strerror}).") from None
    print(f"{options.file}: {options.model}, recipe {options.recipe}, {len(content):,} bytes")


def push(options: argparse.Namespace) -> None:
    """Push all models, or the one that the options name."""
    from digitnet.hub.single import files_of_model

    if options.model is None and options.recipe is not None:
        raise ValueError("--recipe needs a --model; without both, all models are pushed.")
    files: Mapping[str, Path | bytes]
    if options.model is None:
        files = files_to_push(options.repository, onnx=options.onnx)
    else:
        one = load(options.model, options.recipe or DEFAULT_RECIPE, "cpu")
        files = files_of_model(
            one.network, one.metadata, one.file, options.repository, options.onnx
        )
    push_with_options(options.repository, options, files)


def teach_drawings(options: argparse.Namespace) -> None:
    """Teach a model the drawings of a file, save it, and print its accuracy before and after.

    It learns from the first drawing of each digit; the others judge it.
    """
    # Here: it is slow to import.
    from digitnet.training.report import check_writable
    from digitnet.training.teaching import split, teach

    classifier = load(options.model, options.recipe, options.device)
    drawings, labels = zip(*read_drawings(options.file), strict=True)
    taught, judged = split(labels)
    path = options.output / options.recipe / f"{options.model}.safetensors"
    try:
        check_writable(path.parent)
    except OSError as error:
        raise ValueError(str(error)) from None
    new = teach(
        classifier,
        [drawings[number] for number in taught],
        [labels[number] for number in taught],
        seed=options.seed,
        data=options.data,
    )
    print(f"{options.model} has learned from {len(taught)} drawings; accuracy in %")
    print(f"{'':<26} {'count':>6} {'before':>7} {'after':>7}")
    if judged:
        images = torch.from_numpy(images_of_strokes([drawings[number] for number in judged]))
        truth = torch.tensor([labels[number] for number in judged])
        before, after = (
            evaluate(one.logits(images).cpu(), truth).accuracy for one in (classifier, new)
        )
        _print_change("drawings not learned from", len(judged), before, after)
    before, after = (one.metadata.test_accuracy for one in (classifier, new))
    _print_change("MNIST's test images", 10_000, before, after)
    try:
        save_weights(new.network, new.metadata, path)
    except OSError as error:
        raise ValueError(f"{path} cannot be written ({error.strerror}).") from None
    print(f"Saved as {path}.")


def _print_change(name: str, count: int, before: float, after: float) -> None:
    print(f"{name:<26} {count:>6,} {100 * before:>7.2f} {100 * after:>7.2f}")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = Parser(prog="python -m digitnet", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    for run, task in ((predict, "recognise the digit"), (read, "read the numbers")):
        command = commands.add_parser(run.__name__, help=f"{task} in each picture")
        command.add_argument("pictures", nargs="+", metavar="PICTURE")
        command.add_argument("--model", choices=available_models(), default=available_models()[-1])
        command.set_defaults(run=run)

    command = commands.add_parser(
        "evaluate", help="print the accuracy on a file of drawings, one JSON object per line"
    )
    command.add_argument("file", type=Path, metavar="FILE.jsonl[.gz]")
    command.add_argument(
        "--models", nargs="+", choices=available_models(), default=available_models()
    )
    command.set_defaults(run=evaluate_drawings)

    command = commands.add_parser(
        "teach", help="teach a model the digits of one person, from a file of drawings"
    )
    command.add_argument("file", type=Path, metavar="FILE.jsonl[.gz]")
    command.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    command.add_argument("--model", choices=available_models(), default=available_models()[-1])
    command.add_argument("--seed", type=seed, default=0, metavar="N", help="default: %(default)s")
    command.add_argument(
        "--data",
        type=Path,
        default=DATA_FOLDER,
        metavar="FOLDER",
        help="folder that contains MNIST/raw (default: %(default)s)",
    )
    command.set_defaults(run=teach_drawings)

    for command in commands.choices.values():
        command.add_argument(
            "--device", help="cpu, cuda, mps ... (default: the GPU if there is one)"
        )

    command = commands.add_parser("export", help="write a network as an ONNX file")
    command.add_argument("file", type=Path, metavar="FILE.onnx")
    command.add_argument("--model", choices=available_models(), default=available_models()[-1])
    command.set_defaults(run=export)

    recipes = f"one of {', '.join(available_recipes())}"
    for command in commands.choices.values():
        command.add_argument(
            "--recipe", default=DEFAULT_RECIPE, help=f"{recipes} (default: %(default)s)"
        )

    command = commands.add_parser("push", help="upload the weights to the Hugging Face Hub")
    command.add_argument("repository", type=repository, metavar="USER/NAME")
    command.add_argument(
        "--model", choices=available_models(), help="push this model alone (default: all)"
    )
    command.add_argument("--recipe", help=f"{recipes}, of that model (default: {DEFAULT_RECIPE})")
    add_push_options(command)
    command.set_defaults(run=push)

    options = parser.parse_args(arguments)
    try:
        return options.run(options) or 0
    except (ValueError, DatasetError) as error:
        print(f"digitnet: {error}", file=sys.stderr)
        return 2


def run() -> NoReturn:
    """Run the command line, and exit with its status."""
    with plain_output():
        status = main()
    sys.exit(status)


if __name__ == "__main__":
    run()
