"""Pictures: files of many formats, and arrays, as opaque RGB images that stand upright."""

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import pi_heif
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

Picture: TypeAlias = Image.Image | np.ndarray | torch.Tensor | str | Path

pi_heif.register_heif_opener()  # the photos of iPhones

# Not all that Pillow reads: of some formats, other programs do the reading.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "HEIF")
MAX_PICTURE_PIXELS = 25_000_000  # larger pictures are refused before they are decoded
WORKING_SIZE = 1280  # pixels, the longest side at which a transparent picture's paper is chosen

FLAT = {784: (28, 28), 64: (8, 8)}  # MNIST's and scikit-learn's images, row by row
DARK = 16  # of 255; where nothing is brighter, this is not the range
ROUNDING = 0.005  # of the range, by which numbers may leave it

# ---- files ------------------------------------------------------------------------------------


def open_picture(picture: Picture) -> Image.Image:
    """`picture` as an opaque RGB image, turned as its EXIF data says.

    Raises
    ------
    ValueError : if it cannot be read, or is too large.
    """
    if isinstance(picture, torch.Tensor):
        picture = picture.detach().cpu()
        return open_picture(
            picture.float().numpy() if picture.is_floating_point() else picture.numpy()
        )
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
    """A PIL image of numbers, whose range is told from their kind and the largest of them."""
    array = _one_picture(array)
    if array.dtype.kind not in "biuf":
        raise ValueError("A picture array holds numbers: uint8 0..255, or floats 0..1.")
    if array.dtype == np.uint8 and array.max() > DARK:
        return Image.fromarray(array)
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("A picture array holds finite numbers only.")
    largest = _largest_of(values, array.dtype.kind in "iu")
    if largest is None:
        raise ValueError(
            "A picture array holds 0..1, 0..16, 0..255, or 16-bit integers 0..65535; "
            f"this one holds {values.min():.4g} to {values.max():.4g}."
        )
    return Image.fromarray(np.rint(values.clip(0, largest) * (255 / largest)).astype(np.uint8))


def _one_picture(array: np.ndarray) -> np.ndarray:
    """`array` as ``[H, W]``, ``[H, W, 3]`` or ``[H, W, 4]``, where that is certain."""
    shape = array.shape
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 1 and array.size in FLAT:
        array = array.reshape(FLAT[array.size])
    colours = array.ndim == 3 and array.shape[2] in (1, 3, 4)
    if array.ndim == 3 and array.shape[0] == 3 and not colours and array.shape[1:] != (28, 28):
        array = np.moveaxis(array, 0, 2)  # as PyTorch has it
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim > 2 and array.shape[-1] not in (3, 4):
        raise ValueError(
            f"A picture array is one picture, not {list(shape)}; "
            "give several pictures to predict_batch."
        )
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"A picture array is [H, W], [H, W, 3] or [H, W, 4], not {list(shape)}.")
    return array


def _largest_of(values: np.ndarray, whole: bool) -> float | None:
    """The number that stands for white, or None if the range is none of those known.

    A picture of which little more than black is used would be too dark to see anything: numbers up
    to 1 are a mask or a share, whatever their kind, and those up to 16 as in scikit-learn's digits.
    """
    low, high = values.min(), values.max()
    for largest in (1, DARK, 255):
        slack = ROUNDING * largest
        if low >= -slack and high <= largest + slack:
            return float(largest)
    return 65535.0 if whole and low >= 0 and high <= 65535 else None
