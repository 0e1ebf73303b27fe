"""Handwritten digits, recognised by the three networks of a well-known PyTorch tutorial.

>>> import digitnet
>>> classifier = digitnet.load("cnn")
>>> classifier.predict([[(0, 0), (10, 0), (4, 20)]])  # one stroke: right, then down to the left
Prediction(digit=7, ...)
"""

from digitnet.classifier import (
    Classifier,
    Prediction,
    ReadDigit,
    Reading,
    available_recipes,
    load,
)
from digitnet.drawing import to_image
from digitnet.hub.repository import push
from digitnet.models import LayerSummary, available_models, summarise

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
    "to_image",
]
