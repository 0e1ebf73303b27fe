"""Pages as people photograph them: digits written with pen or pencil, and where each one lies.

The writing comes from elsewhere, as strokes or as images of MNIST; `benchmarks.photography` takes
the photo. Everything is placed on a flat page first and then projected, so that rotation and
perspective bend writing and paper alike. Equal seeds compose equal pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.photography import MAX_TILT, Camera, developed, printed_lines, projected
from digitnet.drawing import Drawing

TOOLS = ("pen", "pencil")
PAPERS = ("plain", "ruled", "squared")
LIGHTS = ("uneven", "shadow")
PAGE_WIDTHS = (600, 3000)  # pixels
PENS = (3, 8)  # pixels, widths of pen and pencil
HEIGHTS = (0.03, 0.2)  # of the page's width, of a digit
SPACINGS = {"well separated": (0.3, 0.8), "close": (0.1, 0.3)}  # gaps, in heights of a digit
SIZES = (0.8, 1.2)  # of a digit's longest side to the usual one
RISE = 0.1  # heights of a digit above or below the line, at most

# A digit: strokes, or an image uint8 [28, 28] of MNIST's kind.
Digit = Drawing | np.ndarray


@dataclass(frozen=True)
class Page:
    """A page and the truth about it.

    Attributes
    ----------
    picture : RGB, decoded from a JPEG
    boxes : float64 ``[N, 4]``, of each digit from left to right: x, y, width, height in pixels
    conditions : under which it was written and photographed, by name, to break results down by
    """

    picture: Image.Image
    boxes: np.ndarray
    conditions: dict[str, str] = field(default_factory=dict)


def compose(
    digits: Sequence[Digit],
    rng: np.random.Generator,
    tool: str | None = None,
    paper: str | None = None,
    spacing: str = "well separated",
) -> Page:
    """Write digits in a row, and photograph the page.

    Parameters
    ----------
    digits : strokes or images; none leaves the page blank
    tool, paper : one of `TOOLS`, one of `PAPERS`; at random where None
    spacing : one of `SPACINGS`
    """
    tool = str(rng.choice(TOOLS)) if tool is None else tool
    paper = str(rng.choice(PAPERS)) if paper is None else paper
    light = str(rng.choice(LIGHTS))
    width = round(float(np.exp(rng.uniform(*np.log(PAGE_WIDTHS)))))
    height = round(width * rng.uniform(0.6, 0.78))
    pen = rng.uniform(*PENS)
    # A digit is a few pens high, whatever the page; and a row fits onto the page.
    smallest = max(HEIGHTS[0] * width, 6 * pen)
    largest = min(HEIGHTS[1] * width, 0.6 * width / max(1.1 * len(digits), 1))
    size = float(np.exp(rng.uniform(*np.log((smallest, max(smallest, largest))))))
    camera = Camera(width, height, rng)

    ink = Image.new("L", (2 * width, 2 * height))  # reduced below, which smooths its edges
    boxes = [
        _write(ink, digit, corner, longest, pen, camera)
        for digit, corner, longest in _row(digits, size, SPACINGS[spacing], (width, height), rng)
    ]
    strength = np.asarray(ink.reduce(2), np.float32) / 255
    lines = printed_lines(paper, size, camera, rng)
    page = developed(strength, lines, tool, light, rng)
    bounds = "under 6 %" if size < 0.06 * width else "6 to 10 %" if size < 0.1 * width else "more"
    return Page(
        page,
        np.array(boxes).reshape(-1, 4),
        {
            "tool": tool,
            "paper": paper,
            "light": light,
            "height of a digit": bounds,
            "page": "under 1000 px" if width < 1000 else "to 1800 px" if width < 1800 else "more",
        },
    )


def print_text(text: str, font: str, rng: np.random.Generator) -> Page:
    """Print digits with a TrueType font, and photograph the page evenly lit."""
    size = int(rng.integers(40, 160))
    typeface = ImageFont.truetype(font, size)
    left, top, right, bottom = typeface.getbbox(text)
    width = round((right - left) * rng.uniform(1.3, 2.5) + size)
    height = round((bottom - top) * rng.uniform(2, 4))
    ink = Image.new("L", (width, height))
    corner = ((width - right - left) // 2, (height - bottom - top) // 2)
    pen = ImageDraw.Draw(ink)
    pen.text(corner, text, fill=255, font=typeface)
    boxes = []
    for number, character in enumerate(text):
        start = typeface.getlength(text[:number])
        x0, y0, x1, y1 = typeface.getbbox(character)
        boxes.append((corner[0] + start + x0, corner[1] + y0, x1 - x0, y1 - y0))
    strength = np.asarray(ink, np.float32) / 255
    picture = developed(strength, np.zeros_like(strength), "pen", "uneven", rng)
    return Page(picture, np.array(boxes, float))


# The segments of a seven-segment display: a digit's strokes from the corners of a field 1 x 2.
_SEGMENTS = {
    "a": ((0, 0), (1, 0)),
    "b": ((1, 0), (1, 1)),
    "c": ((1, 1), (1, 2)),
    "d": ((0, 2), (1, 2)),
    "e": ((0, 1), (0, 2)),
    "f": ((0, 0), (0, 1)),
    "g": ((0, 1), (1, 1)),
}
_LIT = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")


def seven_segments(digit: int) -> Drawing:
    """The strokes of a digit as a seven-segment display shows it, with gaps at the corners."""
    strokes = []
    for segment in _LIT[digit]:
        start, end = np.array(_SEGMENTS[segment], float)
        gap = 0.08 * (end - start)
        strokes.append(np.stack([start + gap, end - gap]))
    return strokes


def place(
    drawings: Sequence[Drawing],
    rng: np.random.Generator,
    spacing: str = "well separated",
    tilt: float | None = None,
) -> list[list[np.ndarray]]:
    """Drawings in a row, as on the sketchpad; the strokes of each, about 1 high."""
    angle = np.deg2rad(rng.uniform(-MAX_TILT, MAX_TILT) if tilt is None else tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    row, start = [], 0.0
    for drawing in drawings:
        strokes = [np.asarray(stroke, float) for stroke in drawing if len(stroke)]
        points = np.concatenate(strokes)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = rng.uniform(*SIZES) / max(extent.max(), 1e-9)
        foot = [low[0], low[1] + extent[1]]
        corner = [start, rng.uniform(-RISE, RISE)]
        row.append([((stroke - foot) * scale + corner) @ turn for stroke in strokes])
        start += extent[0] * scale + rng.uniform(*SPACINGS[spacing])
    return row


def overlaps(found: Sequence[Sequence[float]], boxes: np.ndarray) -> bool:
    """Whether `found` has a box for each of `boxes`, in order, that shares half its area or more.

    Boxes are x, y, width, height; the shared area is relative to the area that both cover.
    """
    if len(found) != len(boxes):
        return False
    for x, y, width, height in np.array([*zip(found, boxes, strict=True)]).transpose(0, 2, 1):
        across = min(x + width) - max(x)
        down = min(y + height) - max(y)
        shared = max(across, 0) * max(down, 0)
        if shared < 0.5 * ((width * height).sum() - shared):
            return False
    return True


# ---- writing ----------------------------------------------------------------------------------


def _row(
    digits: Sequence[Digit],
    size: float,
    gaps: tuple[float, float],
    page: tuple[int, int],
    rng: np.random.Generator,
) -> list[tuple[Digit, np.ndarray, float]]:
    """Each digit, the left end of its foot on the page, and its longest side; in pixels."""
    longest = [size * rng.uniform(*SIZES) for _ in digits]
    widths = [
        side * extent[0] / max(extent.max(), 1e-9)
        for side, extent in zip(longest, map(_extent, digits), strict=True)
    ]
    starts = np.cumsum([0.0] + [width + rng.uniform(*gaps) * size for width in widths])
    free = np.array([page[0] - starts[-1], page[1] - 1.4 * size])
    left, baseline = free * rng.uniform(0.2, 0.8, 2) + [0, 1.2 * size]
    return [
        (digit, np.array([left + start, baseline + rng.uniform(-RISE, RISE) * size]), side)
        for digit, start, side in zip(digits, starts, longest, strict=False)
    ]


def _extent(digit: Digit) -> np.ndarray:
    if isinstance(digit, np.ndarray):
        return np.array([np.ptp(np.flatnonzero(digit.any(axis=axis))) + 1 for axis in (0, 1)])
    return np.ptp(np.concatenate([np.asarray(stroke, float) for stroke in digit]), axis=0)


def _write(
    ink: Image.Image,
    digit: Digit,
    corner: np.ndarray,
    longest: float,
    pen: float,
    camera: Camera,
) -> tuple[float, float, float, float]:
    """Write a digit onto `ink`, which is twice as large as the picture; returns its box."""
    extent = _extent(digit)
    scale = longest / max(extent.max(), 1e-9)
    if isinstance(digit, np.ndarray):
        rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
        cropped = Image.fromarray(digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        across, down = extent
        corners = corner + np.array([[0, -down], [across, -down], [across, 0], [0, 0]]) * scale
        placed = camera(corners) * 2
        layer = projected(cropped, placed, ink.size)
        ink.paste(255, mask=layer)
        low, high = placed.min(axis=0) / 2, placed.max(axis=0) / 2
    else:
        strokes = [np.asarray(stroke, float) for stroke in digit if len(stroke)]
        points = np.concatenate(strokes)
        foot = np.array([points[:, 0].min(), points[:, 1].max()])
        placed_strokes = [camera((stroke - foot) * scale + corner) for stroke in strokes]
        brush = ImageDraw.Draw(ink)
        for stroke in placed_strokes:
            brush.line((2 * stroke).ravel().tolist(), fill=255, width=max(1, round(2 * pen)))
            for x, y in 2 * stroke:
                brush.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
        placed = np.concatenate(placed_strokes)
        low, high = placed.min(axis=0) - pen / 2, placed.max(axis=0) + pen / 2
    return (*low.tolist(), *(high - low).tolist())
