"""One test image, large, with what each model says of it."""

from typing import Any

from digitnet.ui.components.base import Component, png_url
from digitnet.ui.test_predictions import DISPUTED, TestPredictions


class Closeup(Component):
    """Its value is what `closeup` makes."""

    def __init__(self, **properties: Any):
        super().__init__(elem_id="closeup", **properties)


def closeup(predictions: TestPredictions, recipe: str, index: int) -> dict[str, Any]:
    """The template's data for the test image `index`, from 0."""
    label = int(predictions.labels[index])
    models = []
    for name in predictions.models(recipe):
        probabilities = predictions.probabilities((recipe, name))[index]
        digit = int(probabilities.argmax())
        models.append(
            {
                "model": name,
                "digit": digit,
                "percent": f"{100 * probabilities[digit]:.1f} %",
                "outcome": "right" if digit == label else "wrong",
                "mark": "✓" if digit == label else "✗",
                "bars": [
                    {
                        "digit": at,
                        "percent": f"{100 * value:.1f}",
                        "best": at == digit,
                    }
                    for at, value in enumerate(probabilities.tolist())
                ],
            }
        )
    return {
        "index": index,
        "image": png_url(predictions.images[index]),
        "label": label,
        "disputed": index in DISPUTED,
        "models": models,
    }
