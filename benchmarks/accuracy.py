"""Accuracy on MNIST and on drawings: what MNIST's geometry and each recipe add.

    python -m benchmarks.accuracy [--write] [--peer] [--seeds 3] [--runs FOLDER]

Measures the committed weights on MNIST's test images and on both sets of drawings, with MNIST's
geometry and on the canvas squeezed to 28x28; --write puts that into their metrics.json. --peer
measures digit-recognizer-py (from PyPI) on the same canvases instead. --seeds instead trains the
default recipe anew that many times, in FOLDER/<seed> if that has no weights yet, and gives mean and
standard deviation.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from benchmarks import PROJECT, results
from benchmarks.drawing_sets import DEVELOPMENT, TEST
from digitnet.calibration import calibration_error, reliability
from digitnet.classifier import DEFAULT_RECIPE, Classifier, available_recipes, load
from digitnet.drawing import Strokes, images_of_strokes
from digitnet.hub.model_card import write_model_card
from digitnet.metrics import METRICS_FILE, DrawingMetrics, read_metrics, write_metrics
from digitnet.mnist import load_mnist
from digitnet.models import IMAGE_SIZE, available_models, parameter_count
from digitnet.weights import WEIGHTS_FOLDER

CANVAS = 280  # pixels, of a sketchpad as other demos have it
INK = 200  # pixels, the longest side of a drawing on it
PEN = 20  # pixels
# The sets of drawings, by their field in metrics.json.
DRAWINGS = {"test_drawings": TEST, "development_drawings": DEVELOPMENT}


@dataclass(frozen=True)
class Images:
    """Labelled images: float32 ``[N, 28, 28]`` in 0..1, int64 ``[N]``."""

    images: np.ndarray
    labels: torch.Tensor


@dataclass(frozen=True)
class Drawings:
    """A set of drawings as images: with MNIST's geometry, and squeezed from a canvas."""

    canvases: list[Image.Image]
    fitted: Images
    squeezed: Images


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--write", action="store_true", help="write metrics.json and model card")
    parser.add_argument("--peer", action="store_true", help="measure digit-recognizer-py")
    parser.add_argument("--seeds", type=int, default=0, help="train this many times instead")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="where these trainings lie")
    options = parser.parse_args()
    if options.seeds == 1:
        parser.error("a standard deviation takes 2 --seeds or more.")
    if options.write and (options.peer or options.seeds):
        parser.error("--write goes with neither --peer nor --seeds.")

    test_images, test_labels = load_mnist(train=False)
    mnist = Images(test_images.numpy().astype(np.float32) / 255, test_labels)
    drawings = {field: as_images(*drawing_set.read()) for field, drawing_set in DRAWINGS.items()}

    if not options.peer and not options.seeds:
        table = committed_weights(mnist, drawings, options.write)
        results.save(options.results, "accuracy", "Accuracy", [table])
    if options.peer:
        table = peer(test_images, test_labels, drawings)
        results.save(options.results, "accuracy_peer", "Accuracy of digit-recognizer-py", [table])
    if options.seeds:
        table = over_seeds(options, mnist, drawings)
        results.save(options.results, "accuracy_seeds", "Accuracy over several seeds", [table])


def committed_weights(mnist: Images, drawings: dict[str, Drawings], write: bool) -> results.Table:
    """Every recipe and model of weights/; `write` puts what is measured into their metrics."""
    table = results.Table(
        "",
        ["recipe", "model", "parameters", "MNIST test"]
        + [
            f"{drawing_set.label}{form}"
            for drawing_set in DRAWINGS.values()
            for form in ("", ", squeezed")
        ],
        [
            "Accuracy in %, with the expected calibration error in brackets; what is refused as no "
            "digit is judged by its most probable digit. The development "
            f"drawings are the {len(drawings['development_drawings'].canvases):,} of "
            f"{DEVELOPMENT.source}, the test drawings the "
            f"{len(drawings['test_drawings'].canvases):,} of {TEST.source}; see "
            "`data/drawings/README.md`. No network has learned from either. Choices were made by "
            "the development drawings, so the figure to expect on other people's drawings is that "
            'of the test drawings. "Squeezed" is the whole canvas reduced to 28x28, without '
            "MNIST's geometry, as many demos do it.",
        ],
    )
    for recipe in available_recipes():
        metrics = read_metrics(WEIGHTS_FOLDER / recipe)
        for model in available_models():
            classifier = load(model, recipe)
            cells = [f"{parameter_count(classifier.network):,}", shown(measure(classifier, mnist))]
            for field, drawing_set in DRAWINGS.items():
                fitted = measure(classifier, drawings[field].fitted)
                squeezed = measure(classifier, drawings[field].squeezed)
                cells += [shown(fitted), shown(squeezed)]
                if entry := metrics.models.get(model):
                    on_drawings = DrawingMetrics(
                        name=drawing_set.source,
                        count=len(drawings[field].canvases),
                        accuracy=fitted[0] / 100,
                        calibration_error=fitted[1] / 100,
                        squeezed_accuracy=squeezed[0] / 100,
                    )
                    setattr(entry, field, on_drawings)
            table.add(recipe, model, *cells)
        if write:
            write_metrics(WEIGHTS_FOLDER / recipe, metrics)
            write_model_card(WEIGHTS_FOLDER)
    return table


