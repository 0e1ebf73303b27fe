"""The progress of a training: status, progress bar, figures and the weights of the first layer."""

import base64
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import nn

from digitnet.evaluation import compute_logits
from digitnet.models import IMAGE_SIZE, Network
from digitnet.training.settings import Settings
from digitnet.training.worker import Report
from digitnet.ui.components.base import picture_url, png_url
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis
from digitnet.ui.components.maps import signed_map

BACKGROUND = 200  # grey between the pictures, 0..255
PICTURES_PER_ROW = 8
MAX_POINTS = 300  # of a curve; every other one is dropped where there are more
MIN_ESTIMATED_SECONDS = 5.0  # of a training; of a shorter one, the time left is not shown
MAX_LOSS = 2.5  # nats, the top of the chart; the loss of guessing is 2.3


class Point(NamedTuple):
    """A point of a training's curves; see `digitnet.training.worker.Report`."""

    done: float
    loss: float
    accuracy: float


def waiting() -> dict[str, Any]:
    """The template's data while another training is running."""
    return {"status": "Waiting for its turn: one network is trained at a time"}


def beginning(settings: Settings) -> dict[str, Any]:
    """The template's data until the first report."""
    hyperparameters = settings.to_hyperparameters()
    status = "Writing new digits" if hyperparameters.digits else "Starting"
    return {"bar": True, "percent": 0, "status": status}


def under_way(
    settings: Settings, report: Report, limit: float, inside: dict[str, Any]
) -> dict[str, Any]:
    """The template's data of a running training.

    Parameters
    ----------
    limit : seconds that the training may take
    inside : returned by `look_inside`
    """
    left = ""
    whole = report.seconds / report.done
    if whole > limit:
        left = f"stops in {_duration(limit - report.seconds)}, when time is up"
    elif whole > MIN_ESTIMATED_SECONDS:
        left = f"about {_duration(whole - report.seconds)} left"
    return {
        "bar": True,
        "status": f"Epoch {report.epoch} of {settings.epochs}",
        "left": left,
        "percent": round(100 * report.done),
        **_figures(report),
        **inside,
    }


def over(
    settings: Settings,
    report: Report,
    stopped: bool,
    accuracy: float | None,
    inside: dict[str, Any],
    file: bytes,
) -> dict[str, Any]:
    """The template's data of a training that has ended, and whose network can be used.

    Parameters
    ----------
    stopped : whether the visitor ended it
    accuracy : share of the test images recognised, 0..1; None without these
    inside : returned by `look_inside`
    file : the network's weights as a safetensors file, to be downloaded
    """
    where = f"in epoch {report.epoch} of {settings.epochs}"
    status = f"Trained for {settings.epochs} epoch{'s' * (settings.epochs > 1)}"
    if report.ended == "late":
        status = f"Time was up {where}; the network is kept as it was then"
    elif stopped:
        status = f"Stopped {where}; the network is kept as it was then"
    return {
        "status": f"{status} ({report.seconds:.1f} s).",
        "test": "" if accuracy is None else f"{100 * accuracy:.2f} %",
        "file": f"data:application/octet-stream;base64,{base64.b64encode(file).decode()}",
        "file_name": f"{settings.model}.safetensors",
        **_figures(report),
        **inside,
    }


def stopped_early() -> dict[str, Any]:
    """The template's data of a training that was stopped before its first report."""
    return {"status": "Stopped before anything was learned."}


def failed(sentence: str) -> dict[str, Any]:
    """The template's data of a training without a result; `sentence` says why."""
    return {"problem": sentence}


