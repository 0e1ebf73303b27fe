"""How much distortion the models bear, and how small a nudge misleads them.

    python benchmarks/robustness.py [--write]

Prints, for every recipe and model of the committed weights, the accuracy over the first 1,000 test
images at some values of each of the seven distortions, and the mean smallest nudge, in both norms,
by which targeted projected gradient descent makes it call each of the first 100 test images the
next digit (0 after 9). Its mean is over those for which a nudge was found within the bound; images
that it calls so unasked count as 0. What is refused as no digit is not right. --write puts all of
it into their metrics.json.
"""

import argparse
import datetime
import platform
import sys
import time
from pathlib import Path
from typing import Any

import torch

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from digitnet.explain.adversarial import NORMS, smallest_nudges
from digitnet.classifier import Classifier, available_recipes, load
from digitnet.explain.distortions import DISTORTIONS
from digitnet.cpu import fast_cpu
from digitnet.mnist import load_mnist
from digitnet.models import CLASSES, available_models
from digitnet.explain.robustness import accuracy_on
from digitnet.weights import WEIGHTS_FOLDER, read_metrics, write_metrics

DISTORTED = 1000  # test images
NUDGED = 100  # test images
VALUES = 8  # of each distortion, at least


def curves_of(
    classifiers: dict[tuple[str, str], Classifier], images: torch.Tensor, labels: torch.Tensor
) -> dict[tuple[str, str], dict[str, list[dict[str, float]]]]:
    """By recipe and model, the accuracy at each value of each distortion."""
    curves: dict = {key: {name: [] for name in DISTORTIONS} for key in classifiers}
    for name, distortion in DISTORTIONS.items():
        for value in distortion.values(VALUES):
            distorted = distortion(images, value)  # once, for all of them
            for key, classifier in classifiers.items():
                accuracy = accuracy_on(classifier, distorted, labels)
                curves[key][name].append({"value": value, "accuracy": accuracy})
    return curves


def nudges_of(
    classifier: Classifier, images: torch.Tensor, labels: torch.Tensor
) -> dict[str, dict[str, float]]:
    """By norm, the mean size of the smallest nudges, and the share of images with one."""
    figures = {}
    for norm in NORMS:
        with fast_cpu(classifier.network, classifier.device):
            nudges = smallest_nudges(classifier, images, (labels + 1) % CLASSES, norm)
        figures[norm] = {
            "mean": nudges.sizes[nudges.found].mean().item() if nudges.found.any() else 0.0,
            "found": nudges.found.float().mean().item(),
        }
    return figures


def print_tables(robustness: dict[tuple[str, str], dict[str, Any]]) -> None:
    for name, distortion in DISTORTIONS.items():
        points = next(iter(robustness.values()))["curves"][name]
        print(f"\n{name}, {distortion.unit}; accuracy, %\n")
        print("| recipe | model | " + " | ".join(f"{p['value']:g}" for p in points) + " |")
        print("| --- | --- |" + " ---: |" * len(points))
        for (recipe, model), entry in robustness.items():
            shares = [f"{100 * point['accuracy']:.1f}" for point in entry["curves"][name]]
            print(f"| {recipe} | {model} | " + " | ".join(shares) + " |")
    print("\nmean smallest nudge (share of the images for which one was found)\n")
    print("| recipe | model | " + " | ".join(f"{n}, up to {NORMS[n]:g}" for n in NORMS) + " |")
    print("| --- | --- |" + " ---: |" * len(NORMS))
    for (recipe, model), entry in robustness.items():
        cells = [
            f"{figures['mean']:.3f} ({100 * figures['found']:.0f} %)"
            for figures in entry["nudges"].values()
        ]
        print(f"| {recipe} | {model} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    started = time.perf_counter()
    test_images, labels = load_mnist(PROJECT / "data", train=False)
    images = test_images[:DISTORTED].float() / 255
    classifiers = {
        (recipe, model): load(model, recipe)
        for recipe in available_recipes()
        for model in available_models()
    }
    curves = curves_of(classifiers, images, labels[:DISTORTED])
    robustness = {
        key: {
            "curves": curves[key],
            "nudges": nudges_of(classifier, images[:NUDGED], labels[:NUDGED]),
        }
        for key, classifier in classifiers.items()
    }
    print(f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}; ", end="")
    print(f"{DISTORTED:,} images distorted, {NUDGED} nudged, ", end="")
    print(f"{time.perf_counter() - started:.0f} s")
    print_tables(robustness)
    if options.write:
        for recipe in available_recipes():
            metrics = read_metrics(WEIGHTS_FOLDER / recipe)
            if metrics is None:
                continue
            for model, entry in metrics["models"].items():
                if (recipe, model) in robustness:
                    entry["robustness"] = robustness[recipe, model]
            write_metrics(WEIGHTS_FOLDER / recipe, metrics)


if __name__ == "__main__":
    main()
