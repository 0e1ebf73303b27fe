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
    "to_image",
]
