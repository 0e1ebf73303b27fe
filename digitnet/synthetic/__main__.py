"""Draw samples of every style of writing: python -m digitnet.synthetic SHEET.png"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from digitnet.synthetic.styles import STYLE_NAMES
from digitnet.synthetic.writer import write_styles

CELL, MARGIN = 48, 190  # pixels: the side of a sample, the width of the names


def contact_sheet(seed: int, samples: int) -> Image.Image:
    """A picture with a row of `samples` drawings for every style."""
    drawings = write_styles([name for name in STYLE_NAMES for _ in range(samples)], seed)
    sheet = Image.new("L", (MARGIN + CELL * samples, CELL * len(STYLE_NAMES)), 255)
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(STYLE_NAMES):
        pen.text((4, CELL * (row + 0.35)), name, fill=0)
    for i, drawing in enumerate(drawings):
        low, high = drawings.points[i].min(axis=0), drawings.points[i].max(axis=0)
        middle = np.array([MARGIN + CELL * (i % samples + 0.5), CELL * (i // samples + 0.5)])
        for stroke in drawing:
            place = middle + (stroke - (low + high) / 2) * (0.8 * CELL / (high - low).max())
            pen.line(place.ravel().tolist(), fill=0, width=2)
    return sheet


def main(argv: Sequence[str] | None = None) -> None:
    """Draw samples of every style of writing into a picture."""
    parser = argparse.ArgumentParser(prog="python -m digitnet.synthetic", description=main.__doc__)
    parser.add_argument("sheet", type=Path, help="the PNG file to write")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    parser.add_argument(
        "--samples-per-allograph",
        type=int,
        default=24,
        metavar="N",
        help="drawings in each row (default: %(default)s)",
    )
    args = parser.parse_args(argv)
    contact_sheet(args.seed, args.samples_per_allograph).save(args.sheet)


if __name__ == "__main__":
    main()
