"""The ink of a picture: what a pen wrote, whatever the paper, the light and the colours.

Nothing is assumed of the picture but that ink is thinner than the paper between it. A morphological
opening with a window wider than the pen removes ink that is brighter than its paper, and keeps the
paper with its shadows, so that the difference of the two is the ink: the white top-hat transform
(F. Meyer, 1979). The pen's width is that of the smallest window that leaves the picture's sharp
edges in this difference; dark ink on bright paper is turned over first.
"""

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import scipy
from PIL import Image, ImageOps, UnidentifiedImageError

Picture: TypeAlias = Image.Image | np.ndarray | str | Path

# Not all that Pillow reads: of some formats, other programs do the reading.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MAX_PICTURE_PIXELS = 25_000_000  # larger pictures are refused before they are decoded
WORKING_SIZE = 1280  # pixels, the longest side at which ink is looked for
MIN_SIDE = 16  # pixels; a narrower picture is continued at its right or lower edge
BLANK_CONTRAST = 0.08  # of full scale; a picture with less contrast than this is blank

PEN_SIZE = 512  # pixels, the longest side at which the pen is measured
PENS = (96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3)  # widths tried, as parts of the longest side
SHARP = 0.3  # of the sharpest edges' steepness: edges that count
EXPLAINED = 0.9  # of what the widest windows leave of the edges, this much is enough

FAINT, STRONG = 0.25, 0.4  # of the strongest ink: where ink ends, and what it must reach somewhere
FAINT_NOISE, STRONG_NOISE = 5, 9  # the same, in standard deviations of the paper's texture
EDGE = 2  # pixels around ink that may hold some of its blurred edge

MAX_TILT = 12.5  # degrees, of the paper's own lines
LINE_BLOCK = 8  # pixels along a line that are averaged
COVERED = 0.75  # of a line's length that it must be seen on
MAX_LINE_WIDTH = 1 / 100  # of the longest side

_DECODING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Ink:
    """What a pen wrote.

    Attributes
    ----------
    strength : float32 ``[H, W]``, 0 where there is paper, about 1 where the ink is strongest
    parts : int32 ``[H, W]``, 1 to `count` where ink is connected, else 0
    count : number of parts
    scale : pixels of the picture to one of `strength`, 1 or more: across, down
    """

    strength: np.ndarray
    parts: np.ndarray
    count: int
    scale: tuple[float, float]


def ink_of(picture: Picture) -> Ink:
    """Find the ink in a picture; none if it is blank.

    Raises
    ------
    ValueError : if the picture cannot be read, or is too large.
    """
    reduced, scale = _reduced(picture)
    colours = np.asarray(reduced, np.float32) / 255
    missing = [max(0, MIN_SIDE - side) for side in colours.shape[:2]]
    grey = _grey_of(np.pad(colours, [(0, missing[0]), (0, missing[1]), (0, 0)], "edge"))
    polarity, pen = _pen_of(grey)
    ink = _top_hat(polarity * grey, 2 * pen + 1)
    ink -= np.percentile(ink, 25)  # noise lowers the paper to its extremes
    strongest = _strongest(ink, pen)
    ink = _without_lines(ink, strongest)
    ink = _without_lines(ink.T, strongest).T
    return _connected(ink, pen, scale)


def _strongest(ink: np.ndarray, pen: int) -> float:
    """The strength that a spot of the pen's size reaches."""
    spot = min(pen**2, ink.size)  # pixels
    return float(np.partition(ink, -spot, axis=None)[-spot])


def _connected(ink: np.ndarray, pen: int, scale: tuple[float, float]) -> Ink:
    """Keep what is connected to strong ink, without the paper's texture."""
    smooth = scipy.ndimage.gaussian_filter(ink, pen / 16)
    lowest, low = np.percentile(smooth, (5, 25))  # of paper, though ink may cover most of it
    noise = float(low - lowest) / 0.97  # the standard deviation, were it normal
    strongest = _strongest(smooth, pen)
    faint = max(FAINT * strongest, FAINT_NOISE * noise)
    strong = max(STRONG * strongest, STRONG_NOISE * noise, BLANK_CONTRAST * STRONG)
    parts, count = scipy.ndimage.label(smooth > faint, np.ones((3, 3)))
    peaks = scipy.ndimage.maximum(smooth, parts, np.arange(count + 1))
    kept = (peaks > strong) & (np.arange(count + 1) > 0) & (strongest >= BLANK_CONTRAST)
    parts = (np.cumsum(kept) * kept).astype(np.int32)[parts]
    near = scipy.ndimage.maximum_filter(parts > 0, 2 * EDGE + 1)
    strength = np.where(near, np.clip((ink - noise) / max(strongest - noise, 1e-6), 0, None), 0)
    return Ink(strength.astype(np.float32), parts, int(kept.sum()), scale)


# ---- paper ------------------------------------------------------------------------------------


