"""What may be chosen for a training on the page, and the limits of each choice."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from digitnet.models import MODELS, build, parameter_count
from digitnet.training.recipes import RECIPES, Hyperparameters

TRAINING_IMAGES = 60_000
MAX_TAUGHT = 1000  # drawings that a model can be taught at once
# The range of each number, both ends included. A model may allow fewer hidden units.
LIMITS: dict[str, tuple[float, float]] = {
    "hidden_units": (1, max(network.max_hidden_units for network in MODELS.values())),
    "epochs": (1, 30),
    "learning_rate": (1e-5, 1.0),
    "batch_size": (8, 1024),
    "images": (100, TRAINING_IMAGES),
    "seed": (0, 2**31 - 1),
}
# What is offered first takes half a minute on two cores: so many images, over all epochs.
LARGE = 10_000  # parameters
IMAGES_OF_LARGE, IMAGES_OF_SMALL = 45_000, 350_000
MAX_EPOCHS_OF_LARGE = 3
MIN_HELD_BACK = 500  # images; fewer determine a temperature badly


@dataclass(frozen=True)
class Settings:
    """The choices for one training, within `LIMITS`.

    Attributes
    ----------
    model, recipe : names
    hidden_units, epochs, learning_rate, batch_size, seed : as in train.py
    images : how many of the 60,000 training images to use, from the first on
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
        """Settings from whatever a browser sent, the numbers in the order of `LIMITS`.

        Raises
        ------
        ValueError : if a value is wrong; the message is one sentence about the first one.
        """
        if not isinstance(model, str) or model not in MODELS:
            raise ValueError(f"There is no such model; choose one of {', '.join(MODELS)}.")
        if not isinstance(recipe, str) or recipe not in RECIPES:
            raise ValueError(f"There is no such recipe; choose one of {', '.join(RECIPES)}.")
        if len(numbers) != len(LIMITS):
            raise ValueError(f"A training takes {len(LIMITS)} numbers.")
        values = {}
        for (name, (low, high)), value in zip(LIMITS.items(), numbers, strict=True):
            if name == "hidden_units":
                high = MODELS[model].max_hidden_units
            values[name] = _number(name, value, low, high, whole=name != "learning_rate")
        return cls(model, recipe, **values)

    def to_hyperparameters(self) -> Hyperparameters:
        """The recipe's hyperparameters with the chosen numbers.

        With fewer training images, fewer drawings are written and fewer images held back, in
        proportion.
        """
        hyperparameters = RECIPES[self.recipe].for_model(self.model)
        share = self.images / TRAINING_IMAGES
        held_back = round(hyperparameters.held_back * share)
        return dataclasses.replace(
            hyperparameters,
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            digits=round(hyperparameters.digits * share),
            non_digits=round(hyperparameters.non_digits * share),
            held_back=held_back if held_back >= MIN_HELD_BACK else 0,
        )


def first_numbers(model: str, recipe: str) -> list[float]:
    """The numbers that are offered first for a network, in the order of `LIMITS`."""
    hyperparameters = RECIPES[recipe].for_model(model)
    epochs, enough = hyperparameters.epochs, IMAGES_OF_SMALL
    if parameter_count(build(model)) > LARGE:
        epochs, enough = min(epochs, MAX_EPOCHS_OF_LARGE), IMAGES_OF_LARGE
    written = hyperparameters.digits + hyperparameters.non_digits  # in proportion to the images
    images = enough / epochs / (1 + written / TRAINING_IMAGES)
    return [
        MODELS[model].default_hidden_units,
        epochs,
        hyperparameters.learning_rate,
        hyperparameters.batch_size,
        min(TRAINING_IMAGES, int(round(images, -3))),
        0,
    ]


def _number(name: str, value: Any, low: float, high: float, whole: bool) -> Any:
    """`value` if it is a number from `low` to `high`; ValueError if not."""
    kind = "a whole number" if whole else "a number"
    is_number = type(value) in (int, float) and low <= value <= high  # which nan is not
    if not is_number or (whole and value != int(value)):
        ends = f"{low:,} to {high:,}" if whole else f"{low:.5f} to {high:g}"
        raise ValueError(f"The {name.replace('_', ' ')} must be {kind} from {ends}.")
    return int(value) if whole else float(value)
