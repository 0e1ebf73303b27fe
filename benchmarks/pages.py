"""What is read of photographed pages: single digits, rows, printed digits, and blank pages.

    python -m benchmarks.pages [--development] [--singles 300] [--rows 150]

Composes pages as people photograph them (see `benchmarks.compose`) with the test drawings; or with
the development drawings, every fifth digit being one of MNIST's training images instead. Measures
which share of them is read right, by condition, and what went wrong with the others:

- ink: what was found lies elsewhere than the writing;
- splitting: the writing was found, but not digit by digit;
- recognition: every digit was found, in a box that shares half its area with the digit's own.
"""

import multiprocessing
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib import font_manager
from PIL import Image

from benchmarks import results
from benchmarks.compose import (
    PAPERS,
    SPACINGS,
    TOOLS,
    Digit,
    Page,
    compose,
    overlaps,
    place,
    print_text,
    seven_segments,
)
from benchmarks.drawing_sets import DEVELOPMENT, TEST
from digitnet.classifier import Classifier, Reading, load
from digitnet.drawing import Strokes
from digitnet.mnist import load_mnist
from digitnet.models import available_models

FONTS = [
    (family, weight)
    for family in ("DejaVu Sans", "DejaVu Serif", "Liberation Sans", "Liberation Serif")
    for weight in ("regular", "bold")
]
MNIST_SHARE = 0.2
FAILURES = ("ink", "splitting", "recognition")


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--development", action="store_true", help="with the development drawings")
    parser.add_argument("--singles", type=int, default=300, help="pages (%(default)s)")
    parser.add_argument("--rows", type=int, default=150, help="pages (%(default)s)")
    parser.add_argument("--model", choices=available_models(), default="cnn")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="write failed pages there")
    options = parser.parse_args()
    classifier = load(options.model)
    drawings = DEVELOPMENT if options.development else TEST
    images = load_mnist(train=True) if options.development else None
    writers = _Writers(*drawings.read(), images)
    tables = [
        _table(
            "Photographed pages",
            handwriting(classifier, writers, options.singles, options.rows, options.save),
            f"Written with the {drawings.label}, read by the {options.model}.",
        ),
        _table("Print, and pages without digits", other_pages(classifier)),
        _table("Rows on the sketchpad", sketchpad(classifier, writers, options.rows)),
        _table("A photo of 12 megapixels", cost(options.model, writers)),
    ]
    results.save(options.results, "pages", "Reading pages", tables)


# ---- tables, each a list of rows --------------------------------------------------------------