def measure(classifier: Classifier, images: Images) -> tuple[float, float]:
    """Accuracy and expected calibration error, both in %."""
    predictions = classifier.predict_images(images.images)
    probabilities = torch.from_numpy(np.stack([p.probabilities for p in predictions]))
    accuracy = (probabilities.argmax(1) == images.labels).float().mean().item()
    error = calibration_error(reliability(probabilities, images.labels))
    return 100 * accuracy, 100 * error


def shown(measured: tuple[float, float]) -> str:
    return f"{measured[0]:.2f} ({measured[1]:.2f})"


def as_images(drawings: list[Strokes], digits: list[int]) -> Drawings:
    labels = torch.tensor(digits)
    canvases = [canvas_of(drawing) for drawing in drawings]
    return Drawings(
        canvases, Images(images_of_strokes(drawings), labels), Images(squeeze(canvases), labels)
    )


def canvas_of(drawing: Strokes) -> Image.Image:
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


def squeeze(canvases: Iterable[Image.Image]) -> np.ndarray:
    """Canvases as other demos show them to a network: float32 ``[N, 28, 28]``, no geometry."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    small = [np.asarray(canvas.resize(size, Image.Resampling.BILINEAR)) for canvas in canvases]
    return np.stack(small).astype(np.float32) / 255


def peer(
    test_images: torch.Tensor, test_labels: torch.Tensor, drawings: dict[str, Drawings]
) -> results.Table:
    """What digit-recognizer-py makes of the same pictures."""
    from digit_recognizer import DigitRecognizer

    recognizer = DigitRecognizer(device="cpu")

    def accuracy(pictures: list[Image.Image], labels: torch.Tensor) -> str:
        pairs = zip(pictures, labels.tolist(), strict=True)
        hits = [recognizer.predict(picture) == label for picture, label in pairs]
        return f"{100 * statistics.mean(hits):.2f}"

    labels = [drawing_set.label for drawing_set in DRAWINGS.values()]
    table = results.Table(
        "", ["model", "MNIST test", *labels], ["Accuracy in %, of the canvases that it is given."]
    )
    pictures = [Image.fromarray(image.numpy()) for image in test_images]
    cells = [accuracy(one.canvases, one.fitted.labels) for one in drawings.values()]
    table.add("its cnn", accuracy(pictures, test_labels), *cells)
    return table


def over_seeds(
    options: argparse.Namespace, mnist: Images, drawings: dict[str, Drawings]
) -> results.Table:
    """Mean and standard deviation over seeds, training what is not trained yet."""
    sets = {"MNIST test": mnist} | {
        drawing_set.label: drawings[field].fitted for field, drawing_set in DRAWINGS.items()
    }
    table = results.Table(
        "",
        ["recipe", "model"] + [f"{name}{what}" for name in sets for what in ("", ", error")],
        [
            f"Mean and standard deviation over {options.seeds} seeds, in %: accuracy, and expected "
            "calibration error."
        ],
    )
    with tempfile.TemporaryDirectory() as temporary:
        folders = [
            (options.runs or Path(temporary)).resolve() / str(seed) for seed in range(options.seeds)
        ]
        for seed, folder in enumerate(folders):
            if not (folder / DEFAULT_RECIPE / METRICS_FILE).exists():
                command = ["train.py", "--recipe", DEFAULT_RECIPE, "--seed", str(seed)]
                command += ["--output", str(folder)]
                subprocess.run([sys.executable, *command], cwd=PROJECT, check=True)
        for model in available_models():
            runs = []
            for folder in folders:
                classifier = load(model, DEFAULT_RECIPE, source=folder)
                runs.append([value for one in sets.values() for value in measure(classifier, one)])
            cells = [
                f"{statistics.mean(values):.2f} ± {statistics.stdev(values):.2f}"
                for values in zip(*runs, strict=True)
            ]
            table.add(DEFAULT_RECIPE, model, *cells)
    return table


if __name__ == "__main__":
    main()
