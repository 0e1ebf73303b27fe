"""The metrics of the models of a recipe, in the metrics.json beside the weights."""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from digitnet.models import MODELS
from digitnet.weights import WeightsError, write_atomically

METRICS_FILE = "metrics.json"
CHART_FILE = "accuracy.png"  # of the test accuracies
MAX_NUMBER = 1e15  # integers in JSON may be too large for a float

Number = Annotated[float, Field(gt=-MAX_NUMBER, lt=MAX_NUMBER, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=0, lt=MAX_NUMBER, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]


class _Part(BaseModel):
    """Keeps unknown fields, so that nothing is lost when a file is written back."""

    model_config = ConfigDict(extra="allow")


class ReliabilityBin(_Part):
    """The answers in one range of confidence: how many, and their mean confidence and accuracy."""

    count: Count
    confidence: Share
    accuracy: Share


class Epoch(_Part):
    """One epoch of the training curve: mean cross-entropy in nats, and accuracy in 0..1."""

    loss: Number | None = None
    accuracy: Share


class DrawingMetrics(_Part):
    """What was measured on a set of people's drawings.

    Attributes
    ----------
    name : of the set
    count : number of drawings
    accuracy, calibration_error : 0..1
    squeezed_accuracy : with the whole canvas reduced to 28x28, as many demos do it
    """

    name: str
    count: Count
    accuracy: Share
    calibration_error: Share | None = None
    squeezed_accuracy: Share | None = None


class RobustnessPoint(_Part):
    """The accuracy at one value of a distortion, or one size of a perturbation."""

    value: Number
    accuracy: Share


class SmallestPerturbation(_Part):
    """Adversarial perturbations in one norm: the mean size, and the share of images with one."""

    mean: Number
    found: Share


class Robustness(_Part):
    """The robustness of a model on test images, as benchmarks/robustness.py measures it.

    Attributes
    ----------
    curves : accuracy along each distortion, by its name
    attack : accuracy under PGD along the size of the perturbation, see `digitnet.attacks`
    nudges : smallest adversarial perturbations, by their norm
    """

    curves: dict[str, list[RobustnessPoint]]
    attack: list[RobustnessPoint] = []
    nudges: dict[str, SmallestPerturbation]


class ModelMetrics(_Part):
    """The measurements of one model, and how it was trained.

    Attributes
    ----------
    test_accuracy : share of MNIST's 10,000 test images recognised, 0..1
    parameters : number of trained values
    test_loss : mean cross-entropy on the test images, nats
    confusion : counts, ``[true][predicted]``
    calibration_error, reliability : on the test images
    adversarial_accuracy : on training images held back, under attack (`digitnet.attacks`) with
        perturbations of the size that the model was trained with
    development_drawings, test_drawings : on people's drawings; those that the recipe was tuned
        with, and those that only report
    robustness : on test images
    refused : shares of kinds of drawings refused as no digit, 0..1, as benchmarks/rejection.py
        measures it; empty for a model without a threshold
    training_curve : an entry an epoch
    recipe : its name, and its hyperparameters
    device, versions : where and with what it was trained
    """

    test_accuracy: Share
    parameters: Count
    test_loss: Number | None = None
    confusion: list[list[Count]] = []
    calibration_error: Share | None = None
    reliability: list[ReliabilityBin] = []
    temperature: Number = 1.0
    threshold: Number = 0.0
    adversarial_accuracy: Share | None = None
    development_drawings: DrawingMetrics | None = None
    test_drawings: DrawingMetrics | None = None
    robustness: Robustness | None = None
    refused: dict[str, Share] = {}
    training_curve: list[Epoch] = []
    training_seconds: Number | None = None
    hidden_units: Count | None = None
    recipe: dict[str, str | bool | int | Number] = {}
    seed: Count | None = None
    device: str | None = None
    versions: dict[str, str] = {}

    @field_validator("recipe")
    @classmethod
    def _only_the_name_is_text(cls, recipe: dict[str, Any]) -> dict[str, Any]:
        if any(isinstance(value, str) for key, value in recipe.items() if key != "name"):
            raise ValueError("a hyperparameter is not a number")
        return recipe


class Metrics(_Part):
    """The content of a metrics.json: `ModelMetrics` by the model's name."""

    models: dict[str, ModelMetrics]

    @field_validator("models")
    @classmethod
    def _known_models_in_order(cls, models: dict[str, ModelMetrics]) -> dict[str, ModelMetrics]:
        if unknown := models.keys() - MODELS.keys():
            raise ValueError(f"unknown models {', '.join(sorted(unknown))}")
        return {name: models[name] for name in MODELS if name in models}


def metrics_content(metrics: Metrics) -> bytes:
    """The content of a metrics.json."""
    return json.dumps(metrics.model_dump(exclude_defaults=True), indent=1).encode() + b"\n"


def write_metrics(folder: str | Path, metrics: Metrics) -> None:
    """Write the metrics.json of one recipe's weights, atomically."""
    write_atomically(Path(folder) / METRICS_FILE, metrics_content(metrics))


def read_metrics(folder: str | Path) -> Metrics:
    """The metrics measured on the weights in `folder`; of no model where there is no file.

    Raises
    ------
    WeightsError : if the file is there but does not hold metrics.
    """
    path = Path(folder) / METRICS_FILE
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Metrics(models={})
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} is not readable JSON ({error}); run python train.py to make it again."
        ) from None
    try:
        return Metrics.model_validate(content)
    except (ValidationError, RecursionError) as error:
        raise WeightsError(
            f"{path} does not hold metrics{_place_of(error)}; run python train.py to make it again."
        ) from None


def _place_of(error: Exception) -> str:
    """Which field is wrong, in brackets."""
    if not isinstance(error, ValidationError):
        return ""
    return f" ({'.'.join(map(str, error.errors()[0]['loc']))})"


def read_metrics_by_recipe(folder: str | Path) -> dict[str, Metrics]:
    """`read_metrics` of each recipe in `folder` that has some, by the recipe's name."""
    files = sorted(Path(folder).glob(f"*/{METRICS_FILE}"))
    found = {file.parent.name: read_metrics(file.parent) for file in files}
    return {recipe: metrics for recipe, metrics in found.items() if metrics.models}
