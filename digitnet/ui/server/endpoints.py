"""The endpoints of the page for programs; all other events are private."""

import base64
import io
from collections.abc import Callable
from typing import Any

import gradio as gr
from PIL import Image

from digitnet.classifier import DEFAULT_RECIPE, Classifier
from digitnet.drawing import images_of_strokes, parse_drawing, to_images
from digitnet.models import available_models, parameter_count
from digitnet.pictures import opened, reduce_opened
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler

DEFAULT_MODEL = available_models()[-1]
EXAMPLE = [[[0.0, 0.0], [10.0, 0.0], [4.0, 20.0]]]  # a 7, which the snippets on the API page send


def add_api(resources: Resources) -> None:
    """Add the endpoints ``/predict`` and ``/models`` to the page."""
    for endpoint in (make_predict(resources), make_models(resources)):
        gr.api(handler(endpoint), api_name=endpoint.__name__, queue=False)


def make_predict(resources: Resources) -> Callable[..., dict[str, Any]]:
    """The function behind ``/predict``."""

    def predict(
        drawing: list[list[list[float]]] | None = EXAMPLE,
        picture: str | None = "",
        model: str = DEFAULT_MODEL,
        recipe: str = DEFAULT_RECIPE,
    ) -> dict[str, Any]:
        """Recognise a handwritten digit, given as pen strokes or as a picture.

        Example: drawing=[[[0, 0], [10, 0], [4, 20]]] is one stroke that looks like a 7, and gives
        {"digit": 7, "is_digit": true, "confidence": 0.99, "probabilities": [...]}.

        Args:
            drawing: a list of strokes, each a list of [x, y] points with y down, in any unit; if
                neither this nor a picture is given, the example
            picture: instead of a drawing, a PNG or JPEG file in base64, as a "data:" URL or bare
            model: the name of a model; "/models" lists what there is
            recipe: how the model was trained, likewise

        Returns:
            digit (0 to 9, or null where nothing is drawn), is_digit (whether it looks like a digit
            at all), confidence (0 to 1) and probabilities (ten numbers that sum to 1)
        """
        if picture and drawing == EXAMPLE:
            drawing = None  # not given
        if (drawing is None) == (not picture):
            raise ValueError("Give either a drawing or a picture.")
        classifier = find_classifier(resources, model, recipe)
        if picture:
            images = to_images([decoded(picture)])
        else:
            # Not `predict`, which opens paths too: a visitor must not name one.
            images = images_of_strokes([parse_drawing(drawing or [])])
        (prediction,) = classifier.predict_images(images)
        return {
            "digit": prediction.digit,
            "is_digit": prediction.is_digit,
            "confidence": prediction.confidence,
            "probabilities": [round(value, 6) for value in prediction.probabilities.tolist()],
        }

    return predict


def make_models(resources: Resources) -> Callable[..., list[dict[str, Any]]]:
    """The function behind ``/models``."""

    def models() -> list[dict[str, Any]]:
        """List the models with their recipe, size and accuracy.

        Example: an entry is {"model": "cnn", "recipe": "drawings", "parameters": 148250,
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
            for recipe in resources.recipes
            for name, classifier in resources.classifiers[recipe].items()
        ]

    return models


def find_classifier(resources: Resources, model: str, recipe: str) -> Classifier:
    """The classifier of `model` and `recipe`; ValueError with the valid names if there is none."""
    by_model = resources.classifiers.get(recipe) if isinstance(recipe, str) else None
    if by_model is None:
        raise ValueError(f"There is no such recipe; choose one of {', '.join(resources.recipes)}.")
    if not isinstance(model, str) or model not in by_model:
        raise ValueError(f"There is no such model; choose one of {', '.join(by_model)}.")
    return by_model[model]


def decoded(picture: str) -> Image.Image:
    """The picture whose file is `picture` in base64; ValueError if it cannot be read."""
    message = "A picture is a PNG or JPEG file in base64."
    if not isinstance(picture, str):
        raise ValueError(message)
    try:
        text = "".join((picture.partition(",")[2] or picture).split())  # in lines, by `base64`
        found = opened(io.BytesIO(base64.b64decode(text, validate=True)))
    except ValueError:
        raise ValueError(message) from None
    return reduce_opened(found)
