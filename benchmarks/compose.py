"""Synthetic photos of pages with digits in a row, and the box of each digit.

The digits are given as ink; paper, pen, light and camera are simulated here. Equal seeds compose
equal pages.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet.drawing import Drawing

SPACINGS = {"well separated": (0.3, 0.8), "close": (0.1, 0.3)}  # gaps, in heights of a digit
PAPERS = ("plain", "ruled", "squared")
SIZES = (0.8, 1.2)  # of a digit's longest side to the usual one
MAX_RISE = 0.1  # heights of a digit above or below the line
MAX_TILT = 10  # degrees


@dataclass(frozen=True)
class Page:
    """A photo of a page, and its ground truth.

    Attributes
    ----------
    picture : RGB
    boxes : float64 ``[N, 4]``, of each digit from left to right: x, y, width, height in pixels
    """

    picture: Image.Image
    boxes: np.ndarray


def ink_of_image(image: np.ndarray) -> np.ndarray:
    """An MNIST image uint8 ``[28, 28]`` enlarged and sharpened to ink float32 0..1, cropped."""
    large = ndimage.zoom(np.pad(image, 2).astype(np.float32) / 255, 6, order=3)
    return _cropped(np.clip((large - 0.5) * 2 + 0.5, 0, 1))


def ink_of_drawing(drawing: Drawing, pen: float) -> np.ndarray:
    """A drawing with a round pen, `pen` times its longest side wide: ink float32 0..1, cropped."""
    zoom = 400  # pixels, of the longest side; reduced below, which smooths the edges
    points = np.concatenate([np.asarray(stroke, float) for stroke in drawing])
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale, width = zoom / max(extent.max(), 1e-9), round(pen * zoom)
    size = np.ceil(extent * scale).astype(int) + 2 * width
    canvas = Image.new("L", (int(size[0]), int(size[1])))
    brush = ImageDraw.Draw(canvas)
    for stroke in drawing:
        placed = (np.asarray(stroke, float) - low) * scale + width
        brush.line(placed.ravel().tolist(), fill=255, width=width)
        for x, y in placed:
            brush.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return _cropped(np.asarray(canvas.reduce(2), np.float32) / 255)


def _cropped(ink: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero((ink > 0.1).any(1)), np.flatnonzero((ink > 0.1).any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def compose(
    inks: Sequence[np.ndarray],
    rng: np.random.Generator,
    spacing: str = "well separated",
    paper: str | None = None,
    tilt: float | None = None,
    light_on_dark: bool | None = None,
) -> Page:
    """Write digits in a row on a page, and take a photo of it.

    Parameters
    ----------
    inks : float32 ``[H, W]`` in 0..1 each, as `ink_of_image` and `ink_of_drawing` give them
    spacing : one of `SPACINGS`
    paper, tilt, light_on_dark : one of `PAPERS`, degrees clockwise, polarity; random where None
    """
    paper = str(rng.choice(PAPERS)) if paper is None else paper
    tilt = rng.uniform(-MAX_TILT, MAX_TILT) if tilt is None else tilt
    light_on_dark = rng.random() < 0.25 if light_on_dark is None else light_on_dark
    size = rng.uniform(50, 130)  # pixels, the usual longest side of a digit
    layers, (height, width) = _row(inks, size, SPACINGS[spacing], tilt, rng)

    grain = _grain((height, width), rng)
    strength = np.max([np.zeros_like(grain), *layers], axis=0)
    strength *= rng.uniform(0.4, 0.95)  # the fainter, the more a pencil
    strength *= np.clip(1 + rng.uniform(0, 0.15) * grain, 0, 1.2)
    colour = rng.choice([(0, 0, 0), (0.1, 0.15, 0.6), (0.3, 0.3, 0.3), (0.6, 0.1, 0.1)])
    white = np.array([1, rng.uniform(0.94, 1), rng.uniform(0.85, 1)])
    page = np.ones((height, width, 1)) * white * rng.uniform(0.75, 1)
    lines = _lines((height, width), paper, size, tilt, rng)[..., None]
    page -= lines * rng.choice([(0.9, 0.5, 0.2), (0.7, 0.7, 0.7)])
    page += rng.uniform(0, 0.015) * grain[..., None]
    page += strength[..., None] * np.minimum(colour - page, 0)
    if light_on_dark:
        page = 1 - 0.9 * page
    page *= _light((height, width), rng)[..., None]
    page = ndimage.gaussian_filter(page, (*[rng.uniform(0, 1)] * 2, 0))
    page += rng.normal(0, rng.uniform(0, 0.02), page.shape)
    picture = Image.fromarray(np.rint(np.clip(page, 0, 1) * 255).astype(np.uint8))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(rng.integers(60, 96)))
    return Page(Image.open(file), np.array([_box(layer) for layer in layers]))


def place(
    drawings: Sequence[Drawing],
    rng: np.random.Generator,
    spacing: str = "well separated",
    tilt: float | None = None,
) -> list[list[np.ndarray]]:
    """Drawings in a row, as `compose` places digits; the strokes of each, about 1 high."""
    angle = np.deg2rad(rng.uniform(-MAX_TILT, MAX_TILT) if tilt is None else tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    row, start = [], 0.0
    for drawing in drawings:
        strokes = [np.asarray(stroke, float) for stroke in drawing if len(stroke)]
        points = np.concatenate(strokes)
        low, extent = points.min(axis=0), np.ptp(points, axis=0)
        scale = rng.uniform(*SIZES) / max(extent.max(), 1e-9)
        foot = [low[0], low[1] + extent[1]]
        corner = [start, rng.uniform(-MAX_RISE, MAX_RISE)]
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


def _row(
    inks: Sequence[np.ndarray],
    size: float,
    gaps: tuple[float, float],
    tilt: float,
    rng: np.random.Generator,
) -> tuple[list[np.ndarray], tuple[int, int]]:
    """A layer ``[H, W]`` of ink for each digit, placed and tilted; and H and W."""
    scaled = []
    for ink in inks:
        scale = size * rng.uniform(*SIZES) / max(ink.shape)
        sides = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
        scaled.append(np.asarray(Image.fromarray(ink).resize(sides, Image.Resampling.BOX)))
    starts = np.cumsum([0.0] + [ink.shape[1] + rng.uniform(*gaps) * size for ink in scaled])
    extent = max(starts[-1], 3 * size) if not inks else starts[-1]
    width = round(extent * rng.uniform(1.2, 1.8) + size)
    height = round(max(size * rng.uniform(2.5, 5), extent * 0.5 + size))
    left, bottom = (width - extent) / 2, height / 2 + size / 2
    layers = []
    for ink, start in zip(scaled, starts, strict=False):
        rise = rng.uniform(-MAX_RISE, MAX_RISE) * size
        layer = Image.new("F", (width, height))
        corner = (round(left + start), round(bottom + rise - ink.shape[0]))
        layer.paste(Image.fromarray(ink), corner)
        layers.append(np.asarray(layer.rotate(-tilt, Image.Resampling.BICUBIC)).clip(0, 1))
    return layers, (height, width)


def _box(layer: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero((layer > 0.3).any(1)), np.flatnonzero((layer > 0.3).any(0))
    x, y = int(columns[0]), int(rows[0])
    return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The paper's texture: fine and coarse, of unit standard deviation."""
    texture = sum(
        grain / grain.std()
        for grain in (
            ndimage.gaussian_filter(rng.normal(0, 1, shape), width) for width in (0.7, 3, 12)
        )
    )
    return texture / texture.std()


