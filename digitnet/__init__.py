"""Handwritten digits, recognised by the three networks of one PyTorch article.

>>> import digitnet
>>> classifier = digitnet.load("cnn")
>>> classifier.predict([[(0, 0), (10, 0), (4, 20)]])  # one stroke: right, then down to the left
Prediction(digit=7, ...)
"""

from digitnet.classifier import Classifier, Prediction, available_recipes, load
from digitnet.drawing import to_image
from digitnet.hub.push import push
from digitnet.models import LayerSummary, available_models, summarise

__version__ = "0.1.0"

__all__ = [
    "Classifier",
    "LayerSummary",
    "Prediction",
    "available_models",
    "available_recipes",
    "load",
    "push",
    "summarise",
    "to_image",
]
