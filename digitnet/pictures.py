"""Pictures: files of several formats, and arrays, as opaque RGB images that stand upright."""

import contextlib
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

try:
    import pi_heif
except ImportError:  # it is one of the requirements of the page, not of the package
    pi_heif = None
else:
    pi_heif.register_heif_opener()

Picture: TypeAlias = Image.Image | np.ndarray | torch.Tensor | str | Path
PICTURE_TYPES = (Image.Image, np.ndarray, torch.Tensor, str, Path)

# Not all that Pillow reads: of some formats, other programs do the reading.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", *(["HEIF"] if pi_heif else []))
MAX_PICTURE_PIXELS = 25_000_000  # larger pictures are refused before they are decoded
WORKING_SIZE = 1600  # pixels, the longest side at which ink is looked for

# Arrays: shapes that are flattened images, and ranges of values.
FLATTENED = {784: (28, 28), 64: (8, 8)}  # MNIST's and scikit-learn's images, row by row
# Largest values: of fractions and masks, of scikit-learn's digits, of bytes.
FULL_SCALES = (1, 16, 255)
FULL_SCALE_16_BIT = 65535
ROUNDING = 0.005  # of full scale, by which values may lie outside the range
SMALL = 20  # pixels; arrays with a shorter longest side are enlarged
ENLARGED = 80  # pixels, the longest side of an enlarged array

_DECODING = threading.Lock()

# ---- files ------------------------------------------------------------------------------------


def open_picture(picture: Picture) -> Image.Image:
    """`picture` as an opaque RGB image, turned as its EXIF data says, its longest side at most
    `WORKING_SIZE`.

    Raises
    ------
    ValueError : if it cannot be read, or is too large.
    """
    return open_reduced(picture)[0]


def open_reduced(picture: Picture) -> tuple[Image.Image, tuple[float, float]]:
    """`open_picture` of a picture; and pixels of it to one of the result, across and down."""
    if isinstance(picture, torch.Tensor):
        picture = picture.detach().cpu()
        picture = (picture.float() if picture.is_floating_point() else picture).numpy()
    if isinstance(picture, np.ndarray):
        array = one_picture(picture)
        reduced, _ = _reduced(_from_array(array))
        width, height = array.shape[1], array.shape[0]
        return reduced, (width / reduced.width, height / reduced.height)
    if isinstance(picture, str | Path):
        if not os.path.isfile(picture):  # not a pipe, which one could wait for
            raise ValueError(f"There is no picture {picture}.")
        try:
            file = open(picture, "rb")  # noqa: SIM115
        except OSError as error:
            raise ValueError(f"{picture} could not be read ({error.strerror}).") from None
        with file:
            return _reduced(opened(file), is_own=True)
    return _reduced(picture)


def _reduced(picture: Image.Image, is_own: bool = False) -> tuple[Image.Image, tuple[float, float]]:
    """`open_reduced` of a Pillow image, which is not changed unless it `is_own`."""
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
        if is_own:
            picture.draft(None, size)  # a JPEG can be decoded at a half of its size or less
        if picture.mode in ("1", "P", "PA"):  # resizing these would skip pixels
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
        # Pillow cannot reduce 16-bit integers step by step.
        gap = None if picture.mode.startswith("I;16") else 2.0
        small = picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=gap)
        turned = ImageOps.exif_transpose(small)
        if turned.size != small.size:
            width, height = height, width
        opaque = _opaque(turned)
    return opaque, (width / turned.width, height / turned.height)


def reduce_opened(picture: Image.Image) -> Image.Image:
    """`open_picture` of what `opened` returned, which is not used for anything else."""
    return _reduced(picture, is_own=True)[0]


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


# ---- arrays -----------------------------------------------------------------------------------


def one_picture(array: np.ndarray) -> np.ndarray:
    """`array` as ``[H, W]``, ``[H, W, 3]`` or ``[H, W, 4]``, where its meaning is certain.

    Raises
    ------
    ValueError : if it is not, or it holds several pictures.
    """
    shape = list(array.shape)
    if array.ndim == 1 and array.size in FLATTENED:
        array = array.reshape(FLATTENED[array.size])
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim == 3 and array.shape[0] in (3, 4) and array.shape[2] > 4:
        if array.shape[1:] == (28, 28):
            raise ValueError(_several(shape))
        array = np.moveaxis(array, 0, 2)  # PyTorch's order of the axes
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim in (3, 4) and array.shape[-1] not in (3, 4):
        raise ValueError(_several(shape))
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"A picture array is [H, W], [H, W, 3] or [H, W, 4], not {shape}.")
    return array


def _several(shape: list[int]) -> str:
    return f"A picture array is one picture, not {shape}; pass several to predict_batch as a list."


def _from_array(array: np.ndarray) -> Image.Image:
    """A PIL image of ``[H, W]``, ``[H, W, 3]`` or ``[H, W, 4]``; tiny ones are enlarged."""
    if array.dtype.kind not in "biuf":
        raise ValueError("A picture array holds numbers: uint8 0..255, or floats 0..1.")
    if array.dtype == np.uint8 and array.max() > max(FULL_SCALES[:-1]):
        return _enlarged(Image.fromarray(array))
    if not np.isfinite(array).all():
        raise ValueError("A picture array holds finite numbers only.")
    values = array.astype(np.float32)
    full_scale = _full_scale(values, array.dtype.kind in "iu")
    values *= 255 / full_scale
    values.clip(0, 255, out=values)
    return _enlarged(Image.fromarray(np.rint(values).astype(np.uint8)))


def _full_scale(values: np.ndarray, integers: bool) -> int:
    """The value that stands for full brightness: the smallest known one that none exceeds."""
    low, high = values.min(), values.max()
    known = [*FULL_SCALES, FULL_SCALE_16_BIT] if integers else FULL_SCALES
    for full_scale in known:
        slack = ROUNDING * full_scale
        if high <= full_scale + slack:
            if low < -slack:
                break
            return full_scale
    raise ValueError(
        "A picture array holds 0..1, 0..16, 0..255, or 16-bit integers 0..65535; "
        f"this one holds {low:.4g} to {high:.4g}."
    )


def _enlarged(picture: Image.Image) -> Image.Image:
    if max(picture.size) >= SMALL:
        return picture
    scale = ENLARGED / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)
