"""Weights as safetensors files that say in their metadata what they are."""

import json
import math
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
LARGEST_FIGURE = 1e15  # of metrics; JSON has integers that no float can hold
METRICS_FILE = "metrics.json"
# What metrics may say of people's drawings: the set that choices were made by, and the other.
DRAWINGS_FIELDS = ("test_drawings", "development_drawings")
CHART_FILE = "accuracy.png"
WEIGHTS_FOLDER = Path(__file__).resolve().parent.parent / "weights"


class WeightsError(ValueError):
    """A weights file is missing, broken or not ours; the message says which and what to do."""


@dataclass(frozen=True)
class Metadata:
    """What a weights file says of itself.

    Attributes
    ----------
    model, recipe, hidden_units : what was trained, and how
    test_accuracy : share of MNIST's 10,000 test images recognised, 0..1
    temperature : logits are divided by it before the softmax
    threshold : lowest `digitnet.calibration.digit_score` of what counts as a digit
    shifted : whether logits are the mean over small shifts, as in `digitnet.evaluation.forward_of`
    """

    model: str
    recipe: str
    hidden_units: int
    test_accuracy: float
    temperature: float = 1.0
    threshold: float = 0.0
    shifted: bool = False
    format_version: str = field(default=FORMAT_VERSION)

    def to_strings(self) -> dict[str, str]:
        """The form safetensors stores: strings only."""
        return {name: str(value) for name, value in vars(self).items()}

    @classmethod
    def from_strings(cls, strings: dict[str, str]) -> "Metadata":
        """Read back what `to_strings` wrote; KeyError or ValueError where it is not that."""
        return cls(
            model=strings["model"],
            recipe=strings["recipe"],
            hidden_units=int(strings["hidden_units"]),
            test_accuracy=float(strings["test_accuracy"]),
            temperature=float(strings["temperature"]),
            threshold=float(strings["threshold"]),
            shifted={"True": True, "False": False}[strings["shifted"]],
            format_version=strings["format_version"],
        )


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that the old file stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)  # mkstemp's 0600 would hide the weights from a server's user
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def save_weights(model: nn.Module, metadata: Metadata, path: str | Path) -> None:
    """Write the parameters of `model` to one safetensors file, atomically."""
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()
    }
    content = save(tensors, metadata=metadata.to_strings())
    write_atomically(Path(path), _with_sorted_header(content))


def _with_sorted_header(content: bytes) -> bytes:
    """The same safetensors file with its header's keys in order.

    safetensors writes the metadata in an order that changes from run to run, and the same training
    should give the same bytes. The format: eight bytes with the header's length, the header as
    JSON, padded with spaces to a multiple of eight bytes, and the tensors.
    """
    length = int.from_bytes(content[:8], "little")
    header = json.dumps(
        json.loads(content[8 : 8 + length]), sort_keys=True, separators=(",", ":")
    ).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def load_weights(path: str | Path) -> tuple[Network, Metadata]:
    """Rebuild a network from one safetensors file; nothing beside it is read.

    Returns
    -------
    model : the network, on the CPU, in evaluation mode
    metadata : what the file says of itself

    Raises
    ------
    WeightsError : if the file is missing or broken, or its contents are not a digitnet model's.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path} is missing; run python train.py to make it.")
    try:
        with safe_open(path, framework="pt") as file:
            strings = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} is not a whole safetensors file ({error}); "
            "run python train.py to make it anew."
        ) from None

    version = strings.get("format_version")
    if version != FORMAT_VERSION:
        raise WeightsError(
            f"{path} has format version {version}, but this digitnet reads version "
            f"{FORMAT_VERSION}; run python train.py to make it anew."
        )
    try:
        metadata = Metadata.from_strings(strings)
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path} lacks valid metadata ({error}).") from None
    if not (0 < metadata.temperature < math.inf and math.isfinite(metadata.threshold)):
        raise WeightsError(f"{path} lacks a valid temperature and threshold.")
    if metadata.model not in MODELS:
        raise WeightsError(
            f"{path} holds a model {metadata.model!r}; known are {', '.join(MODELS)}."
        )
    try:
        with torch.device("meta"):  # shapes only, so that a lying header allocates nothing
            model = build(metadata.model, metadata.hidden_units)
    except (ValueError, RuntimeError) as error:
        raise WeightsError(f"{path} describes no network ({error}).") from None
    expected = {
        name: (tuple(value.shape), value.dtype) for name, value in model.state_dict().items()
    }
    found = {name: (tuple(value.shape), value.dtype) for name, value in tensors.items()}
    if expected != found:
        raise WeightsError(
            f"{path} does not hold the tensors of a {metadata.model} with "
            f"{metadata.hidden_units} hidden units."
        )
    # Copies, because safetensors may map the file; and not `to_empty`, which imports sympy.
    model.load_state_dict({name: value.clone() for name, value in tensors.items()}, assign=True)
    return model.eval(), metadata


def write_metrics(folder: str | Path, metrics: dict) -> None:
    """Write the metrics.json of one recipe's weights, atomically."""
    write_atomically(Path(folder) / METRICS_FILE, json.dumps(metrics, indent=1).encode() + b"\n")


