"""The worker process that trains for the page and reports its progress.

Run as ``python -m digitnet.training.worker``; `digitnet.training.worker_client` starts it.
"""

import contextlib
import functools
import json
import math
import os
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import IO

import torch

from digitnet.models import build
from digitnet.training.settings import Settings

# A report takes time from the training, and a network with convolutions trains on all cores.
REPORT_INTERVAL, SLOW_REPORT_INTERVAL = 0.25, 1.0  # seconds, without and with convolutions
# The clock is read between steps; a network with convolutions takes longer for as many images.
CHECK_INTERVAL, SLOW_CHECK_INTERVAL = 3_200, 320  # images, likewise
IDLE_SECONDS = 600  # after which a process without a request ends
NICENESS = 5  # of the worker process: recognising drawings comes first


@dataclass(frozen=True)
class Report:
    """The state of a training, with the weights it would give if it ended here.

    Attributes
    ----------
    epoch : the current epoch, from 1
    done : fraction of the whole training, 0..1
    loss, accuracy : as in `digitnet.training.loop.Progress`
    seconds : since training began
    weights : of the network, as the content of a safetensors file without metadata
    ended : empty while the training goes on, then how it ended: "whole", "late" (out of time),
        "diverged", "without data" (no training images) or "broken off" (the process died)
    """

    epoch: int
    done: float
    loss: float
    accuracy: float
    seconds: float
    weights: bytes
    ended: str = ""

    def write(self, stream: IO[bytes]) -> None:
        """Write a line of JSON, which gives the length of the weights, and then the weights."""
        fields = vars(self) | {"weights": len(self.weights)}
        stream.write(json.dumps(fields).encode() + b"\n" + self.weights)
        stream.flush()

    @classmethod
    def read(cls, stream: IO[bytes]) -> "Report | None":
        """Read what `write` wrote; None at the end of the stream."""
        line = stream.readline()
        if not line.endswith(b"\n"):
            return None
        fields = json.loads(line)
        size = fields["weights"]
        weights = stream.read(size)
        return cls(**fields | {"weights": weights}) if len(weights) == size else None


def reports(settings: Settings, seconds: float) -> Generator[Report, None, None]:
    """Train as train.py does, for at most `seconds`, and report at least about once a second.

    The last report says how the training ended.
    """
    # Imported here because the page, which imports this module, never trains.
    from safetensors.torch import save

    from digitnet.mnist import DatasetError
    from digitnet.training.trainer import diverged, train

    try:
        images, labels = _training_images()
    except DatasetError:
        yield Report(1, 0.0, 0.0, 0.0, 0.0, b"", "without data")
        return
    hyperparameters = settings.to_hyperparameters()
    slow = build(settings.model, settings.hidden_units).has_convolutions
    check_interval = SLOW_CHECK_INTERVAL if slow else CHECK_INTERVAL
    training = train(
        settings.model,
        hyperparameters,
        images[: settings.images],
        labels[: settings.images],
        hidden_units=settings.hidden_units,
        seed=settings.seed,
        report_every=max(1, check_interval // settings.batch_size),
    )
    due = 0.0
    for progress in training:
        done = (
            progress.epoch - 1 + progress.images / progress.epoch_images
        ) / hyperparameters.epochs
        ended = ""
        if not math.isfinite(progress.loss) or diverged(progress.network):
            ended = "diverged"
        elif done == 1:
            ended = "whole"
        elif progress.seconds >= seconds:
            ended = "late"
        if not ended and progress.seconds < due:
            continue
        due = progress.seconds + (SLOW_REPORT_INTERVAL if slow else REPORT_INTERVAL)
        state = progress.network.state_dict()
        yield Report(
            epoch=progress.epoch,
            done=done,
            loss=progress.loss,
            accuracy=progress.accuracy,
            seconds=progress.seconds,
            weights=save({name: value.cpu().contiguous() for name, value in state.items()}),
            ended=ended,
        )
        if ended:
            training.close()
            return


@functools.cache
def _training_images() -> tuple[torch.Tensor, torch.Tensor]:
    """MNIST's training images and labels, on the device to train on."""
    from digitnet.device import pick_device
    from digitnet.mnist import load_mnist

    return load_mnist(train=True, device=pick_device())


def main() -> None:
    """Read one line of JSON, the settings and the time limit, then train and write the reports.

    The process can be started in advance: it imports everything and waits for the line. It ends
    when it is killed, when its standard input is closed, or after `IDLE_SECONDS` without a line.
    """
    reports_to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # printed text would corrupt the reports
    if hasattr(os, "nice"):  # on Windows, `TrainingProcess` sets it
        os.nice(NICENESS)
    idle = threading.Timer(IDLE_SECONDS, os._exit, (0,))
    idle.daemon = True
    idle.start()
    import digitnet.training.trainer  # noqa: F401  # in advance

    with contextlib.suppress(RuntimeError):
        _training_images()
    line = sys.stdin.readline()
    idle.cancel()
    if not line:  # standard input was closed
        return
    threading.Thread(target=_end_with_the_page, daemon=True).start()
    request = json.loads(line)
    with contextlib.suppress(BrokenPipeError):  # nobody reads the reports any more
        for report in reports(Settings(**request["settings"]), request["seconds"]):
            report.write(reports_to)


def _end_with_the_page() -> None:
    """End this process when standard input is closed, as it is when the page's process ends."""
    # Not `sys.stdin.read`: Python aborts at exit if a thread holds the lock of `sys.stdin`.
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
