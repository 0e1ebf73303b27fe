"""Whole numbers read from pages and drawings with 1 to 8 digits in a row.

    python -m benchmarks.pages [--pages 100] [--models cnn] [--sheet SHEET.png]

Composes pages of MNIST's test digits, and pages and drawings of the development drawings, at varied
size, spacing, height, tilt, paper, pen, polarity and light (see benchmarks/compose.py). Measures
on which share of them every digit was found, in a box that overlaps its own by half, and on which
share the whole number was right.
"""

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks import results
from benchmarks.compose import SPACINGS, compose, ink_of_drawing, ink_of_image, overlaps, place
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.classifier import available_recipes, load
from digitnet.drawing import parse_drawing
from digitnet.mnist import load_mnist
from digitnet.models import available_models
from digitnet.segmentation import DetectedDigit, read_number, segment_drawing, segment_picture
from digitnet.synthetic.writer import write_digits

MAX_DIGITS = 8  # digits in a row
PENS = (0.05, 0.12)  # widths, in heights of a digit

# What is found of the digits with these numbers, and where it should be.
Trial = Callable[[np.ndarray, np.random.Generator, str], tuple[list[DetectedDigit], np.ndarray]]


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--pages", type=int, default=100, help="of each kind (%(default)s)")
    parser.add_argument("--models", nargs="+", choices=available_models(), default=["cnn"])
    parser.add_argument("--sheet", type=Path, help="write some pages with what was found to a PNG")
    options = parser.parse_args()
    images, labels = (tensor.numpy() for tensor in load_mnist(train=False))
    drawings, drawing_labels = DEVELOPMENT.read()
    shown: list[Image.Image] = []

    def read_page(inks, rng, spacing):
        page = compose(inks, rng, spacing)
        found = segment_picture(page.picture)
        if len(shown) < 24:
            shown.append(marked(page.picture, found))
        return found, page.boxes

    def mnist_page(numbers, rng, spacing):
        return read_page([ink_of_image(images[number]) for number in numbers], rng, spacing)

    def page_of_drawings(numbers, rng, spacing):
        inks = [ink_of_drawing(drawings[number], rng.uniform(*PENS)) for number in numbers]
        return read_page(inks, rng, spacing)

    def drawing_of_drawings(numbers, rng, spacing):
        row = place([drawings[number] for number in numbers], rng, spacing)
        found = segment_drawing([stroke for digit in row for stroke in digit])
        return found, np.array([box_of(digit) for digit in row])

    trials: dict[str, tuple[Trial, np.ndarray]] = {
        "Pages of MNIST's test digits": (mnist_page, labels),
        f"Pages of {DEVELOPMENT.label}": (page_of_drawings, np.array(drawing_labels)),
        f"Rows of {DEVELOPMENT.label}, drawn": (drawing_of_drawings, np.array(drawing_labels)),
    }
    singles = results.Table(
        "Single digits taken for more than one", ["drawings", "taken for more than one, %"]
    )
    singles.add(DEVELOPMENT.label, f"{share_split(drawings):.2f}")
    singles.add(
        "the synthetic writer's",
        f"{share_split([parse_drawing(one) for one in write_digits(10_000, seed=0)]):.2f}",
    )

    classifiers = {
        f"{recipe} {model}": load(model, recipe)
        for recipe in available_recipes()
        for model in options.models
    }
    tables = []
    for name, (trial, truth) in trials.items():
        for spacing in SPACINGS:
            table = results.Table(
                f"{name}, {spacing}",
                ["digits", "all found", *classifiers],
                [f"In %, of {options.pages} a row: all digits found, and the whole number right."],
            )
            for count in range(1, MAX_DIGITS + 1):
                hits = np.zeros(1 + len(classifiers))
                for number in range(options.pages):
                    rng = np.random.default_rng([number, count])
                    chosen = rng.integers(len(truth), size=count)
                    found, boxes = trial(chosen, rng, spacing)
                    hits[0] += overlaps([digit.box for digit in found], boxes)
                    for column, classifier in enumerate(classifiers.values(), 1):
                        digits = [p.digit for p in read_number(classifier, found)]
                        hits[column] += digits == truth[chosen].tolist()
                table.add(count, *(f"{100 * share:.1f}" for share in hits / options.pages))
            tables.append(table)
    results.save(options.results, "pages", "Several digits in a row", [*tables, singles])
    if options.sheet:
        sheet_of(shown).save(options.sheet)


def share_split(drawings) -> float:
    """The share of single digits, in %, that are not found to be one."""
    return 100 * statistics.fmean(len(segment_drawing(one)) != 1 for one in drawings)


def box_of(strokes: list[np.ndarray]) -> tuple[float, ...]:
    points = np.concatenate(strokes)
    return (*points.min(axis=0), *np.ptp(points, axis=0))


def marked(picture: Image.Image, found: list[DetectedDigit]) -> Image.Image:
    """The picture with a box around each digit found, and below it what the models see."""
    result = picture.convert("RGB")
    pen = ImageDraw.Draw(result)
    for x, y, width, height in (digit.box for digit in found):
        pen.rectangle((x, y, x + width, y + height), outline="lime", width=2)
    result.thumbnail((470, 220))
    tile = Image.new("RGB", (480, 290), "gray")
    tile.paste(result, (5, 5))
    for number, digit in enumerate(found):
        seen = Image.fromarray((digit.image * 255).astype(np.uint8)).resize((56, 56))
        tile.paste(seen, (5 + 58 * number, 230))
    return tile


def sheet_of(tiles: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (4 * 480, -(-len(tiles) // 4) * 290), "gray")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % 4 * 480, number // 4 * 290))
    return sheet


if __name__ == "__main__":
    main()
