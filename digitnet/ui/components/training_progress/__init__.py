"""The progress of a training: status, progress bar and figures."""

import base64
import math
from typing import Any, NamedTuple

from digitnet.training.settings import Settings
from digitnet.training.worker import Report
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis

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


def under_way(settings: Settings, report: Report, limit: float) -> dict[str, Any]:
    """The template's data of a running training.

    Parameters
    ----------
    limit : seconds that the training may take
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
    }


def over(
    settings: Settings,
    report: Report,
    stopped: bool,
    accuracy: float | None,
    file: bytes,
) -> dict[str, Any]:
    """The template's data of a training that has ended, and whose network can be used.

    Parameters
    ----------
    stopped : whether the visitor ended it
    accuracy : share of the test images recognised, 0..1; None without these
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


def _figures(report: Report) -> dict[str, str]:
    return {"loss": f"{report.loss:.3f}", "accuracy": f"{100 * report.accuracy:.1f} %"}


def _duration(seconds: float) -> str:
    """Such as "12 s" or "3 min"."""
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