def _grey_of(colours: np.ndarray) -> np.ndarray:
    """Brightness ``[H, W]`` along the colours' steepest axis, of RGB ``[H, W, 3]`` in 0..1.

    The axis is the first eigenvector of the colours' structure tensor (S. Di Zenzo, 1986), so that
    blue ink on yellow paper contrasts as much as black on white.
    """
    steps = [np.diff(colours, axis=axis).reshape(-1, 3) for axis in (0, 1)]
    tensor = sum((step.T @ step).astype(np.float64) for step in steps)
    axis = np.linalg.eigh(tensor)[1][:, -1]
    return colours @ (axis / np.abs(axis).sum()).astype(np.float32)


def _pen_of(grey: np.ndarray) -> tuple[int, int]:
    """The ink's polarity, 1 where it is brighter than the paper and else -1; the pen's width."""
    factor = -(-max(grey.shape) // PEN_SIZE)
    small = np.asarray(Image.fromarray(grey).reduce(factor))
    longest = max(small.shape)
    edges = _steepness(scipy.ndimage.gaussian_filter(small, 0.7))
    sharp = edges >= SHARP * np.percentile(edges, 99.8)
    # Ink may touch the border, but around it there must be paper.
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    margin = max(2, longest // 6)
    padded = np.pad(small, margin, constant_values=np.median(border))
    smooth = scipy.ndimage.gaussian_filter(padded, 0.7)
    widths = sorted({max(3, round(longest / part) | 1) for part in PENS})

    def explained(polarity: int, width: int) -> float:
        left = _steepness(_top_hat(polarity * smooth, width))[margin:-margin, margin:-margin]
        return float(np.square(np.minimum(left, edges)[sharp]).sum())

    shares = {polarity: [explained(polarity, width) for width in widths] for polarity in (1, -1)}
    # The pen is narrower than the gaps between its strokes.
    polarity = max(shares, key=lambda polarity: sum(shares[polarity]))
    enough = EXPLAINED * max(shares[polarity])
    width = next(w for w, share in zip(widths, shares[polarity], strict=True) if share >= enough)
    return polarity, width * factor


def _steepness(values: np.ndarray) -> np.ndarray:
    return np.hypot(*np.gradient(values))


def _top_hat(values: np.ndarray, window: int) -> np.ndarray:
    return values - scipy.ndimage.grey_opening(values, size=(window, window))


def _without_lines(ink: np.ndarray, strongest: float) -> np.ndarray:
    """Take away lines that run straight across the paper from left to right."""
    height, width = ink.shape
    blocks = width // LINE_BLOCK
    thickest = round(MAX_LINE_WIDTH * max(ink.shape))
    if thickest < 1:
        return ink
    slope = _slope_of_lines(np.clip(ink, 0, FAINT * strongest))
    shift = np.rint((np.arange(width) - width / 2) * slope).astype(int)
    margin = int(np.abs(shift).max())
    level = _levelled(ink, shift, margin)[:, : blocks * LINE_BLOCK]
    level = level.reshape(len(level), blocks, LINE_BLOCK).mean(axis=2)
    # Nearly everywhere a line is at least as strong as this; NaN, off the paper, is sorted last.
    seen = np.isfinite(level)
    rank = ((1 - COVERED) * seen.sum(axis=1)).astype(int)
    usual = np.take_along_axis(np.sort(level, axis=1), rank[:, None], axis=1)
    usual[(seen.sum(axis=1) < blocks / 8) | ~(usual[:, 0] > 0)] = 0
    runs, _ = scipy.ndimage.label(usual[:, 0] > usual.max() / 4)
    usual[np.bincount(runs)[runs] * (runs > 0) > thickest + 2] = 0
    # Along the line the light varies; ink on it is darker, and counts no more than twice the line.
    level = np.where(seen, np.clip(level, 0, 2 * usual), usual)
    line = scipy.ndimage.uniform_filter1d(level, max(3, blocks // 5), axis=1)
    line = scipy.ndimage.maximum_filter1d(line, 3, axis=0)
    columns = np.minimum(np.arange(width) // LINE_BLOCK, blocks - 1)
    line = line[np.arange(height)[:, None] + margin - shift, columns]
    return np.maximum(ink - line, np.minimum(ink, 0))


def _slope_of_lines(ink: np.ndarray) -> float:
    """The slope along which the rows of ``[H, W]`` differ most, as rows with lines do."""
    height, width = ink.shape
    blocks = width // LINE_BLOCK
    coarse = ink[:, : blocks * LINE_BLOCK].reshape(height, blocks, LINE_BLOCK).mean(axis=2)
    places = (np.arange(blocks) - blocks / 2) * LINE_BLOCK

    def contrast(degrees: float) -> float:
        shift = np.rint(places * np.tan(np.deg2rad(degrees))).astype(int)
        rows = np.arange(height)[:, None] + shift
        profile = np.take_along_axis(coarse, rows % height, axis=0).mean(axis=1)
        return float(np.square(np.diff(profile)).sum())

    best = max(np.arange(-MAX_TILT, MAX_TILT + 0.5, 0.5), key=contrast)
    best = max(best + np.arange(-0.4, 0.5, 0.1), key=contrast)
    return float(np.tan(np.deg2rad(best)))


def _levelled(ink: np.ndarray, shift: np.ndarray, margin: int) -> np.ndarray:
    """Each column moved up by its `shift`: ``[H + 2 * margin, W]``, NaN off the paper."""
    height = len(ink)
    rows = np.arange(-margin, height + margin)[:, None] + shift
    moved = np.take_along_axis(ink, rows.clip(0, height - 1), axis=0)
    return np.where((rows >= 0) & (rows < height), moved, np.nan)


# ---- files ------------------------------------------------------------------------------------


def open_picture(picture: Picture) -> Image.Image:
    """`picture` as an opaque RGB image, turned as its EXIF data says, its longest side at most
    `WORKING_SIZE`.

    Raises
    ------
    ValueError : if it cannot be read, or is too large.
    """
    return _reduced(picture)[0]


def _reduced(picture: Picture) -> tuple[Image.Image, tuple[float, float]]:
    """`open_picture` of a picture; and pixels of it to one of the result, across and down."""
    if isinstance(picture, np.ndarray):
        return _reduced(_from_array(picture))
    if isinstance(picture, str | Path):
        if not os.path.isfile(picture):  # not a pipe, which one could wait for
            raise ValueError(f"There is no picture {picture}.")
        with open(picture, "rb") as file:
            return _reduced(opened(file))
    width, height = picture.size
    if width * height > MAX_PICTURE_PIXELS:
        raise ValueError(
            f"The picture has {width} x {height} pixels; "
            f"make it smaller than {MAX_PICTURE_PIXELS:,} pixels."
        )
    if width * height == 0:
        raise ValueError("The picture has no pixels.")
    # Pillow takes 4 bytes for most pixels: a picture as large as may be has 100 MB. So one is
    # decoded at a time, and reduced before anything else is made of it.
    with _DECODING, _one_sentence():
        size = _size_within(picture.size, WORKING_SIZE)
        if picture.mode in ("1", "P", "PA"):  # resizing these would skip pixels
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        # Pillow cannot reduce 16-bit integers step by step.
        gap = None if picture.mode.startswith("I;16") else 2.0
        small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=gap)
        turned = ImageOps.exif_transpose(small)
        if turned.size != small.size:
            width, height = height, width
    return _opaque(turned), (width / turned.width, height / turned.height)


def _size_within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    """`size` with the same aspect ratio, reduced to `longest_side` where it is larger."""
    scale = min(1, longest_side / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def _opaque(picture: Image.Image) -> Image.Image:
    """`picture` in RGB; a transparent one is laid on the paper that its ink shows best on."""
    if picture.mode.startswith(("I", "F")):
        picture = _from_array(np.asarray(picture))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    pixels = np.asarray(picture, np.float32)
    alpha = pixels[..., 3]
    dark = (pixels[..., :3].mean(axis=2) * alpha).sum() < 127.5 * alpha.sum()
    paper = Image.new("RGBA", picture.size, "white" if dark else "black")
    return Image.alpha_composite(paper, picture).convert("RGB")


def opened(file: BinaryIO) -> Image.Image:
    """The picture in `file`, not decoded yet.

    Raises
    ------
    ValueError : if it is none of the `FORMATS`.
    """
    with _one_sentence(), warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # see MAX_PICTURE_PIXELS
        return Image.open(file, formats=FORMATS)


@contextlib.contextmanager
def _one_sentence() -> Iterator[None]:
    """Turn what Pillow raises, which on crafted files is everything, into a ValueError."""
    try:
        yield
    except UnidentifiedImageError:
        raise ValueError(
            f"The picture could not be read: it is none of {', '.join(FORMATS)}."
        ) from None
    except Exception as error:
        raise ValueError(f"The picture could not be read ({error}).") from None


def _from_array(array: np.ndarray) -> Image.Image:
    """A PIL image of numbers 0..255, of floats 0..1, or of 16-bit integers 0..65535."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or array.size == 0:
        raise ValueError(
            f"A picture array is [H, W], [H, W, 3] or [H, W, 4], not {list(array.shape)}."
        )
    if array.dtype.kind not in "biuf":
        raise ValueError("A picture array holds numbers: uint8 0..255, or floats 0..1.")
    values = array.reshape(array.shape[:2]) if channels == 1 else array
    if values.dtype == np.uint8:
        return Image.fromarray(values)
    if not np.isfinite(values).all():
        raise ValueError("A picture array holds finite numbers only.")
    scaled = values.astype(np.float64)
    if values.dtype.kind in "bf" and scaled.max() <= 1:
        scaled *= 255
    elif values.dtype.kind in "iu" and scaled.max() > 255:  # 16 bit
        scaled /= 257
    if scaled.min() < 0 or scaled.max() > 255:
        raise ValueError("A picture array holds 0..1, 0..255, or 16-bit integers.")
    return Image.fromarray(np.rint(scaled).astype(np.uint8))
