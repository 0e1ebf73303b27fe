"""For programs: the endpoints that the page offers them. Everything else is hidden from them."""

import base64
import io
from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from digitnet.classifier import DEFAULT_RECIPE, Classifier
from digitnet.models import parameter_count
from digitnet.pictures import opened
from digitnet.ui.server.limits import Refusal, one_sentence
from digitnet.ui.resources import Loaded

DEFAULT_MODEL = "cnn"


def add_api(loaded: Loaded) -> None:
    """Give the page its endpoints ``/predict`` and ``/models``."""
    for endpoint in (make_predict(loaded), make_models(loaded)):
        gr.api(endpoint, api_name=endpoint.__name__, queue=False)


def make_predict(loaded: Loaded) -> Callable[..., dict[str, Any]]:
    """The function behind ``/predict``."""

    def predict(
        drawing: list[list[list[float]]] | None = None,
        picture: str | None = None,
        model: str = DEFAULT_MODEL,
        recipe: str = DEFAULT_RECIPE,
    ) -> dict[str, Any]:
        """Recognise a handwritten digit, given as pen strokes or as a picture.

        Example: drawing=[[[0, 0], [10, 0], [4, 20]]] is one stroke that looks like a 7, and gives
        {"digit": 7, "is_digit": true, "confidence": 0.99, "probabilities": [...]}.

        Args:
            drawing: a list of strokes, each a list of [x, y] points with y down, in any unit
            picture: instead of a drawing, a PNG or JPEG file in base64, as a "data:" URL or bare
            model: "linear", "nonlinear" or "cnn"
            recipe: how the model was trained; "/models" lists what there is

        Returns:
            digit (0 to 9, or null where nothing is drawn), is_digit (whether it looks like a digit
            at all), confidence (0 to 1) and probabilities (ten numbers that sum to 1)
        """
        if (drawing is None) == (picture is None):
            raise Refusal("Give either a drawing or a picture.")
        with one_sentence():
            subject = _strokes(drawing) if picture is None else decoded(picture)
            prediction = classifier_of(loaded, model, recipe).predict(subject)
        return {
            "digit": prediction.digit,
            "is_digit": prediction.is_digit,
            "confidence": prediction.confidence,
            "probabilities": [round(value, 6) for value in prediction.probabilities.tolist()],
        }

    return predict


def make_models(loaded: Loaded) -> Callable[..., list[dict[str, Any]]]:
    """The function behind ``/models``."""

    def models() -> list[dict[str, Any]]:
        """List the models, what they were trained for, their size, and how well they do.

        Example: an entry is {"model": "cnn", "recipe": "augmented", "parameters": 148250,
        "test_accuracy": 0.99}.

        Returns:
            one entry for each model and recipe; test_accuracy is the share of MNIST's 10,000 test
            images that it recognises
        """
        return [
            {
                "model": name,
                "recipe": recipe,
                "parameters": parameter_count(classifier.network),
                "test_accuracy": classifier.metadata.test_accuracy,
            }
            for recipe in loaded.recipes
            for name, classifier in loaded.classifiers[recipe].items()
        ]

    return models


def classifier_of(loaded: Loaded, model: str, recipe: str) -> Classifier:
    """The one loaded for `model` and `recipe`; ValueError with those there are, if none is."""
    by_model = loaded.classifiers.get(recipe) if isinstance(recipe, str) else None
    if by_model is None:
        raise ValueError(f"There is no such recipe; choose one of {', '.join(loaded.recipes)}.")
    if not isinstance(model, str) or model not in by_model:
        raise ValueError(f"There is no such model; choose one of {', '.join(by_model)}.")
    return by_model[model]


def decoded(picture: str) -> Image.Image:
    """The picture whose file is `picture` in base64; ValueError if it is none."""
    message = "A picture is a PNG or JPEG file in base64."
    if not isinstance(picture, str):
        raise ValueError(message)
    try:
        content = base64.b64decode(picture.partition(",")[2] or picture, validate=True)
        return opened(io.BytesIO(content))
    except ValueError:
        raise ValueError(message) from None


def _strokes(drawing: Any) -> list:
    """Nothing but strokes: `predict` takes paths too, and a visitor must not name one."""
    if not isinstance(drawing, list):
        raise ValueError("A drawing is a list of strokes.")
    return drawing
