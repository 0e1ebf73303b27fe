"""Whole numbers read from pages and drawings with 1 to 8 digits in a row.

    python benchmarks/pages.py [--pages 100] [--sketches FILE.jsonl.gz] [--sheet SHEET.png]

Composes pages of MNIST's test digits, and of the sketches in FILE, at varied size, spacing,
baseline, tilt, paper, pen, polarity and light (see benchmarks/compose.py). Prints on which share of
them every digit was found, in a box that overlaps its own by half, and on which share the whole
number was right. FILE has one ``{"label": 7, "strokes": [[[x, y], ...], ...]}`` a line.
"""

import argparse
import datetime
import platform
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from benchmarks.compose import SPACINGS, compose, ink_of_drawing, ink_of_image, overlaps, place
from digitnet.__main__ import read_drawings
from digitnet.classifier import available_recipes, load
from digitnet.segmentation import Found, find_digits, find_digits_in_drawing, read_number
from digitnet.mnist import load_mnist
from digitnet.models import available_models
from digitnet.synthetic.writer import write_digits

LONGEST = 8  # digits in a row
PENS = (0.05, 0.12)  # widths, in heights of a digit

# What is found of the digits with these numbers, and where it should be.
Trial = Callable[[np.ndarray, np.random.Generator, str], tuple[list[Found], np.ndarray]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=100, help="of each kind (%(default)s)")
    parser.add_argument("--sketches", type=Path, metavar="FILE")
    parser.add_argument("--models", nargs="+", choices=available_models(), default=["cnn"])
    parser.add_argument("--sheet", type=Path, help="write some pages with what was found to a PNG")
    options = parser.parse_args()
    print(f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}; ", end="")
    print(f"{options.pages} pages of each kind")

    images, labels = (tensor.numpy() for tensor in load_mnist(PROJECT / "data", train=False))
    shown: list[Image.Image] = []

    def read_page(inks, chance, spacing):
        page = compose(inks, chance, spacing)
        found = find_digits(page.picture)
        if len(shown) < 24:
            shown.append(marked(page.picture, found))
        return found, page.boxes

    def mnist_page(numbers, chance, spacing):
        return read_page([ink_of_image(images[number]) for number in numbers], chance, spacing)

    trials: dict[str, tuple[Trial, np.ndarray]] = {
        "pages of MNIST's test digits": (mnist_page, labels)
    }
    if options.sketches:
        drawings, sketch_labels = zip(*read_drawings(options.sketches), strict=True)

        def sketch_page(numbers, chance, spacing):
            inks = [ink_of_drawing(drawings[n], chance.uniform(*PENS)) for n in numbers]
            return read_page(inks, chance, spacing)

        def sketch_drawing(numbers, chance, spacing):
            row = place([drawings[number] for number in numbers], chance, spacing)
            found = find_digits_in_drawing([stroke for digit in row for stroke in digit])
            return found, np.array([box_of(digit) for digit in row])

        trials["pages of sketches"] = sketch_page, np.array(sketch_labels)
        trials["drawings of sketches"] = sketch_drawing, np.array(sketch_labels)
        print(f"\nSketches taken for more than one digit: {split(drawings):.2f} %")
    writer = write_digits(10_000, seed=0)
    print(f"\nThe synthetic writer's digits taken for more than one: {split(list(writer)):.2f} %")

    classifiers = {
        f"{recipe} {model}": load(model, recipe)
        for recipe in available_recipes()
        for model in options.models
    }
    for name, (trial, truth) in trials.items():
        for spacing in SPACINGS:
            print(f"\n{name}, {spacing}; share of them, %")
            print("| digits | all found | " + " | ".join(classifiers) + " |")
            print("| ---: |" + " ---: |" * (1 + len(classifiers)))
            for count in range(1, LONGEST + 1):
                hits = np.zeros(1 + len(classifiers))
                for number in range(options.pages):
                    chance = np.random.default_rng([number, count])
                    chosen = chance.integers(len(truth), size=count)
                    found, boxes = trial(chosen, chance, spacing)
                    hits[0] += overlaps([digit.box for digit in found], boxes)
                    for column, classifier in enumerate(classifiers.values(), 1):
                        digits = [p.digit for p in read_number(classifier, found)]
                        hits[column] += digits == truth[chosen].tolist()
                cells = [f"{100 * share:.1f}" for share in hits / options.pages]
                print(f"| {count} | {' | '.join(cells)} |", flush=True)
    if options.sheet:
        sheet_of(shown).save(options.sheet)


def split(drawings) -> float:
    """The share of single digits, in %, that are not found to be one."""
    return 100 * statistics.fmean(len(find_digits_in_drawing(one)) != 1 for one in drawings)


def box_of(strokes: list[np.ndarray]) -> tuple[float, ...]:
    points = np.concatenate(strokes)
    return (*points.min(axis=0), *np.ptp(points, axis=0))


def marked(picture: Image.Image, found: list[Found]) -> Image.Image:
    """The picture with a box around each digit found, and below it what the models see."""
    result = picture.convert("RGB")
    pen = ImageDraw.Draw(result)
    for x, y, width, height in (digit.box for digit in found):
        pen.rectangle((x, y, x + width, y + height), outline="lime", width=2)
    result.thumbnail((470, 220))
    tile = Image.new("RGB", (480, 290), "gray")
    tile.paste(result, (5, 5))
    for place_, digit in enumerate(found):
        seen = Image.fromarray((digit.image * 255).astype(np.uint8)).resize((56, 56))
        tile.paste(seen, (5 + 58 * place_, 230))
    return tile


def sheet_of(tiles: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (4 * 480, -(-len(tiles) // 4) * 290), "gray")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % 4 * 480, number // 4 * 290))
    return sheet


if __name__ == "__main__":
    main()
