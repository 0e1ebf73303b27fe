"""The marks of a pen among all that is darker than its paper."""

import numpy as np
import scipy

from digitnet.reading.frames import frames

BLANK_CONTRAST = 0.06  # of the paper's brightness; a picture with less contrast is blank
FAINT, STRONG = 0.25, 0.5  # of the strongest ink: where ink ends, and what it must reach somewhere
FAINT_NOISE, STRONG_NOISE = 3.5, 6  # the same, in standard deviations of the paper's texture
SPOT = 40  # pixels, of the strongest ink in a large picture
GRAIN = 5  # pixels; gaps between the grains of a stroke, at most
BRIDGE = 7  # pixels; gaps in strokes where a line was taken out, at most
SHARP = 0.08  # of the ink's strength, by which its edges change in a pixel
AROUND = 0.3  # of its mean darkness, what there may be of it just outside of ink
NEAR, FAR = 2, 4  # pixels from ink, between which that is measured
MAX_SHADOWS = 3  # times that shadows are taken out, and fainter ones are looked for
MANY = 40  # marks; among more, small ones are not looked at
SPECK = 0.7  # of the pen's width; what is smaller was not written
LARGE = 400  # pixels, the longest side; smaller pictures may be cut out around a digit
CUT_OFF = 0.5  # of the shorter side: how large a digit is that the border cuts off
WIDEST, FLATTEST = 0.5, 4  # of the picture's width, and widths to a height: no writing is both
BORDER = 2  # pixels; what comes as near as this to the border of a large picture touches it
# On lined paper, of the longest side: a mark is written if it is larger than the first, and larger
# than the second if most of it lies along a line.
MIN_WRITING, SMALL_BIT = 0.025, 0.05
BESIDE_LINE, ON_LINE = 3, 0.7  # pixels from a line, and the part of a mark that lies so near to it
STRAIGHT = 0.03  # its width to its length, standard deviations: a line that was not found
# A piece of a line is at most so many times as dark as the lines, and as straight as that.
PIECES = ((3.5, 0.07), (2.5, 0.2))
DARKER = 2.3  # times as dark as the lines, as writing is
SMALL_MARK, SEVERAL = 0.06, 10  # remnants are smaller, of the longest side, or there are more
EDGE = 2  # pixels around ink that may hold some of its blurred edge


