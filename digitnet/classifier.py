"""Trained models together with their preprocessing: from a drawing to a prediction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from digitnet.calibration import digit_score
from digitnet.cpu import Forward
from digitnet.device import pick_device
from digitnet.drawing import Drawing, parse_drawing, to_images
from digitnet.evaluation import batched_logits, make_forward
from digitnet.models import (
    CLASSES,
    IMAGE_SIZE,
    MODELS,
    Network,
    available_models,
    parameter_count,
)
from digitnet.pictures import PICTURE_TYPES, Picture
from digitnet.pretrained import PretrainedMixin
from digitnet.segmentation import DetectedDigit, segment_drawing, segment_picture
from digitnet.sources import find_weights, single_file
from digitnet.weights import OLD_RECIPES, WEIGHTS_FOLDER, Metadata, load_weights

DEFAULT_RECIPE = "drawings"
# By how much the odds of a digit rise among digits; chosen with the development drawings.
ROW_ODDS = 10


@dataclass(frozen=True, eq=False)
class Prediction:
    """The prediction of a model for one drawing.

    Attributes
    ----------
    digit : the most probable digit, 0 to 9; None for a blank drawing
    probabilities : float32 ``[10]`` that sum to 1; all equal for a blank drawing
    is_digit : whether the drawing looks like a digit; False for a blank one. Always True otherwise
        for models that were trained without drawings that are not digits
    score : the probability that the drawing is a digit at all, by `calibration.digit_score`, 0..1;
        `is_digit` compares it with the model's threshold. 0 for a blank drawing
    """

    digit: int | None
    probabilities: np.ndarray
    is_digit: bool
    score: float

    @property
    def answer(self) -> int | None:
        """`digit`, or None where the drawing does not look like a digit."""
        return self.digit if self.is_digit else None

    @property
    def confidence(self) -> float:
        """The probability of the most probable digit, 0..1; 0 for a blank drawing."""
        return 0.0 if self.digit is None else float(self.probabilities[self.digit])

    def __repr__(self) -> str:
        if self.digit is None:
            return "Prediction(digit=None)"
        doubt = "" if self.is_digit else ", is_digit=False"
        return f"Prediction(digit={self.digit}, confidence={self.confidence:.1%}{doubt})"


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """A digit, or a sign between digits, that was read.

    Attributes
    ----------
    text : the digit; "-", "." or ":" for a sign; or "?" for what is neither
    box : x and y of the top left corner, width and height; in pixels of the picture, turned as its
        EXIF data says, or in the drawing's own unit
    image : float32 ``[28, 28]`` in 0..1, what the model saw of it
    prediction : of the model for this image, also where it is a sign; its threshold for a digit is
        lower in a row of which at least half are digits
    """

    text: str
    box: tuple[float, float, float, float]
    image: np.ndarray = field(repr=False)
    prediction: Prediction


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a picture or a drawing.

    Attributes
    ----------
    text : such as "407", with "?" for what is not a digit; one line for each row of digits; empty
        where nothing is drawn
    digits : the digits and signs of the text, in its order
    """

    text: str
    digits: tuple[ReadDigit, ...]


