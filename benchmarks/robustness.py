"""How much distortion the models bear, and how small a perturbation misleads them.

    python -m benchmarks.robustness [--write]

Measures, for every recipe and model of the committed weights, the accuracy on the first 1,000 test
images at some values of each distortion and under attack (20 steps of projected gradient descent)
with perturbations of several sizes, and the mean smallest perturbation, in both norms, by which
targeted projected gradient descent makes it predict the next digit (0 after 9) for the first 100
test images. --write puts that into their metrics.json and the model card.
"""

from typing import Any

import torch

from benchmarks import results
from digitnet.attacks import PGD_STEPS, accuracy_under_attack
from digitnet.classifier import Classifier, available_recipes, load
from digitnet.cpu import cpu_settings
from digitnet.explain.adversarial import NORMS, smallest_perturbations
from digitnet.explain.distortions import DISTORTIONS
from digitnet.explain.robustness import accuracy_on
from digitnet.hub.model_card import write_model_card
from digitnet.metrics import Robustness, read_metrics, write_metrics
from digitnet.mnist import load_mnist
from digitnet.models import CLASSES, available_models
from digitnet.weights import WEIGHTS_FOLDER

DISTORTED = 1000  # test images
NUDGED = 100  # test images
MIN_VALUES = 8  # of each distortion
SIZES = (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3)  # of perturbations, in the L-infinity norm


def curves_of(
    classifiers: dict[tuple[str, str], Classifier], images: torch.Tensor, labels: torch.Tensor
) -> dict[tuple[str, str], dict[str, list[dict[str, float]]]]:
    """By recipe and model, the accuracy at each value of each distortion."""
    curves: dict = {key: {name: [] for name in DISTORTIONS} for key in classifiers}
    for name, distortion in DISTORTIONS.items():
        for value in distortion.values(MIN_VALUES):
            distorted = distortion(images, value)  # once, for all of them
            for key, classifier in classifiers.items():
                accuracy = accuracy_on(classifier, distorted, labels)
                curves[key][name].append({"value": value, "accuracy": accuracy})
    return curves


def attack_of(
    classifier: Classifier, images: torch.Tensor, labels: torch.Tensor
) -> list[dict[str, float]]:
    """The accuracy under attack with perturbations of each size."""
    with cpu_settings(classifier.network, classifier.device):
        return [
            {
                "value": size,
                "accuracy": accuracy_under_attack(classifier.network, images, labels, size),
            }
            for size in SIZES
        ]


def nudges_of(
    classifier: Classifier, images: torch.Tensor, labels: torch.Tensor
) -> dict[str, dict[str, float]]:
    """By norm, the mean size of the smallest nudges, and the share of images with one."""
    figures = {}
    for norm in NORMS:
        with cpu_settings(classifier.network, classifier.device):
            nudges = smallest_perturbations(classifier, images, (labels + 1) % CLASSES, norm)
        figures[norm] = {
            "mean": nudges.sizes[nudges.found].mean().item() if nudges.found.any() else 0.0,
            "found": nudges.found.float().mean().item(),
        }
    return figures


def tables_of(robustness: dict[tuple[str, str], dict[str, Any]]) -> list[results.Table]:
    perturbations = results.Table(
        "Smallest adversarial perturbation",
        ["recipe", "model", *(f"{norm}, up to {bound:g}" for norm, bound in NORMS.items())],
        [
            f"Of the first {NUDGED} test images, full ink being 1: the mean size of the smallest "
            "perturbation found (an upper bound, by projected gradient descent) that makes the "
            "model predict the next digit, and in brackets the share of the images for which one "
            "was found within the bound. The mean is over these; images that the model takes for "
            "that digit unperturbed count as 0."
        ],
    )
    for (recipe, model), entry in robustness.items():
        cells = [
            f"{figures['mean']:.3f} ({100 * figures['found']:.0f} %)"
            for figures in entry["nudges"].values()
        ]
        perturbations.add(recipe, model, *cells)
    attacks = results.Table(
        "Accuracy under attack",
        ["recipe", "model", *(f"{size:g}" for size in SIZES)],
        [
            f"In %, of the first {DISTORTED:,} test images, after {PGD_STEPS} steps of projected "
            "gradient descent from a random start, by the largest change of a pixel (full ink is "
            "1). What is refused as no digit is judged by its most probable digit."
        ],
    )
    for (recipe, model), entry in robustness.items():
        attacks.add(recipe, model, *(f"{100 * p['accuracy']:.1f}" for p in entry["attack"]))
    tables = [attacks, perturbations]
    for name, distortion in DISTORTIONS.items():
        points = next(iter(robustness.values()))["curves"][name]
        table = results.Table(
            f"Accuracy under distortion: {name}",
            ["recipe", "model", *(f"{point['value']:g}" for point in points)],
            [
                f"In %, of the first {DISTORTED:,} test images, at several values of the "
                f"distortion ({distortion.unit}). What is refused as no digit counts as wrong."
            ],
        )
        for (recipe, model), entry in robustness.items():
            shares = [f"{100 * point['accuracy']:.1f}" for point in entry["curves"][name]]
            table.add(recipe, model, *shares)
        tables.append(table)
    return tables


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--write", action="store_true", help="write metrics.json")
    options = parser.parse_args()
    test_images, labels = load_mnist(train=False)
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
            "attack": attack_of(classifier, images, labels[:DISTORTED]),
            "nudges": nudges_of(classifier, images[:NUDGED], labels[:NUDGED]),
        }
        for key, classifier in classifiers.items()
    }
    results.save(options.results, "robustness", "Robustness", tables_of(robustness))
    if options.write:
        for recipe in available_recipes():
            metrics = read_metrics(WEIGHTS_FOLDER / recipe)
            for model, entry in metrics.models.items():
                if (recipe, model) in robustness:
                    entry.robustness = Robustness.model_validate(robustness[recipe, model])
            write_metrics(WEIGHTS_FOLDER / recipe, metrics)
        write_model_card(WEIGHTS_FOLDER)


if __name__ == "__main__":
    main()
