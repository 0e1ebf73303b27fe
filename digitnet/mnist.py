"""MNIST as two tensors: uint8 images and int64 labels."""

import gzip
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
import torch

DATA_FOLDER = Path(__file__).resolve().parent.parent / "data"

CLASS_NAMES = (
    "0 - zero",
    "1 - one",
    "2 - two",
    "3 - three",
    "4 - four",
    "5 - five",
    "6 - six",
    "7 - seven",
    "8 - eight",
    "9 - nine",
)

# MD5 sums as torchvision.datasets.MNIST.resources gives them.
MD5_SUMS = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


class DatasetError(RuntimeError):
    """A file of the data set is missing, truncated or altered; the message says what to do."""


def load_mnist(
    folder: str | Path = DATA_FOLDER, *, train: bool, device: torch.device | str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Read the training or test set from ``folder/MNIST/raw``, which torchvision uses too.

    Parameters
    ----------
    folder : contains ``MNIST/raw``
    train : whether to read the 60,000 training images or the 10,000 test images
    device : of the tensors

    Returns
    -------
    images : uint8 ``[N, 28, 28]``, 0 (background) to 255 (ink)
    labels : int64 ``[N]``, 0 to 9

    Raises
    ------
    DatasetError : if a file is missing, or differs from the published one.
    """
    half = "train" if train else "t10k"
    # The IDX format: a header of 16 bytes for images, 8 for labels, then the values, one byte each.
    images = _read_verified(folder, f"{half}-images-idx3-ubyte.gz")[16:].reshape(-1, 28, 28)
    labels = _read_verified(folder, f"{half}-labels-idx1-ubyte.gz")[8:]
    return torch.tensor(images, device=device), torch.tensor(labels, device=device).long()


def _read_verified(folder: str | Path, name: str) -> np.ndarray:
    path = Path(folder) / "MNIST" / "raw" / name
    try:
        compressed = path.read_bytes()
    except FileNotFoundError:
        raise DatasetError(
            f"{path} is missing; copy it there, or run train.py in the project's folder, which "
            "downloads it."
        ) from None
    except OSError as error:
        raise DatasetError(f"{path} could not be read ({error.strerror}).") from None
    if hashlib.md5(compressed, usedforsecurity=False).hexdigest() != MD5_SUMS[name]:
        raise DatasetError(
            f"{path} is truncated or altered (its MD5 sum is not {MD5_SUMS[name]}); "
            "delete it and run train.py to download it again."
        )
    return np.frombuffer(gzip.decompress(compressed), dtype=np.uint8)


def download_missing(folder: str | Path = DATA_FOLDER) -> None:
    """Download missing files of MNIST into `folder`, by torchvision.

    Raises
    ------
    DatasetError : if the download fails; the message says which files to put where.
    """
    raw = Path(folder) / "MNIST" / "raw"
    missing = [name for name in MD5_SUMS if not (raw / name).exists()]
    if not missing:
        return
    from torchvision.datasets import MNIST  # here, as the import takes seconds and 160 MB
    from torchvision.datasets.utils import download_url

    def download(name: str, folder: str) -> None:
        for mirror in MNIST.mirrors:
            try:
                download_url(mirror + name, root=folder, filename=name, md5=MD5_SUMS[name])
                os.replace(Path(folder) / name, raw / name)
                return
            except (OSError, RuntimeError) as error:
                reason = error
        raise reason

    try:
        raw.mkdir(parents=True, exist_ok=True)
        # A download that breaks off leaves part of a file, which must not be taken for the whole.
        with tempfile.TemporaryDirectory(dir=raw) as folder:
            for name in missing:
                download(name, folder)
    except (OSError, RuntimeError) as error:
        raise DatasetError(
            f"MNIST could not be downloaded ({error}); put {', '.join(missing)} "
            f"into {raw} yourself."
        ) from None