def handwriting(
    classifier: Classifier, writers: "_Writers", singles: int, rows: int, save: Path | None = None
) -> list[dict[str, Any]]:
    """Shares read right of pages with one digit, and with 3 and 5 in a row, by condition."""
    tallies: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number in range(singles):
        page, text = writers.page([1, number], 1, number)
        prediction = classifier.predict(page.picture)
        digit = "?" if prediction.answer is None else str(prediction.answer)
        outcome = "right" if digit == text else _failure(classifier, page)
        _count(tallies, "single digit", page, outcome)
        _keep(save, page, f"single-{number}-{text}-{digit}-{outcome}")
    for number in range(rows):
        length = (3, 5)[number % 2]
        page, text = writers.page([2, number], length, number // 2)
        read = _read(classifier, page).text
        outcome = "right" if read == text else _failure(classifier, page)
        _count(tallies, f"row of {length}", page, outcome)
        _keep(save, page, f"row-{number}-{text}-{read}-{outcome}")
    return [
        {
            "pages": kind,
            "condition": condition,
            "number": tally.total(),
            "right, %": round(100 * tally["right"] / tally.total(), 1),
            **{name: tally[name] for name in FAILURES},
        }
        for (kind, condition), tally in sorted(tallies.items())
    ]


def other_pages(classifier: Classifier, each: int = 30) -> list[dict[str, Any]]:
    """Shares read right of printed and seven-segment digits, and of pages without digits."""
    rows = []
    for family, weight in FONTS:
        properties = font_manager.FontProperties(family=family, weight=weight)
        try:
            font = font_manager.findfont(properties, fallback_to_default=False)
        except ValueError:  # not installed
            continue
        outcomes = []
        for number in range(each):
            rng = np.random.default_rng([3, number])
            text = "".join(map(str, rng.integers(10, size=(1, 4)[number % 2])))
            outcomes.append(_read(classifier, print_text(text, font, rng)).text == text)
        rows.append(_row(f"{family}, {weight}", outcomes))
    outcomes = []
    for number in range(each):
        rng = np.random.default_rng([4, number])
        digits = rng.integers(10, size=(1, 4)[number % 2])
        page = compose([seven_segments(d) for d in digits], rng, "pen", "plain")
        outcomes.append(_read(classifier, page).text == "".join(map(str, digits)))
    rows.append(_row("seven segments", outcomes))
    blank = [
        compose([], np.random.default_rng([5, number]), paper=PAPERS[number % 3])
        for number in range(each)
    ]
    rows.append(_row("blank pages: none is a digit", [not _called(classifier, p) for p in blank]))
    gradients = [Page(picture, np.zeros((0, 4))) for picture in _gradients()]
    rows.append(_row("gradients: none is a digit", [not _called(classifier, p) for p in gradients]))
    return rows


def sketchpad(classifier: Classifier, writers: "_Writers", each: int) -> list[dict[str, Any]]:
    """Shares of drawings whose whole number is read right, by their number of digits."""
    rows = []
    for spacing in SPACINGS:
        for length in (1, 2, 3, 5, 8):
            outcomes = []
            for number in range(each):
                rng = np.random.default_rng([6, number, length])
                digits, text = writers.pick_strokes(rng, length)
                drawing = [s for digit in place(digits, rng, spacing) for s in digit]
                outcomes.append(classifier.read(drawing).text == text)
            rows.append(_row(f"{length} drawn, {spacing}", outcomes))
    return rows


def cost(model: str, writers: "_Writers") -> list[dict[str, Any]]:
    """Seconds that a photo of 12 megapixels takes, and the memory that it adds at its peak."""
    page, _ = writers.page([7], 3, 0)
    photo = page.picture.convert("RGB").resize((4000, 3000), Image.Resampling.BICUBIC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        photo.save(path)
        # In a process whose peak is not that of composing pages.
        with multiprocessing.get_context("spawn").Pool(1) as fresh:
            seconds, added = fresh.apply(_read_photo, (model, path))
    return [
        {
            "photo": "JPEG, 4000 x 3000",
            "seconds, median of 5": round(seconds, 2),
            "added to the peak, MB": round(added),
        }
    ]


def _read_photo(model: str, path: Path) -> tuple[float, float]:
    """Median seconds to read a photo, and megabytes that it adds to the process's peak."""
    classifier = load(model)
    classifier.read(np.full((100, 100), 255, np.uint8))
    before = _peak_megabytes()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        classifier.read(path)
        times.append(time.perf_counter() - started)
    return float(np.median(times)), _peak_megabytes() - before


def _peak_megabytes() -> float:
    """The most memory that this process has had; on Linux, as only it has a figure that starts
    anew with each process."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1e3


def _table(title: str, rows: list[dict[str, Any]], *notes: str) -> results.Table:
    """Rows that have the same keys."""
    table = results.Table(title, list(rows[0]), list(notes))
    for row in rows:
        table.add(*row.values())
    return table


# ---- pages ------------------------------------------------------------------------------------


class _Writers:
    """Digits that people wrote, and pages of them."""

    def __init__(
        self,
        drawings: list[Strokes],
        labels: list[int],
        images: tuple[torch.Tensor, torch.Tensor] | None = None,
    ):
        self.drawings, self.labels, self.images = drawings, labels, images

    def pick_strokes(self, rng: np.random.Generator, count: int) -> tuple[list[Strokes], str]:
        """Some drawings and their labels."""
        numbers = rng.integers(len(self.drawings), size=count)
        text = "".join(str(self.labels[number]) for number in numbers)
        return [self.drawings[number] for number in numbers], text

    def pick(self, rng: np.random.Generator, count: int) -> tuple[list[Digit], str]:
        """Some digits and their labels."""
        digits: list[Digit] = []
        text = ""
        for _ in range(count):
            if self.images and rng.random() < MNIST_SHARE:
                number = int(rng.integers(len(self.images[1])))
                digits.append(self.images[0][number].numpy())
                text += str(int(self.images[1][number]))
            else:
                number = int(rng.integers(len(self.drawings)))
                digits.append(self.drawings[number])
                text += str(self.labels[number])
        return digits, text

    def page(self, seed: list[int], count: int, number: int) -> tuple[Page, str]:
        """A page with `count` digits; tool and paper take turns with `number`."""
        rng = np.random.default_rng(seed)
        digits, text = self.pick(rng, count)
        return compose(digits, rng, TOOLS[number % 2], PAPERS[number // 2 % 3]), text


def _gradients() -> Iterator[Image.Image]:
    """Smooth ramps of grey: along a side, across, round, and a vignette."""
    down, across = np.mgrid[:300, :400] / 400
    round_ = np.hypot(down - 0.375, across - 0.5)
    for ramp in (across, 1 - down, (down + across) / 2, round_, 1 - round_, across**2):
        for low, high in ((0, 255), (60, 240), (120, 180)):
            yield Image.fromarray((low + (high - low) * ramp.clip(0, 1)).astype(np.uint8))


# ---- outcomes ---------------------------------------------------------------------------------


def _read(classifier: Classifier, page: Page) -> Reading:
    """What is read; nothing where that is refused, as there seem to be too many digits."""
    try:
        return classifier.read(page.picture)
    except ValueError:
        return Reading("", ())


def _called(classifier: Classifier, page: Page) -> bool:
    """Whether a page is called a digit, either way."""
    read = _read(classifier, page)
    return classifier.predict(page.picture).is_digit or any(c.isdigit() for c in read.text)


def _failure(classifier: Classifier, page: Page) -> str:
    """What went wrong: one of `FAILURES`."""
    boxes = [digit.box for digit in _read(classifier, page).digits]
    if not boxes or not overlaps([_around(boxes)], np.array([_around(page.boxes)])):
        return "ink"
    return "recognition" if overlaps(boxes, page.boxes) else "splitting"


def _around(boxes: Iterable[Iterable[float]]) -> tuple[float, ...]:
    x, y, width, height = np.array([*boxes], float).T
    return (x.min(), y.min(), (x + width).max() - x.min(), (y + height).max() - y.min())


def _count(
    tallies: dict[tuple[str, str], Counter[str]], kind: str, page: Page, outcome: str
) -> None:
    conditions = page.conditions
    tallies[kind, "all"][outcome] += 1
    tallies[kind, f"{conditions['tool']} on {conditions['paper']}"][outcome] += 1
    for name, value in conditions.items():
        tallies[kind, f"{name}: {value}"][outcome] += 1


def _row(name: str, outcomes: list[bool]) -> dict[str, Any]:
    share = round(100 * float(np.mean(outcomes)), 1)
    return {"pages": name, "number": len(outcomes), "right, %": share}


def _keep(folder: Path | None, page: Page, name: str) -> None:
    if folder and not name.endswith("right"):
        folder.mkdir(parents=True, exist_ok=True)
        page.picture.save(folder / f"{name.replace('?', 'x')}.png")


if __name__ == "__main__":
    main()
