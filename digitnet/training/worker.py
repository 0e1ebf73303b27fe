"""A training that somebody watches: what may be chosen for it, and what it reports on the way.

python -m digitnet.training.worker     is the process that the page starts for a training; see `main`
"""

import contextlib
import dataclasses
import functools
import json
import math
import os
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from typing import IO, Any

import torch

from digitnet.models import MODELS
from digitnet.training.recipes import RECIPES, Recipe

TRAINING_IMAGES = 60_000
# What each number may be, both ends included.
LIMITS: dict[str, tuple[float, float]] = {
    "hidden_units": (1, 64),
    "epochs": (1, 30),
    "learning_rate": (1e-5, 1.0),
    "batch_size": (8, 1024),
    "images": (100, TRAINING_IMAGES),
    "seed": (0, 2**31 - 1),
}
MOST_CHANNELS = 32  # hidden units of the cnn, which has four times as many behind them
FEWEST_HELD_BACK = 500  # images; fewer say little of a temperature
# Between two reports, in seconds: to show one takes the processor from training, and the cnn trains
# on all of it.
SECONDS_BETWEEN_REPORTS = {"linear": 0.25, "nonlinear": 0.25, "cnn": 1.0}
# Images between two looks at the clock: the cnn is slow.
IMAGES_A_LOOK = {"linear": 3_200, "nonlinear": 3_200, "cnn": 320}
IDLE_SECONDS = 600  # after which a process that is not asked for anything ends
NICENESS = 5  # of a training's process: drawing comes first


@dataclass(frozen=True)
class Settings:
    """What a visitor chose, within `LIMITS`.

    Attributes
    ----------
    model, recipe : by their names
    hidden_units, epochs, learning_rate, batch_size, seed : as train.py takes them
    images : how many of the 60,000 training images, the first ones
    """

    model: str
    recipe: str
    hidden_units: int
    epochs: int
    learning_rate: float
    batch_size: int
    images: int
    seed: int

    @classmethod
    def checked(cls, model: Any = None, recipe: Any = None, *numbers: Any) -> "Settings":
        """Settings of whatever a browser sent, the numbers in the order of `LIMITS`.

        Raises
        ------
        ValueError : with one sentence on the first value that is wrong.
        """
        if not isinstance(model, str) or model not in MODELS:
            raise ValueError(f"There is no such model; choose one of {', '.join(MODELS)}.")
        if not isinstance(recipe, str) or recipe not in RECIPES:
            raise ValueError(f"There is no such recipe; choose one of {', '.join(RECIPES)}.")
        if len(numbers) != len(LIMITS):
            raise ValueError(f"A training takes {len(LIMITS)} numbers.")
        values = {}
        for (name, (low, high)), value in zip(LIMITS.items(), numbers, strict=True):
            if name == "hidden_units" and model == "cnn":
                high = MOST_CHANNELS
            values[name] = _number(name, value, low, high, whole=name != "learning_rate")
        return cls(model, recipe, **values)

    def to_recipe(self) -> Recipe:
        """The recipe with the chosen numbers.

        What is written and what is held back shrinks as the images do, in proportion.
        """
        recipe = RECIPES[self.recipe][self.model]
        share = self.images / TRAINING_IMAGES
        held_back = round(recipe.held_back * share)
        return dataclasses.replace(
            recipe,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            digits=round(recipe.digits * share),
            non_digits=round(recipe.non_digits * share),
            held_back=held_back if held_back >= FEWEST_HELD_BACK else 0,
        )


def _number(name: str, value: Any, low: float, high: float, whole: bool) -> Any:
    """`value` if it is a number from `low` to `high`; ValueError else."""
    kind = "a whole number" if whole else "a number"
    is_number = type(value) in (int, float) and low <= value <= high  # which nan is not
    if not is_number or (whole and value != int(value)):
        ends = f"{low:,} to {high:,}" if whole else f"{low:.5f} to {high:g}"
        raise ValueError(f"The {name.replace('_', ' ')} must be {kind} from {ends}.")
    return int(value) if whole else float(value)


