"""The network that a visitor trained: in that visitor's session only, and gone with it."""

import atexit
import functools
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from gradio.utils import get_upload_folder
from safetensors.torch import load as read_tensors

from digitnet.classifier import Classifier, load
from digitnet.evaluation import logits_of
from digitnet.mnist import load_mnist
from digitnet.models import Network, build
from digitnet.ui.resources import Loaded
from digitnet.ui.test_predictions import OWN, TestPredictions, WithOwn
from digitnet.ui.server.zero_gpu import PAGE_DEVICE
from digitnet.training.worker import Settings
from digitnet.weights import Metadata, save_weights


@dataclass(frozen=True, eq=False)
class Own:
    """What a visitor trained.

    Attributes
    ----------
    settings : how
    classifier : what to recognise with
    probabilities : what it gives each digit of the test images, float32 ``[N, 10]``; None where
        there are none
    file : the weights, to be downloaded
    """

    settings: Settings
    classifier: Classifier
    probabilities: np.ndarray | None
    file: Path

    def forget(self) -> None:
        """Delete the file: nothing else of it is on the disk."""
        shutil.rmtree(self.file.parent, ignore_errors=True)


def keep(settings: Settings, weights: bytes, loaded: Loaded) -> Own:
    """Make a classifier and a file of a training's last report, as train.py would.

    Parameters
    ----------
    settings : what was trained
    weights : as in `digitnet.training.worker.Report`
    loaded : has the test images, if there are any
    """
    recipe = settings.to_recipe()
    network = network_of(settings, weights)
    temperature = _temperature(network, settings)
    accuracy, probabilities = 0.0, None
    if loaded.predictions is not None:
        images = torch.from_numpy(loaded.predictions.images)
        logits = logits_of(network, images, recipe.shifted) / temperature
        probabilities = logits.softmax(1).numpy()
        accuracy = float((probabilities.argmax(1) == loaded.predictions.labels).mean())
    metadata = Metadata(
        model=settings.model,
        recipe=settings.recipe,
        hidden_units=settings.hidden_units,
        test_accuracy=accuracy,
        temperature=temperature,
        threshold=recipe.threshold,
        shifted=recipe.shifted,
    )
    file = _folder() / secrets.token_hex(16) / f"{settings.model}.safetensors"
    save_weights(network, metadata, file)
    # Read back, so that what the page shows is what the file says.
    classifier = load(settings.model, source=file, device=PAGE_DEVICE)
    return Own(settings, classifier, probabilities, file)


def network_of(settings: Settings, weights: bytes) -> Network:
    """The network whose weights a report has, on the CPU."""
    network = build(settings.model, settings.hidden_units)
    network.load_state_dict(read_tensors(weights))
    return network.eval()


def classifiers_of(loaded: Loaded, recipe: str, own: Own | None) -> dict[str, Classifier]:
    """The classifiers to ask, by model: those of `recipe`, and the visitor's own of whichever."""
    return loaded.classifiers.get(recipe, {}) | ({OWN: own.classifier} if own else {})


def predictions_of(page: TestPredictions, own: Own | None) -> TestPredictions:
    """What the page's classifiers make of the test images, and with them the visitor's own."""
    if own is None or own.probabilities is None:
        return page
    return WithOwn(page, own.probabilities)


def _temperature(network: Network, settings: Settings) -> float:
    """What its recipe's calibration gives."""
    recipe = settings.to_recipe()
    if not recipe.held_back:
        return 1.0
    from digitnet.training.trainer import calibrate  # here: the page should not wait for it

    images, labels = (half[: settings.images] for half in load_mnist(train=True))
    return calibrate(network, recipe, images, labels, settings.seed)


@functools.cache
def _folder() -> Path:
    """Where Gradio serves files from: a folder of this run of the page, deleted at its end."""
    parent = Path(get_upload_folder())
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="trained-", dir=parent))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