def curves(settings: Settings, history: list[Point]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Loss and accuracy over the epochs, for two charts."""
    while len(history) > MAX_POINTS:
        history = history[:-1:2] + history[-1:]
    at = [point.done * settings.epochs for point in history]
    losses = [min(point.loss, 1e6) for point in history]
    step = math.ceil(settings.epochs / 8)
    ticks = [(epoch, str(epoch)) for epoch in range(0, settings.epochs + 1, step)]
    epochs = Axis("epoch", 0, settings.epochs, ticks)
    nats = [(quarter * MAX_LOSS / 5, f"{quarter * MAX_LOSS / 5:g}") for quarter in range(6)]
    shares = [point.accuracy for point in history]
    loss = Series("mean over the epoch so far", list(zip(at, losses, strict=True)))
    accuracy = Series("mean over the epoch so far", list(zip(at, shares, strict=True)))
    return (
        chart("Loss", [loss], epochs, Axis("cross-entropy, nats", 0, MAX_LOSS, nats)),
        chart("Accuracy", [accuracy], epochs, percent_axis("recognised")),
    )


@torch.inference_mode()
def look_inside(network: Network, image: np.ndarray) -> dict[str, Any]:
    """The template's data of a network as it is now: its prediction, which is not calibrated yet,
    and its first layer.

    Parameters
    ----------
    image : float32 ``[28, 28]`` in 0..1, to predict
    """
    probabilities = compute_logits(network, torch.from_numpy(image[None])).softmax(1)[0]
    digit = int(probabilities.argmax())
    return {
        "image": png_url(image),
        "predicted": str(digit),
        "probability": f"{100 * float(probabilities[digit]):.1f} %",
        "bars": [f"{100 * value:.1f}" for value in probabilities.tolist()],
        **_shown(first_layer(network, image)),
    }


@torch.inference_mode()
def first_layer(network: Network, image: np.ndarray) -> np.ndarray:
    """The weights of the first layer as pictures, values in -1..1, ``[units, H, W]``.

    A unit of a linear layer is shown by its 28x28 weights. A unit of a convolution is shown by its
    kernel and, to the right of it, the layer's output for `image`, float32 ``[28, 28]`` in 0..1,
    before the ReLU: that picture is wider than high. Each is scaled by its own largest magnitude.
    """
    layer = next(layer for layer in network.layers if isinstance(layer, nn.Linear | nn.Conv2d))
    weight = layer.weight
    if isinstance(layer, nn.Linear):
        return _scaled(weight.numpy().reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
    kernels = weight[:, 0]
    responses = layer(torch.from_numpy(image)[None, None])[0]
    size = responses.shape[-1]
    rows = (torch.arange(size) * kernels.shape[-1]) // size
    enlarged = kernels[:, rows][:, :, rows]
    gap = np.full((len(kernels), size, 1), np.nan, np.float32)
    return np.concatenate([_scaled(enlarged.numpy()), gap, _scaled(responses.numpy())], axis=2)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Each picture of ``[N, H, W]`` divided by its largest magnitude."""
    largest = np.abs(values).max(axis=(1, 2), keepdims=True)
    return values / np.maximum(largest, 1e-12)


def sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures ``[units, H, W]``, -1..1, side by side in two colours, uint8 ``[H, W, 3]``.

    Where a value is nan, there is background.
    """
    count, height, width = pictures.shape
    columns = min(PICTURES_PER_ROW // 2 if _are_kernels(pictures) else PICTURES_PER_ROW, count)
    rows = -(-count // columns)
    whole = np.full((rows * (height + 2) - 2, columns * (width + 2) - 2, 3), BACKGROUND, np.uint8)
    for number, values in enumerate(pictures):
        picture = signed_map(np.nan_to_num(values), 1)
        picture[np.isnan(values)] = BACKGROUND
        top, left = number // columns * (height + 2), number % columns * (width + 2)
        whole[top : top + height, left : left + width] = picture
    return whole


def _are_kernels(pictures: np.ndarray) -> bool:
    """Whether pictures of `first_layer` show kernels and responses, side by side."""
    return pictures.shape[2] > pictures.shape[1]


def _figures(report: Report) -> dict[str, str]:
    return {"loss": f"{report.loss:.3f}", "accuracy": f"{100 * report.accuracy:.1f} %"}


def _shown(pictures: np.ndarray) -> dict[str, Any]:
    """The pictures and their caption."""
    whole = sheet(pictures)
    units = f"{len(pictures)} hidden unit{'s' * (len(pictures) > 1)}"
    caption = (
        f"The weights of the first layer's {units}: ink in blue places activates a unit, ink in "
        "orange places inhibits it."
    )
    if _are_kernels(pictures):
        caption = (
            f"The kernels of the first layer's {units}, each with its output for a digit, before "
            "the ReLU: blue is above zero, orange below."
        )
    return {
        "pictures": picture_url(Image.fromarray(whole)),
        "width": whole.shape[1] * (4 if whole.shape[1] < 150 else 3),
        "caption": caption,
    }


def _duration(seconds: float) -> str:
    """Such as "12 s" or "3 min"."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