@dataclass(frozen=True)
class Classifier(PretrainedMixin):
    """A network on its device, with the metadata of its weights file; returned by `load`.

    Attributes
    ----------
    network, metadata, device : what it predicts with
    file : the weights file that it was loaded from; None where there is none
    """

    network: Network
    metadata: Metadata
    device: torch.device
    file: Path | None = None

    def predict(self, drawing: Drawing | Picture) -> Prediction:
        """Recognise one drawing or picture; see `digitnet.to_image` for what it may be.

        Raises
        ------
        ValueError : if `drawing` is neither a drawing nor a readable picture.
        """
        return self.predict_batch([drawing])[0]

    def predict_batch(self, drawings: Sequence[Drawing | Picture]) -> list[Prediction]:
        """Recognise several drawings or pictures in one forward pass."""
        return self.predict_images(to_images(drawings))

    def read(self, picture_or_drawing: Drawing | Picture) -> Reading:
        """Read a number, or several in rows below each other.

        Parameters
        ----------
        picture_or_drawing : see `digitnet.to_image`

        Raises
        ------
        ValueError : if it is neither a drawing nor a readable picture, or shows too many digits.
        """
        if isinstance(picture_or_drawing, PICTURE_TYPES):
            return self.read_digits(segment_picture(picture_or_drawing, self.digit_likeness))
        strokes = parse_drawing(picture_or_drawing)
        return self.read_digits(segment_drawing(strokes, self.digit_likeness))

    def read_digits(self, found: Sequence[DetectedDigit]) -> Reading:
        """Read digits that were found already, such as by `digitnet.segmentation`."""
        if not found:
            return Reading("", ())
        alone = self.predict_images(np.stack([digit.image for digit in found]))
        predictions = self._among_digits(found, alone)
        digits = [
            ReadDigit(
                digit.sign or ("?" if prediction.answer is None else str(prediction.answer)),
                digit.box,
                digit.image,
                prediction,
            )
            for digit, prediction in zip(found, predictions, strict=True)
        ]
        rows: dict[int, str] = {}
        for digit, one in zip(found, digits, strict=True):
            rows[digit.row] = rows.get(digit.row, "") + one.text
        return Reading("\n".join(rows[row] for row in sorted(rows)), tuple(digits))

    def _among_digits(
        self, found: Sequence[DetectedDigit], predictions: Sequence[Prediction]
    ) -> list[Prediction]:
        """Predictions with a lower threshold in rows of which at least half are digits."""
        accepted: dict[int, list[bool]] = defaultdict(list)
        for digit, prediction in zip(found, predictions, strict=True):
            if not digit.sign:
                accepted[digit.row].append(prediction.is_digit)
        alone = self.metadata.threshold
        among = alone / (alone + ROW_ODDS * (1 - alone))
        return [
            replace(prediction, is_digit=prediction.digit is not None and prediction.score >= among)
            if 2 * sum(accepted[digit.row]) >= len(accepted[digit.row])
            else prediction
            for digit, prediction in zip(found, predictions, strict=True)
        ]

    def digit_likeness(self, images: np.ndarray) -> np.ndarray:
        """How much each image looks like one certain digit, and not like several or none.

        The probability of the most probable digit times the score of `digit_score`.

        Parameters
        ----------
        images : float32 ``[N, 28, 28]`` in 0..1

        Returns
        -------
        float ``[N]`` in 0..1
        """
        logits = self.logits(torch.from_numpy(images))
        certain = (logits / self.metadata.temperature).softmax(1).amax(1)
        return (certain * digit_score(logits)).cpu().numpy()

    def predict_images(self, images: np.ndarray | torch.Tensor) -> list[Prediction]:
        """Recognise preprocessed images, as `digitnet.to_image` gives them.

        Parameters
        ----------
        images : float32 ``[N, 28, 28]`` in 0..1

        Raises
        ------
        ValueError : if `images` is not such an array or tensor.
        """
        message = "Images are float32 [N, 28, 28] in 0..1, an array or a tensor."
        try:
            images = torch.as_tensor(images)
        except (TypeError, ValueError, RuntimeError):
            raise ValueError(message) from None
        if images.ndim != 3 or images.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
            raise ValueError(f"{message[:-1]}, not {list(images.shape)}.")
        if not images.is_floating_point() or not ((images >= 0) & (images <= 1)).all():
            raise ValueError(message)
        images = images.float()
        logits = self.logits(images)
        probabilities = (logits / self.metadata.temperature).softmax(1).cpu()
        scores = digit_score(logits).tolist()
        blank = (images == 0).all(dim=(1, 2)).tolist()
        return [
            Prediction(None, np.full(CLASSES, 1 / CLASSES, np.float32), False, 0.0)
            if nothing
            else Prediction(int(row.argmax()), row, score >= self.metadata.threshold, score)
            for nothing, row, score in zip(blank, probabilities.numpy(), scores, strict=True)
        ]

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Logits float32 ``[N, 10]`` on the device, of images float32 ``[N, 28, 28]`` in 0..1."""
        return batched_logits(self._forward, images.to(self.device))

    @classmethod
    def _load(
        cls, folder: Path, model: str | None, recipe: str | None, device: str | None
    ) -> "Classifier":
        if model is not None:
            _check_model(model)
        single = single_file(folder)
        path = single or _file_in(folder, model, recipe)
        chosen = pick_device(device)
        network, metadata = load_weights(path)
        if model not in (None, metadata.model):
            raise ValueError(f"{path} holds the model {metadata.model!r}, not {model!r}.")
        if single and recipe not in (None, metadata.recipe):
            raise ValueError(f"{path} holds the recipe {metadata.recipe!r}, not {recipe!r}.")
        return cls(network.to(chosen), metadata, chosen, path)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is cached: a copy computes its own."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @cached_property
    def parameters(self) -> int:
        """Number of trainable values."""
        return parameter_count(self.network)

    @cached_property
    def _forward(self) -> Forward:
        return make_forward(self.network, self.device)


def load(
    model: str,
    recipe: str = DEFAULT_RECIPE,
    device: str | None = None,
    source: str | Path | None = None,
    revision: str | None = None,
) -> Classifier:
    """Load a trained model with its preprocessing.

    Parameters
    ----------
    model : one of `available_models()`
    recipe : how the model was trained, one of `available_recipes()`
    device : such as "cpu", "cuda" or "mps"; None is the GPU if there is one, else the CPU
    source : where the weights are: a folder with ``<recipe>/<model>.safetensors``; a folder with
        one ``model.safetensors`` or the path of a ``.safetensors`` file, for which `recipe` is
        ignored; or ``"USER/NAME"``, a repository on the Hugging Face Hub with such files, unless a
        path of that name exists. None is the package's own weights
    revision : of the repository: a branch, a tag or a commit; None is its main branch

    Raises
    ------
    ValueError : if the model, recipe or device is unknown, the repository cannot be downloaded, or
        the file is missing or broken.
    """
    _check_model(model)
    folder = find_weights(source, revision)
    return Classifier._load(folder, model, None if single_file(folder) else recipe, device)


def available_recipes(folder: str | Path | None = None) -> tuple[str, ...]:
    """Names of the recipes with weights in `folder`, by default the package's own weights."""
    found = {path.parent.name for path in Path(folder or WEIGHTS_FOLDER).glob("*/*.safetensors")}
    return tuple(sorted({OLD_RECIPES.get(name, name) for name in found}))


def _check_model(model: str) -> None:
    if not isinstance(model, str) or model not in MODELS:
        raise ValueError(f"There is no model {model!r}; choose one of {', '.join(MODELS)}.")


def _file_in(folder: Path, model: str | None, recipe: str | None) -> Path:
    """The weights file of a model in a folder of several; ValueError for an unknown recipe."""
    recipes = available_recipes(folder)
    if recipe is None:
        recipe = recipes[0] if len(recipes) == 1 else DEFAULT_RECIPE
    if recipes and recipe not in recipes:
        raise ValueError(f"There is no recipe {recipe!r}; choose one of {', '.join(recipes)}.")
    # Earlier versions used other names.
    names = [recipe, *(old for old, new in OLD_RECIPES.items() if new == recipe)]
    of_recipe = next((folder / name for name in names if (folder / name).is_dir()), folder / recipe)
    files = [of_recipe / f"{name}.safetensors" for name in available_models()]
    if model is None:
        return next((file for file in reversed(files) if file.is_file()), files[-1])
    return of_recipe / f"{model}.safetensors"
