"""All that the page needs, loaded once: weights, metrics, test images; and what could not be."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from digitnet.classifier import DEFAULT_RECIPE, Classifier, load
from digitnet.metrics import ModelMetrics, read_metrics
from digitnet.mnist import DatasetError, load_mnist
from digitnet.models import available_models
from digitnet.reading.cutting import DigitLikeness
from digitnet.sources import HubError, find_weights, single_file
from digitnet.training.recipes import RECIPES
from digitnet.ui.server.zero_gpu import PAGE_DEVICE
from digitnet.ui.test_predictions import TestPredictions
from digitnet.weights import WEIGHTS_FOLDER, WeightsError


@dataclass
class Resources:
    """What there is to show.

    Attributes
    ----------
    folder : of the weights
    classifiers : by recipe and model, those whose weights could be loaded
    metrics : by recipe and model, what was measured
    predictions : of the test images; None where these are missing
    problems : a sentence for each thing that is missing or broken
    """

    folder: Path = WEIGHTS_FOLDER
    classifiers: dict[str, dict[str, Classifier]] = field(default_factory=dict)
    metrics: dict[str, dict[str, ModelMetrics]] = field(default_factory=dict)
    predictions: TestPredictions | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def recipes(self) -> list[str]:
        """Those with weights, in the order the page offers them."""
        return [recipe for recipe in RECIPES if recipe in self.classifiers]

    @property
    def models(self) -> list[str]:
        """Those with weights of any recipe, simplest first."""
        return [
            name
            for name in available_models()
            if any(name in by_model for by_model in self.classifiers.values())
        ]

    @property
    def likeness(self) -> DigitLikeness | None:
        """By which digits are told from several or none: that of the best model, if it is there."""
        classifier = self.classifiers.get(DEFAULT_RECIPE, {}).get(available_models()[-1])
        return classifier.digit_likeness if classifier else None


def load_resources() -> Resources:
    """Load what can be loaded; nothing is raised, `Resources.problems` has it.

    The weights are the project's own, or those of the folder or of the repository on the Hugging
    Face Hub that the environment variable DIGITNET_WEIGHTS names.
    """
    resources = Resources()
    try:
        resources.folder = find_weights(os.environ.get("DIGITNET_WEIGHTS") or None)
    except HubError as error:
        resources.problems.append(str(error))
    else:
        add_weights(resources)
    try:
        by_key = {
            (recipe, name): classifier
            for recipe, by_model in resources.classifiers.items()
            for name, classifier in by_model.items()
        }
        resources.predictions = TestPredictions(by_key, *load_mnist(train=False))
    except DatasetError as error:
        resources.problems.append(f"The test images are not available: {error}")
    return resources


def add_weights(resources: Resources) -> None:
    """Add the weights and metrics of each recipe in its folder, or of the one model there."""
    if single_file(resources.folder):
        add_single_model(resources)
        return
    trained = [recipe for recipe in RECIPES if (resources.folder / recipe).is_dir()]
    for recipe in trained or RECIPES:
        classifiers = {}
        for name in available_models():
            try:
                classifiers[name] = load(name, recipe, PAGE_DEVICE, resources.folder)
            except ValueError as error:
                resources.problems.append(
                    f"The {name} model, {recipe} recipe, is not available: {error}"
                )
        if classifiers:
            resources.classifiers[recipe] = classifiers
        try:
            resources.metrics[recipe] = read_metrics(resources.folder / recipe).models
        except WeightsError as error:
            resources.problems.append(str(error))


def add_single_model(resources: Resources) -> None:
    """Add the model of a source with one model alone, and its metrics."""
    try:
        classifier = Classifier.from_pretrained(resources.folder, device=PAGE_DEVICE)
        recipe, model = classifier.metadata.recipe, classifier.metadata.model
        resources.classifiers[recipe] = {model: classifier}
        if classifier.file:
            resources.metrics[recipe] = read_metrics(classifier.file.parent).models
    except ValueError as error:
        resources.problems.append(str(error))