@dataclass(frozen=True)
class Report:
    """Where a training stands, and what would be kept if it ended here.

    Attributes
    ----------
    epoch : the epoch under way, from 1
    done : share of the whole training, 0..1
    loss, accuracy : as in `digitnet.training.loop.Progress`
    seconds : since training began
    weights : the network's, a safetensors file's content without metadata
    ended : how, if it has: "whole", "late" (time is up), "diverged" or "without data" (there are no
        training images); empty while it goes on
    """

    epoch: int
    done: float
    loss: float
    accuracy: float
    seconds: float
    weights: bytes
    ended: str = ""

    def write(self, stream: IO[bytes]) -> None:
        """Send it: a line of JSON, then the weights, whose length the line tells."""
        fields = vars(self) | {"weights": len(self.weights)}
        stream.write(json.dumps(fields).encode() + b"\n" + self.weights)
        stream.flush()

    @classmethod
    def read(cls, stream: IO[bytes]) -> "Report | None":
        """Receive what `write` sent; None where the stream ends."""
        line = stream.readline()
        if not line.endswith(b"\n"):
            return None
        fields = json.loads(line)
        size = fields["weights"]
        weights = stream.read(size)
        return cls(**fields | {"weights": weights}) if len(weights) == size else None


def reports(settings: Settings, seconds: float) -> Generator[Report, None, None]:
    """Train, and report a few times a second; at most for `seconds`.

    It is the training of train.py: a report tells what `digitnet.training.loop.Progress` does. The last
    one says how it ended.
    """
    # Here, not above: the page itself never trains.
    from safetensors.torch import save

    from digitnet.mnist import DatasetError
    from digitnet.training.trainer import diverged, train

    try:
        images, labels = _training_images()
    except DatasetError:
        yield Report(1, 0.0, 0.0, 0.0, 0.0, b"", "without data")
        return
    recipe = settings.to_recipe()
    looks = train(
        settings.model,
        recipe,
        images[: settings.images],
        labels[: settings.images],
        hidden_units=settings.hidden_units,
        seed=settings.seed,
        report_every=max(1, IMAGES_A_LOOK[settings.model] // settings.batch_size),
    )
    due = 0.0
    for progress in looks:
        done = (progress.epoch - 1 + progress.images / progress.epoch_images) / recipe.epochs
        ended = ""
        if not math.isfinite(progress.loss) or diverged(progress.network):
            ended = "diverged"
        elif done == 1:
            ended = "whole"
        elif progress.seconds >= seconds:
            ended = "late"
        if not ended and progress.seconds < due:
            continue
        due = progress.seconds + SECONDS_BETWEEN_REPORTS[settings.model]
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
            looks.close()
            return


@functools.cache
def _training_images() -> tuple[torch.Tensor, torch.Tensor]:
    """MNIST's, on the device that trains."""
    from digitnet.device import pick_device
    from digitnet.mnist import load_mnist

    return load_mnist(train=True, device=pick_device())


def main() -> None:
    """Read one line of JSON, settings and seconds, train by them, and write the reports.

    Whoever started the process may let it wait with everything imported, and ends a training by
    ending the process.
    """
    reports_to = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # a library's print must not get in between
    if hasattr(os, "nice"):  # Windows sets it from outside
        os.nice(NICENESS)
    idle = threading.Timer(IDLE_SECONDS, os._exit, (0,))
    idle.daemon = True
    idle.start()
    import digitnet.training.trainer  # noqa: F401  # now, so that a visitor need not wait for it

    with contextlib.suppress(RuntimeError):
        _training_images()
    line = sys.stdin.readline()
    idle.cancel()
    if not line:  # nobody is there any more
        return
    asked = json.loads(line)
    with contextlib.suppress(BrokenPipeError):  # likewise
        for report in reports(Settings(**asked["settings"]), asked["seconds"]):
            report.write(reports_to)


if __name__ == "__main__":
    main()
