"""Accuracy on MNIST and on drawings: what MNIST's geometry and the augmented recipe each add.

    python benchmarks/accuracy.py --sketches FILE.jsonl.gz --name NAME [--write] [--peer]
                                  [--seeds 3] [--runs FOLDER]

FILE has one ``{"label": 7, "strokes": [[[x, y], ...], ...]}`` a line. Prints, for the committed
weights, each recipe on the canvas squeezed to 28x28 and with MNIST's geometry; --write puts that
into their metrics.json. With --peer, also what digit-recognizer-py (from PyPI) makes of the same
canvases. With --seeds, trains the augmented recipe anew that many times, in FOLDER/<seed>
if that has no weights yet, and prints mean and standard deviation.
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
from digitnet.hub.model_card import write_model_card
from digitnet.models import IMAGE_SIZE, available_models
from digitnet.weights import METRICS_FILE, WEIGHTS_FOLDER, read_metrics, write_metrics

RECIPE = "augmented"  # the one trained anew for each seed
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
    parser.add_argument("--name", default="drawings", help="what to call them in metrics.json")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--runs", type=Path, metavar="FOLDER")
    options = parser.parse_args()

    drawings, sketch_labels = zip(*read_drawings(options.sketches), strict=True)
    canvases = [canvas_of(drawing) for drawing in drawings]
    labels = torch.tensor(sketch_labels)
    test_images, test_labels = load_mnist(PROJECT / "data", train=False)
    mnist = test_images.numpy().astype(np.float32) / 255
    fitted, unfitted = to_images(drawings), squeezed(canvases)

    print(f"{datetime.date.today()}, {platform.machine()}, torch {torch.__version__}; ", end="")
    print(f"{len(drawings):,} drawings; accuracy (calibration error), %\n")
    print("| recipe | model | MNIST | drawings, squeezed | drawings |")
    print("| --- | --- | ---: | ---: | ---: |")
    for recipe in available_recipes():
        metrics = read_metrics(WEIGHTS_FOLDER / recipe) or {"models": {}}
        for model in available_models():
            classifier = load(model, recipe)
            on_mnist, on_squeezed, on_fitted = (
                measure(classifier, mnist, test_labels),
                measure(classifier, unfitted, labels),
                measure(classifier, fitted, labels),
            )
            row(
                f"{recipe} | {model}",
                [
                    f"{right:.2f} ({error:.2f})"
                    for right, error in (on_mnist, on_squeezed, on_fitted)
                ],
            )
            if model in metrics["models"]:
                metrics["models"][model]["drawings"] = {
                    "name": options.name,
                    "count": len(drawings),
                    "accuracy": on_fitted[0] / 100,
                    "calibration_error": on_fitted[1] / 100,
                    "squeezed_accuracy": on_squeezed[0] / 100,
                }
        if options.write:
            write_metrics(WEIGHTS_FOLDER / recipe, metrics)
            write_model_card(WEIGHTS_FOLDER)
    if options.peer:
        peer_row(test_images, test_labels, canvases, sketch_labels)
    if options.seeds > 1:
        seeds_table(options, mnist, test_labels, fitted, labels)


def peer_row(
    test_images: torch.Tensor,
    test_labels: torch.Tensor,
    canvases: list[Image.Image],
    sketch_labels: tuple[int, ...],
) -> None:
    """What digit-recognizer-py makes of the same pictures."""
    from digit_recognizer import DigitRecognizer

    peer = DigitRecognizer(device="cpu")
    pictures = [Image.fromarray(image.numpy()) for image in test_images]
    shares = [
        statistics.mean(peer.predict(picture) == label for picture, label in pairs)
        for pairs in (
            zip(pictures, test_labels.tolist(), strict=True),
            zip(canvases, sketch_labels, strict=True),
        )
    ]
    row("digit-recognizer-py | cnn", [f"{100 * shares[0]:.2f}", "", f"{100 * shares[1]:.2f}"])


def seeds_table(
    options: argparse.Namespace,
    mnist: np.ndarray,
    test_labels: torch.Tensor,
    fitted: np.ndarray,
    labels: torch.Tensor,
) -> None:
    """Mean and standard deviation over seeds, training what is not trained yet."""
    with tempfile.TemporaryDirectory() as temporary:
        runs = options.runs or Path(temporary)
        print(f"\nOver {options.seeds} seeds:\n")
        print("| recipe | model | MNIST | calibration error | drawings | calibration error |")
        print("| --- | --- | ---: | ---: | ---: | ---: |")
        folders = [runs / str(seed) for seed in range(options.seeds)]
        for seed, folder in enumerate(folders):
            if not (folder / RECIPE / METRICS_FILE).exists():
                command = ["train.py", "--recipe", RECIPE, "--seed", str(seed)]
                command += ["--output", str(folder)]
                subprocess.run([sys.executable, *command], cwd=PROJECT, check=True)
        for model in available_models():
            results = []
            for folder in folders:
                classifier = load(model, RECIPE, source=folder)
                results.append(
                    measure(classifier, mnist, test_labels) + measure(classifier, fitted, labels)
                )
            cells = [
                f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"
                for values in zip(*results, strict=True)
            ]
            row(f"{RECIPE} | {model}", cells)


if __name__ == "__main__":
    main()
