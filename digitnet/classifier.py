"""A trained model together with the preprocessing it needs: drawing in, prediction out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from digitnet.calibration import digit_score
from digitnet.cpu import Forward
from digitnet.device import pick_device
from digitnet.drawing import Drawing, Picture, to_images
from digitnet.evaluation import forward_of, logits_by
from digitnet.hub.repository import find_weights
from digitnet.models import CLASSES, MODELS, Network, parameter_count
from digitnet.segmentation import Found, find_digits, find_digits_in_drawing
from digitnet.weights import WEIGHTS_FOLDER, Metadata, load_weights

DEFAULT_RECIPE = "augmented"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model makes of one drawing.

    Attributes
    ----------
    digit : the most probable digit, 0 to 9, or None where nothing is drawn
    probabilities : float32 ``[10]`` that sum to 1; all equal where nothing is drawn
    is_digit : whether it looks like a digit at all; never where nothing is drawn. Models of the
        baseline recipe, and the small ones, never learned what is no digit, and take everything
        for one
    """

    digit: int | None
    probabilities: np.ndarray
    is_digit: bool

    @property
    def confidence(self) -> float:
        """The probability of the most probable digit, 0..1; 0 where nothing is drawn."""
        return 0.0 if self.digit is None else float(self.probabilities[self.digit])

    def __repr__(self) -> str:
        if self.digit is None:
            return "Prediction(digit=None)"
        doubt = "" if self.is_digit else ", is_digit=False"
        return f"Prediction(digit={self.digit}, confidence={self.confidence:.1%}{doubt})"


@dataclass(frozen=True, eq=False)
class ReadDigit:
    """A digit, or a sign, of what was read.

    Attributes
    ----------
    text : the digit; "-", "." or ":"; or "?" for what is none of them
    box : x and y of the top left corner, width and height; in pixels of the picture, turned as its
        EXIF data says, or in the drawing's own unit
    prediction : what the model says of it, as if it were a digit
    """

    text: str
    box: tuple[float, float, float, float]
    prediction: Prediction


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a picture or a drawing.

    Attributes
    ----------
    text : such as "407", with "?" for what is no digit; a line for each row; "" where it is blank
    digits : what the text is made of, in its order
    """

    text: str
    digits: tuple[ReadDigit, ...]


@dataclass(frozen=True)
class Classifier:
    """A network on its device, and what its weights file says of it; made by `load`."""

    network: Network
    metadata: Metadata
    device: torch.device

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

    def read(self, subject: Drawing | Picture) -> Reading:
        """Read a number, or several in rows below each other, in a drawing or a picture.

        Raises
        ------
        ValueError : if `subject` is neither a drawing nor a readable picture, or shows too much.
        """
        is_picture = isinstance(subject, Image.Image | np.ndarray | torch.Tensor | str | Path)
        find = find_digits if is_picture else find_digits_in_drawing
        found: list[Found] = find(subject, self.resemblance)
        if not found:
            return Reading("", ())
        predictions = self.predict_images(np.stack([digit.image for digit in found]))
        digits = [
            ReadDigit(
                digit.sign or (str(prediction.digit) if prediction.is_digit else "?"),
                digit.box,
                prediction,
            )
            for digit, prediction in zip(found, predictions, strict=True)
        ]
        rows = [
            "".join(one.text for one, digit in zip(digits, found, strict=True) if digit.row == row)
            for row in sorted({digit.row for digit in found})
        ]
        return Reading("\n".join(rows), tuple(digits))

    def resemblance(self, images: np.ndarray) -> np.ndarray:
        """How much images float32 ``[N, 28, 28]`` look like one certain digit, ``[N]`` in 0..1."""
        logits = self.logits(torch.from_numpy(images))
        certain = (logits / self.metadata.temperature).softmax(1).amax(1)
        return (certain * digit_score(logits)).cpu().numpy()

    def predict_images(self, images: np.ndarray | torch.Tensor) -> list[Prediction]:
        """Recognise images that have MNIST's geometry already: float32 ``[N, 28, 28]`` in 0..1."""
        images = torch.as_tensor(images)
        logits = self.logits(images)
        probabilities = (logits / self.metadata.temperature).softmax(1).cpu()
        is_digit = (digit_score(logits) >= self.metadata.threshold).tolist()
        blank = (images == 0).all(dim=(1, 2)).tolist()
        return [
            Prediction(None, np.full(CLASSES, 1 / CLASSES, np.float32), False)
            if nothing
            else Prediction(int(row.argmax()), row, looks_like_one)
            for nothing, row, looks_like_one in zip(
                blank, probabilities.numpy(), is_digit, strict=True
            )
        ]

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Logits float32 ``[N, 10]``, on the device, of images as `logits_by` takes them."""
        return logits_by(self._forward, images.to(self.device))

    @cached_property
    def parameters(self) -> int:
        """Number of trained values."""
        return parameter_count(self.network)

    @cached_property
    def _forward(self) -> Forward:
        return forward_of(self.network, self.device, self.metadata.shifted)


def load(
    model: str,
    recipe: str = DEFAULT_RECIPE,
    device: str | None = None,
    source: str | Path | None = None,
    revision: str | None = None,
) -> Classifier:
    """Load a trained model with the preprocessing that belongs to it.

    Parameters
    ----------
    model : one of `available_models()`
    recipe : how it was trained, the name of a folder in `source`
    device : such as "cpu", "cuda" or "mps"; the GPU if there is one, where it is None
    source : a folder that holds ``<recipe>/<model>.safetensors`` (the project's own ``weights/``
        where it is None), or the path of one ``.safetensors`` file, which then decides `recipe`;
        or ``"USER/NAME"``, a repository on the Hugging Face Hub, unless a path of that name exists
    revision : of that repository: a branch, a tag or a commit; its main branch where it is None

    Raises
    ------
    ValueError : if the name, recipe or device is unknown, the repository cannot be had, or the
        file is missing or broken.
    """
    if model not in MODELS:
        raise ValueError(f"There is no model {model!r}; choose one of {', '.join(MODELS)}.")
    folder = find_weights(source, revision)
    path = folder
    if folder.suffix != ".safetensors":
        recipes = available_recipes(folder)
        if recipes and recipe not in recipes:
            raise ValueError(f"There is no recipe {recipe!r}; choose one of {', '.join(recipes)}.")
        path = folder / recipe / f"{model}.safetensors"
    chosen = pick_device(device)
    network, metadata = load_weights(path)
    if metadata.model != model:
        raise ValueError(f"{path} holds the model {metadata.model!r}, not {model!r}.")
    return Classifier(network.to(chosen), metadata, chosen)


def available_recipes(folder: str | Path | None = None) -> tuple[str, ...]:
    """Names of the recipes that `folder` (the project's ``weights/`` by default) has weights of."""
    found = Path(folder or WEIGHTS_FOLDER).glob("*/*.safetensors")
    return tuple(sorted({path.parent.name for path in found}))