def _lines(
    shape: tuple[int, int], paper: str, size: float, tilt: float, rng: np.random.Generator
) -> np.ndarray:
    """How strongly the paper's own lines are printed at each pixel, 0..0.5."""
    pitch, width = size * rng.uniform(0.5, 1.4), rng.uniform(0.7, 2.5)
    angle = np.deg2rad(tilt + rng.uniform(-1, 1))
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    across = [rows * np.cos(angle) - columns * np.sin(angle)]
    if paper == "squared":
        pitch /= 2
        across.append(rows * np.sin(angle) + columns * np.cos(angle))
    strength = rng.uniform(0.1, 0.35) if paper != "plain" else 0
    phase = rng.uniform(0, pitch)
    distance = np.min([np.abs((line + phase) % pitch - pitch / 2) for line in across], axis=0)
    return strength * np.clip(width / 2 - distance + 0.5, 0, 1)


def _light(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The light that falls on the page: uneven, and with the soft edge of a shadow."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    way = rng.uniform(0, 2 * np.pi)
    along = (columns - shape[1] / 2) * np.cos(way) + (rows - shape[0] / 2) * np.sin(way)
    reach = np.abs(along).max()
    slope = 1 - rng.uniform(0, 0.4) * (along / reach / 2 + 0.5)
    edge, softness = rng.uniform(-0.7, 0.7) * reach, rng.uniform(8, 60)  # pixels
    shadow = 1 / (1 + np.exp(np.clip((along * np.cos(2) + rows * 0.5 - edge) / softness, -50, 50)))
    return slope * (1 - rng.uniform(0, 0.4) * shadow)
