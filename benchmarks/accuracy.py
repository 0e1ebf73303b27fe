"""Accuracy on MNIST and on drawings: what MNIST's geometry and the augmented recipe each add.

    python benchmarks/accuracy.py --sketches FILE.jsonl.gz [--seeds 3] [--peer]

FILE has one ``{"label": 7, "strokes": [[[x, y], ...], ...]}`` a line. Prints, for the committed
weights, the baseline recipe on the canvas squeezed to 28x28, the baseline recipe and the augmented
recipe with MNIST's geometry. With --seeds, trains the augmented recipe anew that many times, and
prints mean and standard deviation. With --peer, also what digit-recognizer-py (from PyPI) makes of
the same canvases.
"""

import argparse
import datetime
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from digitnet.__main__ import read_drawings
from digitnet.calibration import calibration_error, reliability
from digitnet.classifier import Classifier, available_recipes, load
from digitnet.drawing import Drawing, to_images
from digitnet.mnist import load_mnist
from digitnet.models import IMAGE_SIZE, available_models

CANVAS = 280  # pixels, of a sketchpad as other demos have it
INK = 200  # pixels, the longest side of a drawing on it
PEN = 20  # pixels


def canvas_of(drawing: Drawing) -> Image.Image:
    """White ink on black: what a sketchpad that keeps pixels would send."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in drawing])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = INK / max((high - low).max(), 1e-9)
    canvas = Image.new("L", (CANVAS, CANVAS))
    pen = ImageDraw.Draw(canvas)
    for stroke in drawing:
        placed = (np.asarray(stroke, float) - (low + high) / 2) * scale + CANVAS / 2
        pen.line(placed.ravel().tolist(), fill=255, width=PEN, joint="curve")
        for x, y in placed[[0, -1]]:
            pen.ellipse((x - PEN / 2, y - PEN / 2, x + PEN / 2, y + PEN / 2), fill=255)
    return canvas


def squeezed(canvases: Iterable[Image.Image]) -> np.ndarray:
    """Canvases as other demos show them to a network: float32 ``[N, 28, 28]``, no geometry."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    small = [np.asarray(canvas.resize(size, Image.Resampling.BILINEAR)) for canvas in canvases]
    return np.stack(small).astype(np.float32) / 255


def measure(
    classifier: Classifier, images: np.ndarray, labels: torch.Tensor
) -> tuple[float, float]:
    """Accuracy and expected calibration error, both in %."""
    predictions = classifier.predict_images(images)
    probabilities = torch.from_numpy(np.stack([p.probabilities for p in predictions]))
    right = (probabilities.argmax(1) == labels).float().mean().item()
    return 100 * right, 100 * calibration_error(reliability(probabilities, labels))


def row(name: str, cells: Iterable[str]) -> None:
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sketches", type=Path, required=True, metavar="FILE")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()

    drawings, sketch_labels = zip(*read_drawings(options.sketches), strict=True)
    canvases = [canvas_of(drawing) for drawing in drawings]
    test_images, test_labels = load_mnist(PROJECT / "data", train=False)
    mnist = test_images.numpy().astype(np.float32) / 255
    sets = {
        "squeezed": (squeezed(canvases), torch.tensor(sketch_labels)),
        "fitted": (to_images(drawings), torch.tensor(sketch_labels)),
    }

    print(f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}; ", end="")
    print(f"{len(drawings):,} drawings; accuracy (calibration error), %\n")
    print("| recipe, geometry | model | MNIST | drawings |\n| --- | --- | ---: | ---: |")
    rows = [("baseline", "squeezed")] + [(recipe, "fitted") for recipe in available_recipes()]
    for recipe, geometry in rows:
        for model in available_models():
            classifier = load(model, recipe)
            pair = measure(classifier, mnist, test_labels), measure(classifier, *sets[geometry])
            cells = [f"{accuracy:.2f} ({error:.2f})" for accuracy, error in pair]
            row(f"{recipe}, {geometry} | {model}", cells)

    if options.peer:
        from digit_recognizer import DigitRecognizer

        peer = DigitRecognizer(device="cpu")
        enlarged = [Image.fromarray(image.numpy()) for image in test_images]
        shares = [
            statistics.mean(peer.predict(picture) == label for picture, label in pairs)
            for pairs in (
                zip(enlarged, test_labels.tolist(), strict=True),
                zip(canvases, sketch_labels, strict=True),
            )
        ]
        row("digit-recognizer-py | cnn", [f"{100 * share:.2f}" for share in shares])

    results_by_model: dict[str, list[list[float]]] = {model: [] for model in available_models()}
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            command = ["train.py", "--recipe", "augmented", "--seed", str(seed), "--output", folder]
            subprocess.run([sys.executable, *command], cwd=PROJECT, check=True)
            for model, results in results_by_model.items():
                classifier = load(model, "augmented", source=folder)
                both = measure(classifier, mnist, test_labels), measure(classifier, *sets["fitted"])
                results.append([accuracy for accuracy, _ in both])
    if options.seeds > 1:
        print(f"\nThe augmented recipe over {options.seeds} seeds:")
        for model, results in results_by_model.items():
            cells = [
                f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"
                for values in zip(*results, strict=True)
            ]
            row(f"augmented, fitted | {model}", cells)


if __name__ == "__main__":
    main()
