"""What adversarial training costs and brings, by the size and share of its perturbations.

    python -m benchmarks.adversarial [--epochs 20] [--sizes 0 0.03 0.05 0.08] [--shares 0.25 0.5]

Trains the largest model by the default recipe with each size and the first share, and with the
recipe's own size and the other shares. Measures the accuracy on the training images held back, on
the development drawings, and on the images held back under PGD.
"""

import dataclasses

import torch

from benchmarks import results
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.attacks import accuracy_under_attack
from digitnet.classifier import DEFAULT_RECIPE
from digitnet.drawing import images_of_strokes
from digitnet.evaluation import compute_logits, evaluate
from digitnet.mnist import load_mnist
from digitnet.models import available_models
from digitnet.training.recipes import RECIPES
from digitnet.training.trainer import train

ATTACKS = (0.05, 0.1, 0.15)


def main() -> None:
    model = available_models()[-1]
    recipe = RECIPES[DEFAULT_RECIPE].for_model(model)
    parser = results.parser(__doc__)
    parser.add_argument("--epochs", type=int, default=recipe.epochs, help="(the recipe's)")
    parser.add_argument("--sizes", type=float, nargs="+", default=[0, 0.03, 0.05, 0.08])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    images, labels = load_mnist(train=True)
    held_back = images[-recipe.held_back :], labels[-recipe.held_back :]
    drawings, digits = DEVELOPMENT.read()
    drawn = torch.from_numpy(images_of_strokes(drawings)), torch.tensor(digits)
    table = results.Table(
        "",
        [
            *("size", "share", "training images held back, %", f"{DEVELOPMENT.label}, %"),
            *(f"held back, PGD {attack:g}, %" for attack in ATTACKS),
        ],
        [
            f"The {model}, recipe `{DEFAULT_RECIPE}`, seed {options.seed}, trained for "
            f"{options.epochs} of its {recipe.epochs} epochs. Size: the largest step in training, "
            "full ink being 1; share: of each batch's digits."
        ],
    )
    first, *other_shares = options.shares
    tried = [(size, first) for size in options.sizes]
    for size, share in tried + [(recipe.adversarial_size, share) for share in other_shares]:
        changed = dataclasses.replace(
            recipe,
            epochs=options.epochs,
            adversarial_size=size,
            adversarial_share=share if size else 0,
        )
        for progress in train(model, changed, images, labels, seed=options.seed):
            network = progress.network
        clean = [
            evaluate(compute_logits(network, some), truth).accuracy
            for some, truth in (held_back, drawn)
        ]
        attacked = [accuracy_under_attack(network, *held_back, attack) for attack in ATTACKS]
        table.add(
            f"{size:g}",
            f"{share:g}" if size else "–",
            *(f"{100 * accuracy:.2f}" for accuracy in clean),
            *(f"{100 * accuracy:.1f}" for accuracy in attacked),
        )
    results.save(options.results, "adversarial", "Adversarial training", [table])


if __name__ == "__main__":
    main()
