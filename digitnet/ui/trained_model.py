"""The model that a visitor trained or taught: in that visitor's session only, never on the disk."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from safetensors.torch import load as read_tensors

from digitnet.classifier import Classifier
from digitnet.device import pick_device
from digitnet.evaluation import compute_logits
from digitnet.mnist import load_mnist
from digitnet.models import Network, build
from digitnet.training.settings import Settings
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import UNEXPECTED
from digitnet.ui.server.zero_gpu import PAGE_DEVICE
from digitnet.ui.test_predictions import YOURS, Predictions, TestPredictions
from digitnet.weights import Metadata, to_bytes


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model that a visitor trained.

    Attributes
    ----------
    classifier : with the trained network
    probabilities : its predictions for the test images, float32 ``[N, 10]``; None where these are
        missing
    """

    classifier: Classifier
    probabilities: np.ndarray | None

    def to_file(self) -> bytes:
        """The content of a safetensors file like those that train.py writes."""
        return to_bytes(self.classifier.network, self.classifier.metadata)


def make_trained_model(settings: Settings, weights: bytes, resources: Resources) -> TrainedModel:
    """Calibrate and evaluate the network of a training's last report, as train.py does.

    Parameters
    ----------
    settings : of the training
    weights : as in `digitnet.training.worker.Report`
    resources : hold the test images, if there are any
    """
    network = network_of(settings, weights)
    metadata = Metadata(
        model=settings.model,
        recipe=settings.recipe,
        hidden_units=settings.hidden_units,
        test_accuracy=0.0,
        temperature=_temperature(network, settings),
        threshold=settings.to_hyperparameters().threshold,
    )
    device = pick_device(PAGE_DEVICE)
    return evaluated(Classifier(network.to(device), metadata, device), resources)


def evaluated(classifier: Classifier, resources: Resources) -> TrainedModel:
    """A trained or taught classifier with its predictions for the test images, and its accuracy.

    Without test images, it stays as it is.
    """
    if resources.predictions is None:
        return TrainedModel(classifier, None)
    images = torch.from_numpy(resources.predictions.images)
    logits = compute_logits(classifier.network, images.to(classifier.device)).cpu()
    probabilities = (logits / classifier.metadata.temperature).softmax(1).numpy()
    accuracy = float((probabilities.argmax(1) == resources.predictions.labels).mean())
    metadata = dataclasses.replace(classifier.metadata, test_accuracy=accuracy)
    return TrainedModel(dataclasses.replace(classifier, metadata=metadata), probabilities)


def network_of(settings: Settings, weights: bytes) -> Network:
    """The network with the weights of a report, on the CPU."""
    network = build(settings.model, settings.hidden_units)
    network.load_state_dict(read_tensors(weights))
    return network.eval()


def classifiers_of(
    resources: Resources, recipe: str | None, trained: TrainedModel | None
) -> dict[str, Classifier]:
    """The classifiers of `recipe` by model, and the visitor's trained model of any recipe.

    Raises
    ------
    ValueError : if no classifiers of that recipe are loaded; it is None where there are none.
    """
    if recipe is not None and recipe not in resources.recipes:
        raise ValueError(UNEXPECTED)
    classifiers = resources.classifiers.get(recipe, {}) if recipe else {}
    return classifiers | ({YOURS: trained.classifier} if trained else {})


def predictions_of(page: TestPredictions, trained: TrainedModel | None) -> Predictions:
    """The predictions for the test images so far, those of the visitor's trained model included."""
    return page.so_far(trained.probabilities if trained else None)


def _temperature(network: Network, settings: Settings) -> float:
    """The temperature that the calibration of its recipe fits."""
    hyperparameters = settings.to_hyperparameters()
    if not hyperparameters.held_back:
        return 1.0
    from digitnet.training.trainer import calibrate  # here: it is slow to import

    images, labels = (half[: settings.images] for half in load_mnist(train=True))
    return calibrate(network, hyperparameters, images, labels, settings.seed)