def read_metrics(folder: str | Path) -> dict | None:
    """The metrics that train.py measured on the weights in `folder`, None if it has none.

    Raises
    ------
    WeightsError : if the file is there but does not hold metrics.
    """
    path = Path(folder) / METRICS_FILE
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is not readable JSON ({error}); run python train.py to make it anew."
        ) from None
    if not _is_metrics(metrics):
        raise WeightsError(f"{path} does not hold metrics; run python train.py to make it anew.")
    return metrics


def read_metrics_by_recipe(folder: str | Path) -> dict[str, dict]:
    """`read_metrics` of each recipe in `folder` that has some, by the recipe's name."""
    files = sorted(Path(folder).glob(f"*/{METRICS_FILE}"))
    found = {file.parent.name: read_metrics(file.parent) for file in files}
    return {recipe: metrics for recipe, metrics in found.items() if metrics}


def _is_metrics(content: object) -> bool:
    """Whether `content` is of known models, and what is shown of them has the right form."""
    return (
        isinstance(content, dict)
        and isinstance(content.get("models"), dict)
        and all(name in MODELS and _is_entry(entry) for name, entry in content["models"].items())
    )


def _is_entry(entry: object) -> bool:
    """Whether `entry` has an accuracy and a size, and whatever else is shown of it is figures."""
    if not isinstance(entry, dict):
        return False
    figures = {"test_accuracy", "parameters", *entry.keys() & {"test_loss", "calibration_error"}}
    curve, diagram = entry.get("training_curve", []), entry.get("reliability", [])
    sets_of_drawings = [entry[name] for name in DRAWINGS_FIELDS if name in entry]
    recipe, versions = entry.get("recipe", {}), entry.get("versions", {})
    return (
        _has_numbers(entry, figures)
        and isinstance(curve, list)
        and all(_has_numbers(point, {"accuracy"}) for point in curve)
        and isinstance(diagram, list)
        and all(_has_numbers(point, {"count", "confidence", "accuracy"}) for point in diagram)
        and all(
            isinstance(drawings, dict)
            and isinstance(drawings.get("name"), str)
            and _has_numbers(drawings, {"count", "accuracy", *drawings.keys()} - {"name"})
            for drawings in sets_of_drawings
        )
        and isinstance(recipe, dict)
        and _has_numbers(recipe, recipe.keys() - {"name"})
        and isinstance(versions, dict)
        and _is_robustness(entry.get("robustness", {"curves": {}, "nudges": {}}))
    )


def _is_robustness(content: object) -> bool:
    """Whether `content` has a curve for each distortion and figures of each norm's nudges."""
    if not isinstance(content, dict):
        return False
    curves, nudges = content.get("curves"), content.get("nudges")
    return (
        isinstance(curves, dict)
        and all(
            isinstance(curve, list)
            and all(_has_numbers(point, {"value", "accuracy"}) for point in curve)
            for curve in curves.values()
        )
        and isinstance(nudges, dict)
        and all(_has_numbers(figures, {"mean", "found"}) for figures in nudges.values())
    )


def _has_numbers(content: object, names: set[str]) -> bool:
    """Whether `content` is a dictionary with a number that can be shown for each of `names`."""
    return isinstance(content, dict) and all(
        isinstance(content.get(name), int | float) and abs(content[name]) < LARGEST_FIGURE
        for name in names
    )
