"""Teaching: a model goes on learning, from a few drawings of one person."""

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from digitnet.classifier import Classifier
from digitnet.drawing import Drawing, Strokes, images_of_strokes, parse_drawing
from digitnet.evaluation import evaluate
from digitnet.mnist import DATA_FOLDER, load_mnist
from digitnet.models import CLASSES
from digitnet.training.augmentation import augment
from digitnet.training.loop import fit
from digitnet.training.recipes import Hyperparameters
from digitnet.training.settings import MAX_TAUGHT


@dataclass(frozen=True)
class Teaching:
    """How a model is taught.

    Attributes
    ----------
    own : number of images of the person's drawings, each distorted anew
    rehearsed : number of MNIST's training images among them, so that the model forgets nothing; the
        hyperparameters add what the synthetic writer writes
    hyperparameters : of the training loop
    """

    own: int
    rehearsed: int
    hyperparameters: Hyperparameters


# Chosen on half of the people of the development drawings, see benchmarks/teaching.py.
CONVOLUTIONAL = Teaching(
    own=1500,
    rehearsed=3500,
    hyperparameters=Hyperparameters(
        epochs=1, batch_size=128, learning_rate=2e-3, one_cycle=True, digits=800, non_digits=300
    ),
)
FULLY_CONNECTED = Teaching(
    own=300,
    rehearsed=3000,
    hyperparameters=Hyperparameters(
        epochs=6, batch_size=64, learning_rate=5e-3, one_cycle=True, digits=600
    ),
)


def teach(
    classifier: Classifier,
    drawings: Sequence[Drawing],
    labels: Sequence[int],
    *,
    seed: int = 0,
    data: str | Path = DATA_FOLDER,
) -> Classifier:
    """A new classifier that has learned from drawings of one person too.

    It starts from the weights of `classifier`, which stays as it is. One drawing of each digit is
    enough. The temperature and the threshold stay those of `classifier`.

    Parameters
    ----------
    classifier : of any recipe
    drawings : 1 to `MAX_TAUGHT` drawings, as `digitnet.to_image` takes strokes
    labels : the digit that each is, 0 to 9
    seed : of all random numbers; equal seeds give equal networks on the same machine
    data : contains ``MNIST/raw``; the model learns from MNIST's training images too, so that it
        forgets nothing, and its accuracy is measured on the test images

    Raises
    ------
    ValueError : if the drawings and labels are not as described, or a drawing is blank.
    digitnet.mnist.DatasetError : if MNIST's files are missing.
    """
    if not all(label in range(CLASSES) for label in labels):
        raise ValueError("A label is a whole number from 0 to 9.")
    parsed = [parse_drawing(drawing) for drawing in drawings]
    test_images, test_labels = load_mnist(data, train=False)
    taught = teach_strokes(
        classifier, parsed, [int(label) for label in labels], seed=seed, data=data
    )
    accuracy = evaluate(taught.logits(test_images).cpu(), test_labels).accuracy
    metadata = dataclasses.replace(taught.metadata, test_accuracy=accuracy)
    return dataclasses.replace(taught, metadata=metadata)


def teach_strokes(
    classifier: Classifier,
    drawings: Sequence[Strokes],
    labels: Sequence[int],
    *,
    seed: int = 0,
    data: str | Path = DATA_FOLDER,
) -> Classifier:
    """`teach` with parsed drawings; the accuracy is not measured, and stays 0.

    It raises the same errors.
    """
    if not 1 <= len(drawings) <= MAX_TAUGHT:
        raise ValueError(f"Give 1 to {MAX_TAUGHT:,} drawings, not {len(drawings):,}.")
    if len(labels) != len(drawings):
        raise ValueError(
            f"Each drawing needs a label: there are {len(drawings):,} drawings and "
            f"{len(labels):,} labels."
        )
    if not all(drawings):
        blank = next(number for number, drawing in enumerate(drawings, start=1) if not drawing)
        raise ValueError(f"Drawing number {blank} is blank.")
    teaching = CONVOLUTIONAL if classifier.network.has_convolutions else FULLY_CONNECTED
    hyperparameters = teaching.hyperparameters
    if not classifier.metadata.threshold:  # it was trained without what is not a digit
        hyperparameters = dataclasses.replace(hyperparameters, non_digits=0)
    rng = torch.Generator().manual_seed(seed)
    images, truth = torch.from_numpy(images_of_strokes(drawings)), torch.tensor(labels)
    own = torch.arange(teaching.own) % len(images)
    distorted = augment(images[own], rng).mul_(255).round_().to(torch.uint8)
    mnist_images, mnist_labels = load_mnist(data, train=True)
    rehearsed = torch.randperm(len(mnist_images), generator=rng)[: teaching.rehearsed]
    device = classifier.device
    network = copy.deepcopy(classifier.network)
    all_images = torch.cat([distorted, mnist_images[rehearsed]]).to(device)
    all_labels = torch.cat([truth[own], mnist_labels[rehearsed]]).to(device)
    for _ in fit(network, all_images, all_labels, hyperparameters, seed):
        pass
    # What was measured of the old weights is not true of these.
    metadata = dataclasses.replace(classifier.metadata, test_accuracy=0.0)
    return Classifier(network.eval(), metadata, device)


def split(labels: Sequence[int]) -> tuple[list[int], list[int]]:
    """The numbers of the drawings to teach, the first one of each digit, and of the others.

    Raises
    ------
    ValueError : if a digit is missing.
    """
    first: dict[int, int] = {}
    for number, label in enumerate(labels):
        first.setdefault(label, number)
    if len(first) < CLASSES:
        missing = ", ".join(str(digit) for digit in range(CLASSES) if digit not in first)
        raise ValueError(f"Each digit is needed at least once; these are missing: {missing}.")
    taught = sorted(first.values())
    return taught, [number for number in range(len(labels)) if number not in taught]
