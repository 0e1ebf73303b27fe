"""How well the models tell digits from what is none.

    python benchmarks/rejection.py --sketches FILE.jsonl.gz

Digits are MNIST's test images and the drawings in FILE. Nothing of what is no digit comes from the
synthetic writer that the models were trained with: letters are those of the Hershey stroke fonts
(the package Hershey-Fonts), distorted here; scribbles and shapes are made here. Prints which share
of each is refused where a given share of the digits is accepted.
"""

import argparse
import datetime
import platform
import sys
from pathlib import Path

import numpy as np
import torch
from HersheyFonts import HersheyFonts

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from digitnet.__main__ import read_drawings
from digitnet.calibration import digit_score
from digitnet.classifier import available_recipes, load
from digitnet.drawing import Drawing, to_images
from digitnet.mnist import load_mnist
from digitnet.models import available_models

FONTS = ("futural", "rowmans", "scripts", "cursive")
# Without those that can be read as a digit: B D G I J L O Q S Z, b g i j l o q s y z and kin.
LETTERS = "ACEFHKMNPRTUVWXYadefhkmnprtuvwx"
EACH = 2000  # drawings of each kind
ACCEPTED = (0.995, 0.99, 0.98, 0.97, 0.95, 0.90)


def distorted(strokes: list[np.ndarray], chance: np.random.Generator) -> Drawing:
    """Slanted, turned, stretched and wobbling, as handwriting is."""
    points = np.concatenate(strokes)
    centre, size = points.mean(axis=0), np.ptp(points, axis=0).max() or 1
    slant, turn = chance.normal(0, 0.15), chance.normal(0, 0.08)
    matrix = np.array([[chance.normal(1, 0.1), turn - slant], [-turn, 1]])
    phase, pace = chance.uniform(0, 6, 2), chance.uniform(2, 5, 2)
    result = []
    for stroke in strokes:
        placed = (stroke - centre) / size @ matrix.T
        placed += 0.015 * np.sin(phase + pace * placed[:, ::-1] * 2)
        result.append(placed.tolist())
    return result


def letters(chance: np.random.Generator) -> list[Drawing]:
    """Letters of stroke fonts."""
    glyphs = []
    for name in FONTS:
        font = HersheyFonts()
        font.load_default_font(name)
        for letter in LETTERS:
            glyphs.append([np.array(stroke, float) for stroke in font.strokes_for_text(letter)])
    return [distorted(glyphs[i], chance) for i in chance.integers(len(glyphs), size=EACH)]


def scribbles(chance: np.random.Generator) -> list[Drawing]:
    """A pen that turns at random, without aim."""
    drawings = []
    for _ in range(EACH):
        steps = int(chance.integers(60, 200))
        heading = np.cumsum(np.cumsum(chance.normal(0, 0.08, steps)) + chance.normal(0, 0.5, steps))
        path = np.cumsum(np.stack([np.cos(heading), np.sin(heading)], axis=1), axis=0)
        # Held in a box, as on a page: the pen turns back at its edge.
        room = chance.uniform(4, 10)
        path = np.abs((path / room) % 4 - 2)
        drawings.append(distorted([path], chance))
    return drawings


def shapes(chance: np.random.Generator) -> list[Drawing]:
    """Regular polygons, stars of 5 to 7 points, grids and suns."""
    drawings = []
    for _ in range(EACH):
        corners = int(chance.integers(3, 6))
        angles = np.linspace(0, 2 * np.pi, corners + 1) + chance.uniform(0, 6)
        polygon = [np.stack([np.cos(angles), np.sin(angles)], axis=1)]
        points = 2 * int(chance.integers(5, 8))
        angles = np.linspace(0, 2 * np.pi, points + 1) + chance.uniform(0, 6)
        radius = np.where(np.arange(points + 1) % 2, 0.4, 1.0)
        star = [np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)]
        lines = np.linspace(-0.4, 0.4, 2)
        grid = [np.array([[-1, at], [1, at]]) for at in lines]
        grid += [np.array([[at, -1], [at, 1]]) for at in lines]
        rays = np.linspace(0, 2 * np.pi, int(chance.integers(5, 9)), endpoint=False)
        directions = np.stack([np.cos(rays), np.sin(rays)], axis=1)
        sun = [np.stack([0.3 * way, way]) for way in directions]
        kinds = (polygon, star, grid, sun)
        drawings.append(distorted(kinds[chance.integers(len(kinds))], chance))
    return drawings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sketches", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    chance = np.random.default_rng(0)
    drawings = [drawing for drawing, _ in read_drawings(options.sketches)]
    test_images, _ = load_mnist(PROJECT / "data", train=False)
    digits = {
        "sketches": to_images(drawings),
        "MNIST": test_images.numpy().astype(np.float32) / 255,
    }
    others = {kind.__name__: to_images(kind(chance)) for kind in (scribbles, shapes, letters)}

    print(f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}\n")
    for recipe in available_recipes():
        for model in available_models():
            classifier = load(model, recipe)
            scores = {
                name: digit_score(classifier.logits(torch.from_numpy(images))).numpy()
                for name, images in (digits | others).items()
            }
            # Sketches and MNIST count alike, whatever their numbers.
            print(f"\n{recipe} {model}; refused, %")
            print("| digits accepted | " + " | ".join(others) + " |")
            print("| ---: |" + " ---: |" * len(others))
            own = classifier.metadata.threshold
            levels = [(f"{100 * share:.1f} %", threshold_for(scores, share)) for share in ACCEPTED]
            accepted = np.mean([(scores[name] >= own).mean() for name in digits])
            levels.append((f"{100 * accepted:.1f} % (its own threshold)", own))
            for label, threshold in levels:
                refused = [f"{100 * (scores[name] < threshold).mean():.1f}" for name in others]
                print(f"| {label} | " + " | ".join(refused) + " |")


def threshold_for(scores: dict[str, np.ndarray], share: float) -> float:
    """The score that `share` of the digits reach, sketches and MNIST each counting half."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        reached = np.mean([(scores[name] >= middle).mean() for name in ("sketches", "MNIST")])
        low, high = (middle, high) if reached >= share else (low, middle)
    return low


if __name__ == "__main__":
    main()
