"""Recognise pictures, measure the models on drawings, or publish them, from a shell.

python -m digitnet predict digit.png
python -m digitnet read number.png
python -m digitnet evaluate drawings.jsonl.gz
python -m digitnet push USER/NAME
"""

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import torch

from digitnet.classifier import DEFAULT_RECIPE, available_recipes, load
from digitnet.command_line import add_push_options, push_as_told, repository
from digitnet.drawing import Drawing, to_images
from digitnet.evaluation import evaluate
from digitnet.models import CLASSES, available_models


def predict(options: argparse.Namespace) -> None:
    """Print a line a picture: its path, the digit and its probability."""
    classifier = load(options.model, options.recipe, options.device)
    for picture in options.pictures:
        try:
            prediction = classifier.predict(picture)
        except ValueError as error:
            raise ValueError(f"{picture}: {error}") from None
        if prediction.digit is None:
            print(f"{picture}: blank")
        elif not prediction.is_digit:
            print(f"{picture}: not a digit")
        else:
            print(f"{picture}: {prediction.digit} ({prediction.confidence:.1%})")


def read(options: argparse.Namespace) -> None:
    """Print a line a number: the path of its picture, and the number; "?" for what is no digit."""
    classifier = load(options.model, options.recipe, options.device)
    for picture in options.pictures:
        try:
            text = classifier.read(picture).text
        except ValueError as error:
            raise ValueError(f"{picture}: {error}") from None
        for number in text.split("\n"):
            print(f"{picture}: {number or 'blank'}")


def evaluate_drawings(options: argparse.Namespace) -> None:
    """Print each model's accuracy on a file of drawings, over all and for each digit."""
    drawings, labels = zip(*read_drawings(options.file), strict=True)
    images, truth = torch.from_numpy(to_images(drawings)), torch.tensor(labels)
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


def read_drawings(path: Path) -> Iterator[tuple[Drawing, int]]:
    """Drawings and labels of a file with one ``{"label": 7, "strokes": [...]}`` a line.

    Raises
    ------
    ValueError : if the file is missing, empty, or a line is not of that form.
    """
    line_number = 0  # of the line under way, for the message
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                line_number += 1
                entry = json.loads(line)
                known = type(entry["label"]) is int and 0 <= entry["label"] < CLASSES
                if not known or not isinstance(entry["strokes"], list):
                    raise ValueError
                yield entry["strokes"], entry["label"]
    except (OSError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read ({error}).") from None
    except (ValueError, KeyError, TypeError, EOFError, RecursionError):
        raise ValueError(
            f'{path}, line {line_number}: not of the form {{"label": 7, "strokes": [...]}}.'
        ) from None
    if line_number == 0:
        raise ValueError(f"{path} holds no drawings.")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m digitnet", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("predict", help="recognise the digit in each picture")
    command.add_argument("pictures", nargs="+", metavar="PICTURE")
    command.add_argument("--model", choices=available_models(), default=available_models()[-1])
    command.set_defaults(run=predict)

    command = commands.add_parser("read", help="read the numbers in each picture")
    command.add_argument("pictures", nargs="+", metavar="PICTURE")
    command.add_argument("--model", choices=available_models(), default=available_models()[-1])
    command.set_defaults(run=read)

    command = commands.add_parser(
        "evaluate", help="accuracy on a file of drawings, one JSON object a line"
    )
    command.add_argument("file", type=Path, metavar="FILE.jsonl[.gz]")
    command.add_argument(
        "--models", nargs="+", choices=available_models(), default=available_models()
    )
    command.set_defaults(run=evaluate_drawings)

    for command in commands.choices.values():
        command.add_argument(
            "--recipe",
            default=DEFAULT_RECIPE,
            help=f"one of {', '.join(available_recipes())} (default: %(default)s)",
        )
        command.add_argument("--device", help="cpu, cuda, mps ... (default: the GPU if any)")

    command = commands.add_parser("push", help="put all of weights/ on the Hugging Face Hub")
    command.add_argument("repository", type=repository, metavar="USER/NAME")
    add_push_options(command)
    command.set_defaults(run=lambda options: push_as_told(options.repository, options))

    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except ValueError as error:
        print(f"digitnet: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
