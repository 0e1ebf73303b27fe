"""How well the models tell digits from other drawings.

    python -m benchmarks.rejection [--write]

Digits are MNIST's test images and the development drawings. The other drawings don't come from the
synthetic writer that the models were trained with: letters are those of the Hershey stroke fonts
(the package Hershey-Fonts), distorted here; scribbles and shapes are made here. Measures which
share of each is refused at the threshold that accepts a given share of the digits. --write puts the
shares at the models' own thresholds into their metrics.json and the model card.
"""

import numpy as np
import torch
from HersheyFonts import HersheyFonts

from benchmarks import results
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.calibration import digit_score
from digitnet.classifier import available_recipes, load
from digitnet.drawing import Drawing, to_images
from digitnet.hub.model_card import write_model_card
from digitnet.metrics import read_metrics, write_metrics
from digitnet.mnist import load_mnist
from digitnet.models import available_models
from digitnet.weights import WEIGHTS_FOLDER

FONTS = ("futural", "rowmans", "scripts", "cursive")
# Without those that can be read as a digit: B D G I J L O Q S Z, b g i j l o q s y z and kin.
LETTERS = "ACEFHKMNPRTUVWXYadefhkmnprtuvwx"
EACH = 2000  # drawings of each kind
ACCEPTED = (0.995, 0.99, 0.98, 0.97, 0.95, 0.90)


def distorted(strokes: list[np.ndarray], rng: np.random.Generator) -> Drawing:
    """Slant, rotate, stretch and bend strokes a little, as handwriting does."""
    points = np.concatenate(strokes)
    centre, size = points.mean(axis=0), np.ptp(points, axis=0).max() or 1
    slant, turn = rng.normal(0, 0.15), rng.normal(0, 0.08)
    matrix = np.array([[rng.normal(1, 0.1), turn - slant], [-turn, 1]])
    phase, frequency = rng.uniform(0, 6, 2), rng.uniform(2, 5, 2)
    result = []
    for stroke in strokes:
        placed = (stroke - centre) / size @ matrix.T
        placed += 0.015 * np.sin(phase + frequency * placed[:, ::-1] * 2)
        result.append(placed.tolist())
    return result


def letters(rng: np.random.Generator) -> list[Drawing]:
    """Letters of stroke fonts."""
    glyphs = []
    for name in FONTS:
        font = HersheyFonts()
        font.load_default_font(name)
        for letter in LETTERS:
            glyphs.append([np.array(stroke, float) for stroke in font.strokes_for_text(letter)])
    return [distorted(glyphs[i], rng) for i in rng.integers(len(glyphs), size=EACH)]


def scribbles(rng: np.random.Generator) -> list[Drawing]:
    """Random walks of a pen."""
    drawings = []
    for _ in range(EACH):
        steps = int(rng.integers(60, 200))
        heading = np.cumsum(np.cumsum(rng.normal(0, 0.08, steps)) + rng.normal(0, 0.5, steps))
        path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
        # Reflected at the edges of a box, as a page has them.
        room = rng.uniform(4, 10)
        path = np.abs((path / room) % 4 - 2)
        drawings.append(distorted([path], rng))
    return drawings


def shapes(rng: np.random.Generator) -> list[Drawing]:
    """Regular polygons, stars of 5 to 7 points, grids and suns."""
    drawings = []
    for _ in range(EACH):
        corners = int(rng.integers(3, 6))
        angles = np.linspace(0, 2 * np.pi, corners + 1) + rng.uniform(0, 6)
        polygon = [np.stack([np.cos(angles), np.sin(angles)], axis=1)]
        points = 2 * int(rng.integers(5, 8))
        angles = np.linspace(0, 2 * np.pi, points + 1) + rng.uniform(0, 6)
        radius = np.where(np.arange(points + 1) % 2, 0.4, 1.0)
        star = [np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)]
        lines = np.linspace(-0.4, 0.4, 2)
        grid = [np.array([[-1, at], [1, at]]) for at in lines]
        grid += [np.array([[at, -1], [at, 1]]) for at in lines]
        rays = np.linspace(0, 2 * np.pi, int(rng.integers(5, 9)), endpoint=False)
        directions = np.stack([np.cos(rays), np.sin(rays)], axis=1)
        sun = [np.stack([0.3 * way, way]) for way in directions]
        kinds = (polygon, star, grid, sun)
        drawings.append(distorted(kinds[rng.integers(len(kinds))], rng))
    return drawings


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--write", action="store_true", help="write metrics.json")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    drawings, _ = DEVELOPMENT.read()
    test_images, _ = load_mnist(train=False)
    digits = {
        "drawings": to_images(drawings),
        "MNIST": test_images.numpy().astype(np.float32) / 255,
    }
    others = {kind.__name__: to_images(kind(rng)) for kind in (scribbles, shapes, letters)}

    tables = []
    refused: dict[tuple[str, str], dict[str, float]] = {}
    for recipe in available_recipes():
        for model in available_models():
            classifier = load(model, recipe)
            threshold = classifier.metadata.threshold
            if not threshold:
                continue  # a model without a threshold takes everything for a digit
            scores = {
                name: digit_score(classifier.logits(torch.from_numpy(images))).numpy()
                for name, images in (digits | others).items()
            }
            table = results.Table(
                f"{model}, recipe {recipe}",
                ["digits accepted", *others],
                [
                    "Share of each kind that is refused as no digit, in %. The digits are the "
                    f"{len(drawings):,} {DEVELOPMENT.label} and MNIST's test images, each counting "
                    f"half; {EACH:,} drawings of each other kind. The letters are those that do "
                    "not look like a digit."
                ],
            )
            levels = [(f"{100 * share:.1f} %", threshold_for(scores, share)) for share in ACCEPTED]
            accepted = np.mean([(scores[name] >= threshold).mean() for name in digits])
            levels.append((f"{100 * accepted:.1f} % (the model's threshold)", threshold))
            for label, level in levels:
                table.add(label, *(f"{100 * (scores[name] < level).mean():.1f}" for name in others))
            tables.append(table)
            refused[recipe, model] = {"digits": float(1 - accepted)} | {
                name: float((scores[name] < threshold).mean()) for name in others
            }
    results.save(options.results, "rejection", "Drawings that are no digits", tables)
    if options.write:
        for recipe in available_recipes():
            metrics = read_metrics(WEIGHTS_FOLDER / recipe)
            for model, entry in metrics.models.items():
                entry.refused = refused.get((recipe, model), {})
            write_metrics(WEIGHTS_FOLDER / recipe, metrics)
        write_model_card(WEIGHTS_FOLDER)


def threshold_for(scores: dict[str, np.ndarray], share: float) -> float:
    """The score that `share` of the digits reach, drawings and MNIST each counting half."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        reached = np.mean([(scores[name] >= middle).mean() for name in ("drawings", "MNIST")])
        low, high = (middle, high) if reached >= share else (low, middle)
    return low


if __name__ == "__main__":
    main()
