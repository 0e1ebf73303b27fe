"""Pictures: files of many formats, and arrays, as opaque RGB images that stand upright."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

Picture: TypeAlias = Image.Image | np.ndarray | str | Path

# Not all that Pillow reads: of some formats, other programs do the reading.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
MAX_PICTURE_PIXELS = 25_000_000  # larger pictures are refused before they are decoded
WORKING_SIZE = 1280  # pixels, the longest side at which a transparent picture's paper is chosen

# ---- files ------------------------------------------------------------------------------------


def open_picture(picture: Picture) -> Image.Image:
    """`picture` as an opaque RGB image, turned as its EXIF data says.

    Raises
    ------
    ValueError : if it cannot be read, or is too large.
    """
    if isinstance(picture, np.ndarray):
        return open_picture(_from_array(picture))
    if isinstance(picture, str | Path):
        if not os.path.isfile(picture):  # not a pipe, which one could wait for
            raise ValueError(f"There is no picture {picture}.")
        with open(picture, "rb") as file:
            return open_picture(opened(file))
    width, height = picture.size
    if width * height > MAX_PICTURE_PIXELS:
        raise ValueError(
            f"The picture has {width} x {height} pixels; "
            f"make it smaller than {MAX_PICTURE_PIXELS:,} pixels."
        )
    if width * height == 0:
        raise ValueError("The picture has no pixels.")
    with _one_sentence():
        picture = ImageOps.exif_transpose(picture)
        picture.load()
    if picture.mode.startswith(("I", "F")):
        return open_picture(_from_array(np.asarray(picture)))
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    # Lay a transparent picture on the paper that its ink shows best on.
    picture = picture.convert("RGBA")
    reduced = picture.copy()
    reduced.thumbnail((WORKING_SIZE, WORKING_SIZE))
    pixels = np.asarray(reduced, np.float32)
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
