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

from digitnet.paper import frames, lines_in
from digitnet.pictures import Picture, open_picture

WORKING_SIZE = 1600  # pixels, the longest side at which ink is looked for
NARROWEST = 16  # pixels; a narrower picture is continued at its right or lower edge
BLANK_CONTRAST = 0.06  # of the paper's brightness; a picture with less contrast is blank
SMOOTH = 0.8  # pixels, the standard deviation of the smoothing against noise
TILES = 12  # along the longest side; the paper's texture is measured in each

WINDOWS = (1 / 40, 1 / 14, 1 / 4, 1 / 1.5)  # of the longest side, wider than a pen
PEN_SIZE = 400  # pixels, the longest side at which the window is chosen
EXPLAINED = 0.85  # of the edges that the widest windows leave, this much is enough

FAINT, STRONG = 0.25, 0.5  # of the strongest ink: where ink ends, and what it must reach somewhere
FAINT_NOISE, STRONG_NOISE = 3.5, 6  # the same, in standard deviations of the paper's texture
SPOT = 40  # pixels, of the strongest ink in a large picture
BRIDGE = 7  # pixels; gaps in strokes where a line was taken out, at most
MANY = 40  # marks; among more, small ones are not looked at
SPECK = 0.7  # of the pen's width; what is smaller was not written
EDGE = 2  # pixels around ink that may hold some of its blurred edge


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
    opened = open_picture(picture)
    reduced = opened.copy()
    reduced.thumbnail((WORKING_SIZE, WORKING_SIZE), Image.Resampling.BILINEAR)
    scale = (opened.width / reduced.width, opened.height / reduced.height)
    colours = np.asarray(reduced, np.float32) / 255
    missing = [max(0, NARROWEST - side) for side in colours.shape[:2]]
    colours = np.pad(colours, [(0, missing[0]), (0, missing[1]), (0, 0)], "edge")
    grey = _grey_of(colours)
    polarity, window = _window_of(grey)
    dark = _black_hat(-polarity * grey, window)
    if polarity < 0:
        dark /= _light(colours)
    level, noise = _texture_of(dark)
    dark -= level
    typical = float(np.median(noise))
    return _connected(dark, lines_in(dark, typical), noise, scale)


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
    # Ink may touch the border, but around it there must be paper.
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    margin = max(2, longest // 6)
    padded = np.pad(small, margin, constant_values=np.median(border))
    sides = sorted({max(3, round(longest * part) | 1) for part in WINDOWS})

    def explained(polarity: int, side: int) -> float:
        hat = _black_hat(-polarity * padded, side, smooth=0)[margin:-margin, margin:-margin]
        return float(np.square(np.minimum(_steepness(hat), edges)[sharp]).sum())

    shares = {polarity: [explained(polarity, side) for side in sides] for polarity in (1, -1)}
    # The pen is narrower than the gaps between its strokes.
    polarity = max(shares, key=lambda polarity: sum(shares[polarity]))
    enough = EXPLAINED * max(shares[polarity])
    side = next(s for s, share in zip(sides, shares[polarity], strict=True) if share >= enough)
    return polarity, 2 * side * factor + 1


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
    return tuple(
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BILINEAR))
        for one in (level, noise)
    )


def _connected(
    dark: np.ndarray, lines: np.ndarray, noise: np.ndarray, scale: tuple[float, float]
) -> Ink:
    """Keep what is connected to strong ink, without the paper's texture and lines."""
    with_lines, dark = dark, np.where(lines, np.minimum(dark, 0), dark)
    spot = int(np.clip(dark.size // 500, 4, SPOT))
    strongest = float(np.partition(dark, -spot, axis=None)[-spot])
    faint = np.maximum(FAINT * strongest, FAINT_NOISE * noise)
    strong = np.maximum(np.maximum(STRONG * strongest, STRONG_NOISE * noise), BLANK_CONTRAST / 2)
    if lines.any():  # what a line took of a stroke that lies along it or is no darker
        closed = scipy.ndimage.grey_closing((dark > faint).view(np.uint8), (BRIDGE, BRIDGE))
        dark = np.where(lines & (closed > 0), with_lines, dark)
    parts, count = scipy.ndimage.label(dark > faint, np.ones((3, 3)))
    peaks = scipy.ndimage.sum_labels(dark > strong, parts, np.arange(count + 1))
    kept = (
        (peaks > min(3, dark.size // 5000))
        & (np.arange(count + 1) > 0)
        & (strongest >= BLANK_CONTRAST)
    )
    parts = (np.cumsum(kept) * kept).astype(np.int32)[parts]
    if (framed := frames(parts)).any():
        parts, count = scipy.ndimage.label((parts > 0) & ~framed, np.ones((3, 3)))
        dark = np.where(scipy.ndimage.maximum_filter(framed, 3), 0, dark)
    parts, count = _without_specks(parts)
    near = scipy.ndimage.maximum_filter(parts > 0, 2 * EDGE + 1)
    strength = np.where(near, np.clip(dark / max(strongest, 1e-6), 0, None), 0)
    return Ink(strength.astype(np.float32), parts, count, scale)


def _without_specks(parts: np.ndarray) -> tuple[np.ndarray, int]:
    """Marks that a pen may have made, of all marks ``[H, W]``, and their number.

    Not those smaller than the pen is wide, nor lines along the picture's border.
    """
    slices = scipy.ndimage.find_objects(parts)
    if not slices:
        return parts, 0
    sizes = np.array([[side.stop - side.start for side in box] for box in slices])
    longest = sizes.max(axis=1)
    at_border = np.array(
        [
            any(s.start <= 2 or s.stop >= n - 2 for s, n in zip(box, parts.shape, strict=True))
            for box in slices
        ]
    )
    edges = at_border & ((longest > 3 * sizes.min(axis=1)) | (longest < 0.35 * longest.max()))
    kept = ~edges if not edges.all() else np.ones(len(slices), bool)
    largest = np.argmax(np.where(kept, longest, 0))
    inside = scipy.ndimage.distance_transform_edt(parts[slices[largest]] == largest + 1)
    pen = 4 * inside[inside > 0].mean() - 1
    kept &= longest >= SPECK * pen
    if kept.sum() > MANY:  # texture or a grid, of which something was missed
        kept &= longest >= longest[largest] / 3
    numbers = np.concatenate([[0], np.cumsum(kept) * kept]).astype(np.int32)
    return numbers[parts], int(kept.sum())
