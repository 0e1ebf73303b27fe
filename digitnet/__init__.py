"""Recognise handwritten digits with three small networks.

The networks are those of the article "Deep Learning for Handwritten Digit Recognition: A PyTorch
Approach".

>>> import digitnet
>>> digitnet.available_models()
('linear', 'nonlinear', 'cnn')
>>> classifier = digitnet.load("cnn")
>>> drawing = [[(0, 0), (10, 0), (4, 20)]]  # one stroke: right, then down to the left
>>> classifier.predict(drawing)
Prediction(digit=7, ...)
>>> digitnet.to_image(drawing).shape
(28, 28)
"""

from typing import TYPE_CHECKING, Any

from digitnet.classifier import (
    Classifier,
    Prediction,
    ReadDigit,
    Reading,
    available_recipes,
    load,
)
from digitnet.drawing import to_image
from digitnet.hub.push import push
from digitnet.models import LayerSummary, available_models, summarise

if TYPE_CHECKING:
    from digitnet.training.teaching import teach

__version__ = "1.0.0"

__all__ = [
    "Classifier",
    "LayerSummary",
    "Prediction",
    "ReadDigit",
    "Reading",
    "available_models",
    "available_recipes",
    "load",
    "push",
    "summarise",
    "teach",
    "to_image",
]


def __getattr__(name: str) -> Any:
    """Import `teach` on first use: training takes a while to import, and few need it."""
    if name != "teach":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from digitnet.training.teaching import teach

    return teach
