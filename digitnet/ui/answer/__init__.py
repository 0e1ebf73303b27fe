"""What the models say of one drawing: the chosen one large, the others beside it."""

from typing import Any

import numpy as np

from digitnet.classifier import Classifier, Prediction
from digitnet.drawing import Drawing, to_image
from digitnet.ui.component import Component, png_url


class Answer(Component):
    """Its value is what `answer` makes."""

    def __init__(self, **properties: Any):
        super().__init__(elem_id="answer", **properties)


def recognise(
    classifiers: dict[str, Classifier], drawing: Drawing
) -> tuple[np.ndarray, dict[str, Prediction]]:
    """The image of `drawing`, float32 ``[28, 28]``, and each model's prediction from it.

    Raises
    ------
    ValueError : if it is no drawing.
    """
    image = to_image(drawing)
    return image, {
        name: classifier.predict_images(image[None])[0] for name, classifier in classifiers.items()
    }


def answer(classifiers: dict[str, Classifier], chosen: str | None, drawing: Drawing) -> dict:
    """What the page shows for `drawing`, with the model `chosen` in front, as the template's data.

    Raises
    ------
    ValueError : if it is no drawing.
    """
    image, predictions = recognise(classifiers, drawing)
    main = predictions.get(chosen or "")
    if main is None:
        return {"image": png_url(image), "blank": True}
    others = [
        {
            "model": name,
            "digit": prediction.digit,
            "percent": _percent(prediction),
            "refused": not prediction.is_digit,
            "agrees": (prediction.digit, prediction.is_digit) == (main.digit, main.is_digit),
        }
        for name, prediction in predictions.items()
        if name != chosen
    ]
    return {
        "image": png_url(image),
        "model": chosen,
        "blank": main.digit is None,
        "refused": not main.is_digit,
        "digit": main.digit,
        "percent": _percent(main),
        "bars": [
            {
                "digit": digit,
                "percent": f"{100 * value:.1f}",
                "best": main.is_digit and digit == main.digit,
            }
            for digit, value in enumerate(main.probabilities.tolist())
        ],
        "others": others,
        "disagreement": any(not other["agrees"] for other in others),
    }


def _percent(prediction: Prediction) -> str:
    """The probability of the predicted digit, such as "98.2 %"; empty where there is none."""
    return "" if prediction.digit is None else f"{100 * prediction.confidence:.1f} %"
