"""The network that a visitor trained: in that visitor's session only, and never on the disk."""

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
from digitnet.ui.server.zero_gpu import PAGE_DEVICE
from digitnet.ui.test_predictions import YOURS, Predictions, TestPredictions
from digitnet.weights import Metadata, to_bytes


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """What a visitor trained.

    Attributes
    ----------
    settings : how
    classifier : what to recognise with
    probabilities : what it gives each digit of the test images, float32 ``[N, 10]``; None where
        there are none
    """

    settings: Settings
    classifier: Classifier
    probabilities: np.ndarray | None

    def to_file(self) -> bytes:
        """The content of a safetensors file, as train.py writes it."""
        return to_bytes(self.classifier.network, self.classifier.metadata)


def keep(settings: Settings, weights: bytes, resources: Resources) -> TrainedModel:
    """Make a classifier of a training's last report, as train.py would.

    Parameters
    ----------
    settings : what was trained
    weights : as in `digitnet.training.worker.Report`
    loaded : has the test images, if there are any
    """
    hyperparameters = settings.to_hyperparameters()
    network = network_of(settings, weights)
    temperature = _temperature(network, settings)
    accuracy, probabilities = 0.0, None
    if resources.predictions is not None:
        images = torch.from_numpy(resources.predictions.images)
        logits = compute_logits(network, images, hyperparameters.tta) / temperature
        probabilities = logits.softmax(1).numpy()
        accuracy = float((probabilities.argmax(1) == resources.predictions.labels).mean())
    metadata = Metadata(
        model=settings.model,
        recipe=settings.recipe,
        hidden_units=settings.hidden_units,
        test_accuracy=accuracy,
        temperature=temperature,
        threshold=hyperparameters.threshold,
        tta=hyperparameters.tta,
    )
    device = pick_device(PAGE_DEVICE)
    return TrainedModel(settings, Classifier(network.to(device), metadata, device), probabilities)


def network_of(settings: Settings, weights: bytes) -> Network:
    """The network whose weights a report has, on the CPU."""
    network = build(settings.model, settings.hidden_units)
    network.load_state_dict(read_tensors(weights))
    return network.eval()


def classifiers_of(
    resources: Resources, recipe: str, own: TrainedModel | None
) -> dict[str, Classifier]:
    """The classifiers to ask, by model: those of `recipe`, and the visitor's own of whichever."""
    return resources.classifiers.get(recipe, {}) | ({YOURS: own.classifier} if own else {})


def predictions_of(page: TestPredictions, own: TrainedModel | None) -> Predictions:
    """What is made of the test images so far, the visitor's own model among the others."""
    return page.so_far(own.probabilities if own else None)


def _temperature(network: Network, settings: Settings) -> float:
    """What its recipe's calibration gives."""
    hyperparameters = settings.to_hyperparameters()
    if not hyperparameters.held_back:
        return 1.0
    from digitnet.training.trainer import calibrate  # here: the page should not wait for it

    images, labels = (half[: settings.images] for half in load_mnist(train=True))
    return calibrate(network, hyperparameters, images, labels, settings.seed)
