"""The ink of a picture: what a pen wrote, whatever the paper, the light and the colours.

Nothing is assumed of the picture but that ink is thinner than the paper between it. A morphological
closing with a window wider than the pen removes ink that is darker than its paper, and keeps the
paper with its shadows and their edges, so that the difference of the two is the ink: the black-hat
transform (F. Meyer, 1979). What the light takes from the ink as from the paper is divided out.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from PIL import Image

from digitnet.pictures import Picture, open_reduced
from digitnet.reading.marks import marks_in
from digitnet.reading.paper import lines_in

MIN_SIDE = 16  # pixels; a narrower picture is continued at its right or lower edge
SMOOTH = 0.8  # pixels, the standard deviation of the smoothing against noise
TILES = 12  # along the longest side; the paper's texture is measured in each

WINDOWS = (1 / 32, 1 / 16, 1 / 8, 1 / 4)  # of the longest side, wider than a pen
MIN_WINDOW = 11  # pixels; pens in MNIST's own images are up to 6 wide
PEN_SIZE = 400  # pixels, the longest side at which the window is chosen
EXPLAINED = 0.9  # of the edges that the widest windows leave, this much is enough


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
    reduced, scale = open_reduced(picture)
    colours = np.asarray(reduced, np.float32) / 255
    missing = [max(0, MIN_SIDE - side) for side in colours.shape[:2]]
    colours = np.pad(colours, [(0, missing[0]), (0, missing[1]), (0, 0)], "edge")
    grey = _grey_of(colours)
    polarity, window = _window_of(grey)
    dark = _black_hat(-polarity * grey, window)
    if polarity < 0:
        dark = np.minimum(dark / np.maximum(_light(colours), grey + dark), 1)
    level, noise = _texture_of(dark)
    dark -= level
    typical = float(np.median(noise))
    strength, parts, count = marks_in(dark, lines_in(dark, typical), noise)
    return Ink(strength, parts, count, scale)


def _grey_of(colours: np.ndarray) -> np.ndarray:
    """Brightness ``[H, W]`` along the colours' steepest axis, of RGB ``[H, W, 3]`` in 0..1.

    The axis is the first eigenvector of the colours' structure tensor (S. Di Zenzo, 1986), so that
    blue ink on yellow paper contrasts as much as black on white.
    """
    steps = np.concatenate(
        [
            (colours[2::2, ::2] - colours[:-2:2, ::2]).reshape(-1, 3),
            (colours[::2, 2::2] - colours[::2, :-2:2]).reshape(-1, 3),
        ]
    )
    squared = np.square(steps).sum(axis=1)
    steepest = steps[squared >= np.percentile(squared, 98)]  # the others are the paper's texture
    tensor = (steepest.T @ steepest).astype(np.float64)
    axis = np.linalg.eigh(tensor)[1][:, -1]
    axis = axis * (1 if axis.sum() >= 0 else -1)
    return colours @ (axis / np.abs(axis).sum()).astype(np.float32)


def _window_of(grey: np.ndarray) -> tuple[int, int]:
    """The ink's polarity, 1 where it is brighter than the paper and else -1; a window in pixels.

    The window is the narrowest, wider than the pen, that leaves nearly all of the sharp edges that
    any window leaves. Edges no steeper than the paper's texture don't count.
    """
    factor = -(-max(grey.shape) // PEN_SIZE)
    small = np.asarray(Image.fromarray(grey).reduce(factor))
    longest = max(small.shape)
    edges = _steepness(small)
    texture = 4 * np.median(edges)
    sharp = edges > texture
    margin = max(2, longest // 6)
    padded = np.pad(small, margin, "edge")
    sides = sorted({max(MIN_WINDOW, round(longest * part) | 1) for part in WINDOWS})

    def explained(polarity: int, side: int) -> float:
        hat = _black_hat(-polarity * padded, side, smooth=0)[margin:-margin, margin:-margin]
        return float(np.square(np.minimum(_steepness(hat), edges)[sharp]).sum())

    shares = {polarity: [explained(polarity, side) for side in sides] for polarity in (1, -1)}
    # The pen is narrower than the gaps between its strokes, and than shadows.
    polarity = max(shares, key=lambda polarity: np.dot(shares[polarity], 1 / np.array(sides)))
    enough = EXPLAINED * max(shares[polarity])
    side = next(s for s, share in zip(sides, shares[polarity], strict=True) if share >= enough)
    return polarity, side * factor


def _steepness(values: np.ndarray) -> np.ndarray:
    return np.hypot(*np.gradient(values))


def _black_hat(values: np.ndarray, window: int, smooth: float = SMOOTH) -> np.ndarray:
    """What is darker in ``[H, W]`` than all around it within `window` pixels, and by how much."""
    smooth *= min(1, max(values.shape) / 400) if max(values.shape) > 100 else 0
    smoothed = scipy.ndimage.gaussian_filter(values, smooth) if smooth else values
    closed = scipy.ndimage.grey_closing(smoothed, size=(window, window), mode="nearest")
    return closed - smoothed


def _light(colours: np.ndarray) -> np.ndarray:
    """The brightness of the paper, float32 ``[H, W]`` in 0.05..1, without ink and small things."""
    height, width = colours.shape[:2]
    factor = max(1, max(height, width) // 100)
    grey = Image.fromarray(colours.mean(axis=2)).reduce(factor)
    bright = scipy.ndimage.grey_closing(np.asarray(grey), size=(9, 9), mode="nearest")
    bright = Image.fromarray(bright).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(bright), 0.05, 1)


def _texture_of(dark: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The paper's own darkness and the standard deviation of its texture, ``[H, W]`` both.

    Measured from percentiles in tiles, as if it were normal: ink covers less than half of most.
    """
    height, width = dark.shape
    side = max(16, -(-max(height, width) // TILES))
    rows, columns = max(1, height // side), max(1, width // side)
    tiles = [
        np.percentile(tile[::2, ::2], (5, 25))
        for band in np.array_split(dark, rows)
        for tile in np.array_split(band, columns, axis=1)
    ]
    lowest, low = np.array(tiles, np.float32).T.reshape(2, rows, columns)
    noise = (low - lowest) / 0.97
    level = low + 0.67 * noise
    level, noise = (scipy.ndimage.median_filter(one, 3, mode="nearest") for one in (level, noise))
    level, noise = (
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BILINEAR))
        for one in (level, noise)
    )
    return level, noise
