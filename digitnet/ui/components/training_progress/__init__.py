"""How a training stands, in words, a bar and pictures of what the first layer looks for."""

import base64
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from digitnet.models import IMAGE_SIZE, Network
from digitnet.training.worker import Report, Settings
from digitnet.ui.components.base import picture_url
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis
from digitnet.ui.components.maps import signed_map

PAPER = 200  # grey between the pictures, 0..255
PICTURES_A_ROW = 8
POINTS = 300  # of a curve; every other one is dropped where there are more
SHORT = 5.0  # seconds; of a shorter training nobody asks how long it takes
MAX_LOSS = 2.5  # nats; the loss of guessing is 2.3


class Point(NamedTuple):
    """One of a training's curves; the figures are those of `digitnet.training.worker.Report`."""

    done: float
    loss: float
    accuracy: float


def waiting() -> dict[str, Any]:
    """The template's data before it is the visitor's turn."""
    return {"says": "Waiting for its turn: one network is trained at a time"}


def beginning(settings: Settings) -> dict[str, Any]:
    """The template's data until the first report."""
    hyperparameters = settings.to_hyperparameters()
    doing = "Writing new digits" if hyperparameters.digits else "Beginning"
    return {"bar": True, "percent": 0, "says": doing}


def under_way(
    settings: Settings, report: Report, limit: float, pictures: np.ndarray
) -> dict[str, Any]:
    """The template's data while training goes on.

    Parameters
    ----------
    limit : seconds that the training may take
    pictures : what `first_layer` gives
    """
    left = ""
    whole = report.seconds / report.done
    if whole > limit:
        left = f"stops in {_duration(limit - report.seconds)}, when time is up"
    elif whole > SHORT:
        left = f"about {_duration(whole - report.seconds)} left"
    return {
        "bar": True,
        "says": f"Epoch {report.epoch} of {settings.epochs}",
        "left": left,
        "percent": round(100 * report.done),
        **_figures(report),
        **_shown(settings, pictures),
    }


def over(
    settings: Settings,
    report: Report,
    stopped: bool,
    accuracy: float | None,
    pictures: np.ndarray,
    file: bytes,
) -> dict[str, Any]:
    """The template's data of a training that has ended, and whose network was kept.

    Parameters
    ----------
    stopped : whether the visitor ended it
    accuracy : share of the test images recognised, 0..1; None without these
    pictures : what `first_layer` gives
    file : the network's weights as a safetensors file, to be downloaded
    """
    where = f"in epoch {report.epoch} of {settings.epochs}"
    says = f"Trained for {settings.epochs} epoch{'s' * (settings.epochs > 1)}"
    if report.ended == "late":
        says = f"Time was up {where}; what was learned until then is kept"
    elif stopped:
        says = f"Stopped {where}; what was learned until then is kept"
    return {
        "says": f"{says} ({report.seconds:.1f} s).",
        "test": "" if accuracy is None else f"{100 * accuracy:.2f} %",
        "file": f"data:application/octet-stream;base64,{base64.b64encode(file).decode()}",
        "file_name": f"{settings.model}.safetensors",
        **_figures(report),
        **_shown(settings, pictures),
    }


def stopped_early() -> dict[str, Any]:
    """The template's data of a training that was stopped before its first report."""
    return {"says": "Stopped before anything was learned."}


def failed(sentence: str) -> dict[str, Any]:
    """The template's data of a training that nothing is left of; `sentence` is the page's own."""
    return {"problem": sentence}


def curves(settings: Settings, history: list[Point]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Loss and accuracy over the epochs, for two charts."""
    while len(history) > POINTS:
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
def first_layer(network: Network, image: np.ndarray) -> np.ndarray:
    """Pictures of what the first layer looks for, values in -1..1, ``[units, H, W]``.

    A hidden unit of the small networks is its 28x28 weights; one of the cnn is its 2x2 kernel and,
    to the right of it, what it answers to `image`, uint8 ``[28, 28]``. Each is scaled by itself.
    """
    weight = next(network.parameters())
    if weight.ndim == 2:
        return _scaled(weight.numpy().reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
    kernels = weight[:, 0]
    seen = torch.from_numpy(image).float()[None, None] / 255
    answers = torch.nn.functional.conv2d(seen, weight)[0]
    size = answers.shape[-1]
    rows = (torch.arange(size) * kernels.shape[-1]) // size
    enlarged = kernels[:, rows][:, :, rows]
    gap = np.full((len(kernels), size, 1), np.nan, np.float32)
    return np.concatenate([_scaled(enlarged.numpy()), gap, _scaled(answers.numpy())], axis=2)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Each picture of ``[N, H, W]`` divided by its largest magnitude."""
    largest = np.abs(values).max(axis=(1, 2), keepdims=True)
    return values / np.maximum(largest, 1e-12)


def sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures ``[units, H, W]``, -1..1, side by side in two colours, uint8 ``[H, W, 3]``.

    What is nan is paper.
    """
    count, height, width = pictures.shape
    columns = min(PICTURES_A_ROW if width == height else PICTURES_A_ROW // 2, count)
    rows = -(-count // columns)
    whole = np.full((rows * (height + 2) - 2, columns * (width + 2) - 2, 3), PAPER, np.uint8)
    for number, values in enumerate(pictures):
        picture = signed_map(np.nan_to_num(values), 1)
        picture[np.isnan(values)] = PAPER
        top, left = number // columns * (height + 2), number % columns * (width + 2)
        whole[top : top + height, left : left + width] = picture
    return whole


def _figures(report: Report) -> dict[str, str]:
    return {"loss": f"{report.loss:.3f}", "accuracy": f"{100 * report.accuracy:.1f} %"}


def _shown(settings: Settings, pictures: np.ndarray) -> dict[str, Any]:
    """The pictures, and what they are."""
    whole = sheet(pictures)
    units = f"{len(pictures)} hidden unit{'s' * (len(pictures) > 1)}"
    caption = f"What the {units} look for: ink in blue places wakes it, in orange ones calms it."
    if settings.model == "cnn":
        caption = (
            f"The 2x2 kernels of the first layer's {units}, each with what it makes of a digit: "
            "blue is above zero, orange below."
        )
    return {
        "pictures": picture_url(Image.fromarray(whole)),
        "width": whole.shape[1] * (4 if whole.shape[1] < 150 else 3),
        "caption": caption,
    }


def _duration(seconds: float) -> str:
    """Such as "12 s" or "3 min"."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
