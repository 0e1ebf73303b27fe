"""Images with captions: the test predictions, right and wrong, and the data set itself.

The event ``click`` has ``index``, the number of the image that was clicked.
"""

from typing import Any

import numpy as np

from digitnet.mnist import CLASS_NAMES
from digitnet.ui.components.base import png_url
from digitnet.ui.test_predictions import DISPUTED, Key, Predictions, Selection

TILES_PER_PAGE = 60


def placeholders() -> dict[str, Any]:
    """The template's data while no image is recognised yet."""
    return {"placeholders": list(range(TILES_PER_PAGE)), "page": 1, "pages": 1}


def prediction_tiles(
    predictions: Predictions, key: Key, selection: Selection, page: int = 1
) -> dict[str, Any]:
    """The template's data of one page of test images with a classifier's predictions.

    Pages are counted from 1; numbers out of range give the first or the last page.
    """
    if key not in predictions:
        return {"summary": "This model's weights are not available", "page": 1, "pages": 1}
    probabilities, predicted = predictions.probabilities(key), predictions.predicted(key)
    labels, right = predictions.labels, predictions.right(key)
    progress = {}
    if len(predicted) < len(labels):
        progress = {
            "percent": 100 * len(predicted) // len(labels),
            "progress": f"{len(predicted):,} of {len(labels):,} recognised",
        }
        if len(predicted) == 0:
            return placeholders() | progress
    indices = predictions.indices(key, selection)
    pages = max(1, -(-len(indices) // TILES_PER_PAGE))
    page = min(max(1, page), pages)
    on_page = indices[(page - 1) * TILES_PER_PAGE : page * TILES_PER_PAGE]
    return {
        **progress,
        "headline": f"{(~right).sum():,} of {len(right):,} are wrong: can you read them?"
        if selection.outcome == "wrong"
        else "",
        "summary": f"{right.sum():,} right, {(~right).sum():,} wrong",
        "accuracy": f"{100 * predictions.accuracy(key):.2f} %",
        "undisputed": f"{100 * predictions.accuracy(key, without_disputed=True):.2f} %",
        "shown": f"{len(indices):,} shown",
        "page": page,
        "pages": pages,
        "empty": len(indices) == 0,
        "tiles": [
            {
                "index": index,
                "image": png_url(predictions.images[index]),
                "caption": f"Predicted {predicted[index]} | Actual {labels[index]}",
                "confidence": f"{100 * probabilities[index].max():.1f} %",
                "title": f"Test image {index}",
                "outcome": "right" if right[index] else "wrong",
                "mark": "✓" if right[index] else "✗",
                "disputed": index in DISPUTED,
            }
            for index in on_page.tolist()
        ],
    }


def label_tiles(images: np.ndarray, labels: np.ndarray, seed: int | None = None) -> dict:
    """The template's data of 16 random images of uint8 ``[N, 28, 28]`` with class names."""
    chosen = np.random.default_rng(seed).choice(len(images), 16, replace=False)
    return {
        "four": True,  # columns, as the article shows them
        "tiles": [
            {
                "index": index,
                "image": png_url(images[index]),
                "caption": CLASS_NAMES[labels[index]],
                "title": f"Image {index}",
            }
            for index in chosen.tolist()
        ],
    }
