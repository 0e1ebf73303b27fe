"""A further model needs an entry in `MODELS`, and no edit anywhere else."""

import gradio as gr
import numpy as np
import pytest
from torch import nn

import digitnet
from app import build_page
from digitnet.drawing import parse_drawing
from digitnet.evaluation import compute_logits, evaluate
from digitnet.explain.attribution import attributions, feature_maps, grad_cam
from digitnet.explain.counterfactual import find_counterfactual
from digitnet.explain.pieces import pieces_of_image
from digitnet.hub.model_card import model_card
from digitnet.metrics import ModelMetrics
from digitnet.models import CLASSES, MODELS, Network, parameter_count
from digitnet.training.recipes import RECIPES
from digitnet.training.report import save
from digitnet.training.settings import Settings
from digitnet.training.worker import reports
from digitnet.ui.components.answer import answer
from digitnet.ui.resources import Resources, add_weights
from digitnet.ui.server.endpoints import make_models, make_predict
from digitnet.ui.tabs.why import explanation

IMAGES = 600
NAME, RECIPE = "tiny", "article"
SEVEN = [[(200, 200), (800, 200), (400, 900)]]


class TinyNet(Network):
    """One convolution with a few channels."""

    default_hidden_units = 3
    max_hidden_units = 6

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(1, hidden_units, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(hidden_units * 14**2, CLASSES),
        )


class DeepNet(Network):
    """Three linear layers with ReLUs between them."""

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(784, 4 * hidden_units),
            nn.ReLU(),
            nn.Linear(4 * hidden_units, 4 * hidden_units),
            nn.ReLU(),
            nn.Linear(4 * hidden_units, CLASSES),
        )


@pytest.fixture(scope="module", params=[TinyNet, DeepNet], ids=lambda network: network.__name__)
def settings(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, NAME, request.param)
        hidden_units = request.param.default_hidden_units
        yield Settings.checked(NAME, RECIPE, hidden_units, 5, 2e-3, 32, IMAGES, 0)


@pytest.fixture(scope="module")
def folder(settings, train_set, test_set, tmp_path_factory):
    """Trained as the page trains it, and saved as train.py saves it."""
    from safetensors.torch import load

    *_, last = reports(settings, 300)
    assert last.ended == "whole"
    network = digitnet.models.build(NAME)
    network.load_state_dict(load(last.weights))
    images, labels = (half[:1000] for half in test_set)
    accuracy = evaluate(compute_logits(network, images), labels).accuracy
    assert accuracy > 0.6
    folder = tmp_path_factory.mktemp("weights")
    metrics = ModelMetrics(
        test_accuracy=accuracy, parameters=parameter_count(network), recipe={"name": RECIPE}
    )
    save(network, NAME, RECIPE, metrics, folder)
    return folder


@pytest.fixture(scope="module")
def classifier(folder):
    return digitnet.load(NAME, RECIPE, source=folder, device="cpu")


@pytest.fixture(scope="module")
def resources(folder):
    resources = Resources(folder=folder)
    add_weights(resources)
    return resources


def test_it_is_listed(settings, folder):
    assert digitnet.available_models() == ("linear", "nonlinear", "cnn", NAME)
    assert MODELS[NAME].__doc__ in model_card(folder).text
    with pytest.raises(ValueError, match=f"from 1 to {MODELS[NAME].max_hidden_units}"):
        Settings.checked(NAME, RECIPE, 65, 5, 2e-3, 32, IMAGES, 0)
    assert all(recipe.for_model(NAME) for recipe in RECIPES.values())


def test_it_predicts(classifier, test_set):
    images, labels = (half[:200] for half in test_set)
    predictions = classifier.predict_images(images.float() / 255)
    right = [p.answer == label for p, label in zip(predictions, labels.tolist(), strict=True)]
    assert np.mean(right) > 0.6
    assert classifier.predict(SEVEN).digit in range(10)


def test_it_is_explained(classifier, test_set):
    image = test_set[0][0].numpy().astype(np.float32) / 255
    for attribution in attributions(classifier, image, (7, 1)):
        assert attribution.completeness_error < 1e-3
    if classifier.network.has_convolutions:
        assert grad_cam(classifier, image, 7).shape == (28, 28)
        assert [maps.shape for maps in feature_maps(classifier, image)] == [(3, 28, 28)]
    counterfactual = find_counterfactual(classifier, image, pieces_of_image(image), 7)
    assert counterfactual is None or counterfactual.answer != 7


def test_the_page_serves_it(resources):
    assert resources.models == [NAME]
    page = build_page(resources)
    selector = next(block for block in page.blocks.values() if block.elem_id == "model")
    assert isinstance(selector, gr.Radio) and selector.value == NAME
    classifiers = resources.classifiers[RECIPE]
    shown = answer(classifiers, NAME, parse_drawing(SEVEN))
    assert [row["model"] for row in shown["models"]] == [NAME]
    predicted = make_predict(resources)(SEVEN, model=NAME, recipe=RECIPE)
    assert predicted["digit"] == shown["digit"]
    assert [entry["model"] for entry in make_models(resources)()] == [NAME]


def test_the_page_explains_it(resources):
    evidence, parts = explanation(resources.classifiers[RECIPE], NAME, parse_drawing(SEVEN))
    assert evidence["model"] == NAME
    # What one hidden layer or a convolution shows; nothing is drawn of other networks.
    assert parts.get("digit") == (evidence["digit"] if MODELS[NAME] is TinyNet else None)
