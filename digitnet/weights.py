"""Weights as safetensors files whose metadata describes the model."""

import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from digitnet.models import MODELS, Network, build

FORMAT_VERSION = "1"
SINGLE_FILE = "model.safetensors"  # where a folder or repository has one model alone
MAX_WEIGHT = 1e6  # far above the values that training gives, and no logit overflows
TEMPERATURES = 1e-3, 1e3  # lowest and highest, likewise
MAX_QUOTE = 100  # characters of a file's content in a message
_PACKAGE = Path(__file__).resolve().parent
_INSTALLED = _PACKAGE / "_weights"  # in an installed package
WEIGHTS_FOLDER = _INSTALLED if _INSTALLED.is_dir() else _PACKAGE.parent / "weights"
# Names of the recipes in files of earlier versions.
OLD_RECIPES = {"baseline": "article", "augmented": "drawings"}


class WeightsError(ValueError):
    """A weights file is missing, broken or not a model's; the message says what to do."""


@dataclass(frozen=True)
class Metadata:
    """The metadata of a weights file.

    Attributes
    ----------
    model, recipe, hidden_units : the model, how it was trained, and its size
    test_accuracy : on MNIST's 10,000 test images, 0..1
    temperature : logits are divided by it before the softmax
    threshold : the lowest `digitnet.calibration.digit_score` of a digit, 0..1
    """

    model: str
    recipe: str
    hidden_units: int
    test_accuracy: float
    temperature: float = 1.0
    threshold: float = 0.0
    format_version: str = field(default=FORMAT_VERSION)

    def to_strings(self) -> dict[str, str]:
        """The metadata as strings, as safetensors stores it."""
        return {name: str(value) for name, value in vars(self).items()}

    @classmethod
    def from_strings(cls, strings: dict[str, str]) -> "Metadata":
        """The inverse of `to_strings`; KeyError or ValueError if a value is missing or invalid."""
        return cls(
            model=strings["model"],
            recipe=OLD_RECIPES.get(strings["recipe"], strings["recipe"]),
            hidden_units=int(strings["hidden_units"]),
            test_accuracy=float(strings["test_accuracy"]),
            temperature=float(strings["temperature"]),
            threshold=float(strings["threshold"]),
            format_version=strings["format_version"],
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, replacing the file only when the new one is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp's 0600 would deny other users, such as a server, access.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def save_weights(model: nn.Module, metadata: Metadata, path: str | Path) -> None:
    """Write the parameters of `model` to one safetensors file, atomically."""
    write_atomically(Path(path), to_bytes(model, metadata))


def to_bytes(model: nn.Module, metadata: Metadata) -> bytes:
    """The content of the safetensors file that `save_weights` writes."""
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    return _with_sorted_header(save(tensors, metadata=metadata.to_strings()))


def _with_sorted_header(content: bytes) -> bytes:
    """The same safetensors file with sorted keys in its header.

    safetensors writes the metadata in an order that varies between runs, but the same training
    should give the same bytes. The format is: the header's length in eight bytes, the header as
    JSON, padded with spaces to a multiple of eight bytes, and the tensors.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(
        json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")
    ).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def load_weights(path: str | Path) -> tuple[Network, Metadata]:
    """Load a network from one safetensors file; no other file is read.

    Returns
    -------
    model : on the CPU, in evaluation mode
    metadata : of the file

    Raises
    ------
    WeightsError : if the file is missing or broken, or does not hold a model of this package.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path} is missing; run python train.py to make it.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = _checked_metadata(path, file.metadata() or {})
            model = _network_without_values(path, metadata)
            expected = {name: list(value.shape) for name, value in model.state_dict().items()}
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            found = {name: part.get_shape() for name, part in slices.items()}
            if expected != found or any(part.get_dtype() != "F32" for part in slices.values()):
                raise WeightsError(
                    f"{path} does not hold the tensors of a {metadata.model} with "
                    f"{metadata.hidden_units} hidden units."
                )
            tensors = {name: file.get_tensor(name) for name in found}
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file ({_short(error)}); "
            "run python train.py to make it again."
        ) from None
    # False for infinity and NaN, too.
    if not all((value.abs() < MAX_WEIGHT).all() for value in tensors.values()):
        raise WeightsError(
            f"{path} holds weights that are not finite, or too large; "
            "run python train.py to make it again."
        )
    # Copies, because safetensors may map the file. `to_empty` would import sympy.
    model.load_state_dict({name: value.clone() for name, value in tensors.items()}, assign=True)
    return model.eval(), metadata


def _checked_metadata(path: Path, strings: dict[str, str]) -> Metadata:
    """The metadata of the file at `path`; WeightsError if it is invalid."""
    version = strings.get("format_version")
    if version != FORMAT_VERSION:
        raise WeightsError(
            f"{path} has format version {_short(version)}, but this digitnet reads version "
            f"{FORMAT_VERSION}; run python train.py to make it again."
        )
    try:
        metadata = Metadata.from_strings(strings)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} lacks valid metadata ({_short(error)}).") from None
    if metadata.model not in MODELS:
        raise WeightsError(
            f"{path} holds a model {_short(metadata.model)!r}; known are {', '.join(MODELS)}."
        )
    low, high = TEMPERATURES
    if not (low <= metadata.temperature <= high and 0 <= metadata.threshold <= 1):
        raise WeightsError(f"{path} lacks a valid temperature and threshold.")
    if not 0 <= metadata.test_accuracy <= 1:
        raise WeightsError(f"{path} lacks a valid test accuracy, 0 to 1.")
    return metadata


def _network_without_values(path: Path, metadata: Metadata) -> Network:
    """The network described by `metadata`, without memory for its values."""
    try:
        with torch.device("meta"):
            return build(metadata.model, metadata.hidden_units)
    except ValueError as error:
        raise WeightsError(f"{path} describes no network ({_short(error)}).") from None


def _short(text: object) -> str:
    """`text` in one line of at most `MAX_QUOTE` characters."""
    return " ".join(str(text).split())[:MAX_QUOTE]
