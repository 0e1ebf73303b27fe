"""All that the page needs, loaded once: weights, metrics, test images; and what could not be."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from digitnet.classifier import Classifier, load
from digitnet.hub.repository import HubError, find_weights
from digitnet.mnist import DatasetError, load_mnist
from digitnet.models import available_models
from digitnet.ui.test_predictions import TestPredictions
from digitnet.ui.server.zero_gpu import PAGE_DEVICE
from digitnet.weights import WEIGHTS_FOLDER, WeightsError, read_metrics

# The recipes in the order the page offers them, and what it calls them.
TRAINED = {"augmented": "for drawings", "baseline": "as in the article"}


@dataclass
class Loaded:
    """What there is to show.

    Attributes
    ----------
    folder : of the weights
    classifiers : by recipe and model, those whose weights could be loaded
    metrics : by recipe, the content of its metrics.json
    predictions : of the test images; None where these are missing
    problems : a sentence for each thing that is missing or broken
    """

    folder: Path = WEIGHTS_FOLDER
    classifiers: dict[str, dict[str, Classifier]] = field(default_factory=dict)
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    predictions: TestPredictions | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def recipes(self) -> list[str]:
        """Those with weights, in the order the page offers them."""
        return [recipe for recipe in TRAINED if recipe in self.classifiers]

    @property
    def models(self) -> list[str]:
        """Those with weights of any recipe, simplest first."""
        return [
            name
            for name in available_models()
            if any(name in by_model for by_model in self.classifiers.values())
        ]


def load_all() -> Loaded:
    """Load what can be loaded; nothing is raised, `Loaded.problems` has it.

    The weights are the project's own, or those of the folder or of the repository on the Hugging
    Face Hub that the environment variable DIGITNET_WEIGHTS names.
    """
    loaded = Loaded()
    try:
        loaded.folder = find_weights(os.environ.get("DIGITNET_WEIGHTS") or None)
    except HubError as error:
        loaded.problems.append(str(error))
    else:
        add_weights(loaded)
    try:
        by_key = {
            (recipe, name): classifier
            for recipe, by_model in loaded.classifiers.items()
            for name, classifier in by_model.items()
        }
        loaded.predictions = TestPredictions(by_key, *load_mnist(train=False))
    except DatasetError as error:
        loaded.problems.append(f"The test images are not available: {error}")
    return loaded


def add_weights(loaded: Loaded) -> None:
    """Add the weights and metrics of each recipe in its folder."""
    trained = [recipe for recipe in TRAINED if (loaded.folder / recipe).is_dir()]
    for recipe in trained or TRAINED:
        classifiers = {}
        for name in available_models():
            try:
                classifiers[name] = load(name, recipe, PAGE_DEVICE, loaded.folder)
            except ValueError as error:
                loaded.problems.append(
                    f"The {name} model, {recipe} recipe, is not available: {error}"
                )
        if classifiers:
            loaded.classifiers[recipe] = classifiers
        try:
            if metrics := read_metrics(loaded.folder / recipe):
                loaded.metrics[recipe] = metrics
        except WeightsError as error:
            loaded.problems.append(str(error))