def marks_in(
    dark: np.ndarray, lines: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Keep what is connected to strong ink and has the edges of a stroke.

    Parameters
    ----------
    dark : float32 ``[H, W]``, how much darker than its paper each pixel is, as a share of 1
    lines : bool ``[H, W]``, where the paper's own lines are
    noise : float32 ``[H, W]``, the standard deviation of the paper's texture

    Returns
    -------
    strength : float32 ``[H, W]``, 0 where there is paper, about 1 where the ink is strongest
    parts : int32 ``[H, W]``, 1 to `count` where ink is connected, else 0
    count : number of parts
    """
    written = np.where(lines, np.minimum(dark, 0), dark)
    parts, count, strongest = _connected(written, dark, lines, noise)
    for _ in range(MAX_SHADOWS):
        sharp = np.concatenate([[True], _sharp(dark, lines, parts, count)])
        if sharp.all():
            break
        written = np.where(sharp[parts], written, 0)
        # What is left may be fainter than the shadows were.
        parts, count, strongest = _connected(written, dark, lines & sharp[parts], noise)
    if (framed := frames(parts)).any():
        parts, count = scipy.ndimage.label((parts > 0) & ~framed, np.ones((3, 3)))
        dark = np.where(scipy.ndimage.maximum_filter(framed, 3), 0, dark)
    parts, count = _without_specks(parts)
    if lines.any() and not _is_written_on(parts, lines, dark):
        parts, count = np.zeros_like(parts), 0
    near = scipy.ndimage.maximum_filter(parts > 0, 2 * EDGE + 1) & (~lines | (parts > 0))
    strength = np.where(near, np.clip(dark / max(strongest, 1e-6), 0, None), 0)
    return strength.astype(np.float32), parts, count


def _connected(
    written: np.ndarray, dark: np.ndarray, lines: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, int, float]:
    """What is connected to strong ink: marks as in `marks_in`, and how strong the strongest is.

    Of what is `dark`, ink is what is `written`, and what lies on lines in short gaps of it.
    """
    large = max(dark.shape) > LARGE
    spot = int(np.clip(dark.size // 500, 4, SPOT))
    strongest = float(np.partition(written, -spot, axis=None)[-spot])
    if strongest < BLANK_CONTRAST:
        return np.zeros(dark.shape, np.int32), 0, strongest
    faint = np.maximum(FAINT * strongest, FAINT_NOISE * noise)
    strong = np.maximum(np.maximum(STRONG * strongest, STRONG_NOISE * noise), BLANK_CONTRAST / 2)
    ink = written > faint
    if lines.any():  # what a line took of a stroke that lies along it or is no darker
        closed = scipy.ndimage.grey_closing(ink.view(np.uint8), (BRIDGE, BRIDGE)) > 0
        ink |= lines & closed & (dark > faint)
    # A pencil leaves gaps between its grains.
    joined = scipy.ndimage.grey_closing(ink.view(np.uint8), (GRAIN, GRAIN)) if large else ink
    parts, count = scipy.ndimage.label(joined, np.ones((3, 3)))
    parts *= ink
    strong_pixels = np.bincount(parts[(dark > strong) & ink], minlength=count + 1)
    kept = strong_pixels > min(3, dark.size // 5000)
    kept[0] = False
    return (np.cumsum(kept) * kept).astype(np.int32)[parts], int(kept.sum()), strongest


def _sharp(dark: np.ndarray, lines: np.ndarray, parts: np.ndarray, count: int) -> np.ndarray:
    """Which marks have the edges of a stroke rather than those of a shadow, bool ``[count]``."""

    def mean(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """The mean of `values` ``[n]`` by mark, 0 for a mark without any; `numbers` has the marks.

        `scipy.ndimage.mean` would go through all pixels of the picture, and most are paper.
        """
        pixels = np.bincount(numbers, minlength=count + 1)[1:]
        return np.bincount(numbers, values, count + 1)[1:] / np.maximum(pixels, 1)

    inked = parts > 0
    steep = scipy.ndimage.gaussian_gradient_magnitude(dark, 1)
    outline = inked & (scipy.ndimage.minimum_filter(parts, 3) != parts)
    edges = mean(steep[outline], parts[outline])
    depths = np.zeros(count + 1, dark.dtype)
    np.maximum.at(depths, parts[inked], dark[inked])
    # Texture makes the edges of a shadow steep as well, but it still is dark beyond them.
    beyond = ~scipy.ndimage.maximum_filter(inked, 2 * NEAR + 1)
    around = scipy.ndimage.maximum_filter(parts, 2 * FAR + 1)
    # There is none where marks are close. The lines of a narrow grid are not a shadow.
    near = (around > 0) & beyond & ~lines
    beside = mean(dark[near], around[near])
    within = mean(dark[inked], parts[inked])
    return (edges > SHARP * depths[1:]) & ~(beside > AROUND * within)


def _is_written_on(parts: np.ndarray, lines: np.ndarray, dark: np.ndarray) -> bool:
    """Whether any of the marks ``[H, W]`` on lined paper is more than a remnant of the lines.

    Remnants are bits of a line, and lines that were not found; they are hardly darker than lines.
    """
    beside = scipy.ndimage.maximum_filter(lines, 2 * BESIDE_LINE + 1)
    of_lines = np.percentile(dark[lines], 75)
    slices = scipy.ndimage.find_objects(parts)
    for number, box in enumerate(slices, 1):
        own = parts[box] == number
        size = max(own.shape) / max(parts.shape)
        darkness = np.percentile(dark[box][own], 75) / max(of_lines, 1e-6)
        places = np.argwhere(own) - np.argwhere(own).mean(axis=0)
        minor, major = np.sqrt(np.linalg.eigvalsh(places.T @ places + 1e-9 * np.eye(2)))
        is_line = minor < STRAIGHT * major
        is_bit = size < SMALL_BIT and beside[box][own].mean() > ON_LINE
        is_piece = any(darkness < most and minor < thin * major for most, thin in PIECES)
        doubtful = size < SMALL_MARK or len(slices) > SEVERAL or _is_at_border(box, parts.shape)
        is_as_dark = darkness < DARKER and doubtful
        if size > MIN_WRITING and not (is_line or is_bit or is_piece or is_as_dark):
            return True
    return False


def _is_at_border(box: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    margin = min(BORDER, max(shape) // 100)
    return any(s.start <= margin or s.stop >= n - margin for s, n in zip(box, shape, strict=True))


def _without_specks(parts: np.ndarray) -> tuple[np.ndarray, int]:
    """Marks that a pen may have made, of all marks ``[H, W]``, and their number.

    Not those smaller than the pen is wide, nor lines along the picture's border.
    """
    slices = scipy.ndimage.find_objects(parts)
    if not slices:
        return parts, 0
    sizes = np.array([[side.stop - side.start for side in box] for box in slices])
    longest = sizes.max(axis=1)
    at_border = np.array([_is_at_border(box, parts.shape) for box in slices])
    # What lies at the border is the end of a line or of a shadow, unless it is like the writing.
    kept = np.ones(len(slices), bool)
    if not at_border.all():
        written = longest[~at_border].max()
        like = (longest > 0.5 * written) & (longest < 1.8 * written)
        kept = ~at_border | (like & (longest < 3 * sizes.min(axis=1)))
    elif max(parts.shape) > LARGE:
        kept = longest > CUT_OFF * min(parts.shape)
    if max(parts.shape) > LARGE:  # a line of the paper, or a fold
        height, width = sizes.T
        kept &= (width < WIDEST * parts.shape[1]) | (width < FLATTEST * height)
        if not kept.any():
            return np.zeros_like(parts), 0
    largest = np.argmax(np.where(kept, longest, 0))
    # Padded, as a bar fills its box and would have no edge there.
    own = np.pad(parts[slices[largest]] == largest + 1, 1)
    inside = scipy.ndimage.distance_transform_edt(own)
    pen = 4 * inside[inside > 0].mean() - 1
    kept &= longest >= SPECK * pen
    if kept.sum() > MANY:  # texture or a grid, of which something was missed
        compact = kept & (longest < 3 * sizes.min(axis=1))
        usual = longest[compact].max() if compact.any() else longest[largest]
        kept &= (longest >= usual / 3) & (compact | (longest < 2 * usual))
    numbers = np.concatenate([[0], np.cumsum(kept) * kept]).astype(np.int32)
    return numbers[parts], int(kept.sum())
