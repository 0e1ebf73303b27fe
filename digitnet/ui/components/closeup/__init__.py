"""One test image, large, with each model's prediction."""

from typing import Any

from digitnet.ui.components.base import png_url
from digitnet.ui.test_predictions import DISPUTED, Predictions


def closeup(predictions: Predictions, recipe: str, index: int) -> dict[str, Any]:
    """The template's data for the test image `index`, counted from 0.

    Models that have not recognised it yet are left out.
    """
    label = int(predictions.labels[index])
    models = []
    for name in predictions.models(recipe):
        recognised = predictions.probabilities((recipe, name))
        if index >= len(recognised):
            continue
        probabilities = recognised[index]
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
