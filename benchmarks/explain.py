"""How long a visitor waits for an explanation, and how good it is, on one core.

    python benchmarks/explain.py [--drawings 60]

For every model and recipe, prints milliseconds from a drawing to all that the Why tab shows: the
image, the account of the answer and of its rival, what would change its mind, and the network's
parts, pictures included; for the answer, and for every other digit ("why not 7?"). And by how much
the account misses the logit, at most, in percent of the logit's change from a blank image; how far
a CNN's map is from the one of many more segments, in percent of all shares; and where something of
moderate size changed the answer. The drawings are the synthetic writer's.
"""

import argparse
import datetime
import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from digitnet.classifier import Classifier, available_recipes, load
from digitnet.drawing import Drawing, to_images
from digitnet.explain.attribution import accounts
from digitnet.explain.integrated_gradients import SEGMENTS, integrated_gradients
from digitnet.models import CLASSES, available_models
from digitnet.synthetic.writer import write_digits
from digitnet.ui.tabs.why import explanation

LIMIT_SEGMENTS = 256  # for what the maps approach
MAPS = 10  # drawings whose maps are compared with that


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drawings", type=int, default=60, help="how many (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    drawings = list(write_digits(options.drawings, seed=1))
    images = to_images(drawings)

    print(f"{datetime.date.today()}, {platform.machine()}, 1 thread, torch {torch.__version__}")
    print(f"{len(drawings)} drawings, {SEGMENTS} segments\n")
    print(
        "| recipe | model | why? median | slowest | why not? median | slowest | off | map | flips |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for recipe in available_recipes():
        for model in available_models():
            classifier = load(model, recipe, device="cpu")
            explanation({model: classifier}, model, drawings[0])  # prepares the kernels
            why = [waited(classifier, drawing, None) for drawing in drawings]
            why_not = [
                waited(classifier, drawing, number % CLASSES)
                for number, drawing in enumerate(drawings)
            ]
            missed = max(
                account.incompleteness
                for image in images
                for account in accounts(classifier, image, range(CLASSES))
            )
            distance = statistics.fmean(to_limit(classifier, image) for image in images[:MAPS])
            flips = statistics.fmean(changed for _, changed in why)
            cells = [
                f"{statistics.median(times):.0f} ms | {max(times):.0f} ms"
                for times in ([time for time, _ in each] for each in (why, why_not))
            ]
            print(
                f"| {recipe} | {model} | {' | '.join(cells)} | {100 * missed:.4f} % "
                f"| {100 * distance:.1f} % | {100 * flips:.0f} % |",
                flush=True,
            )


def waited(classifier: Classifier, drawing: Drawing, digit: int | None) -> tuple[float, bool]:
    """Milliseconds to the explanation, and whether something changed the answer."""
    name = classifier.metadata.model
    started = time.perf_counter()
    shown, _ = explanation({name: classifier}, name, drawing, digit)
    elapsed = 1000 * (time.perf_counter() - started)
    return elapsed, shown.get("change", {}).get("found", False)


def to_limit(classifier: Classifier, image: np.ndarray) -> float:
    """How far the shares in the answer lie from those of many segments, of the latter's sum."""
    seen = torch.from_numpy(image)[None]
    digits = [int(classifier.logits(seen).argmax())]
    few = integrated_gradients(classifier.network, seen, digits)
    many = integrated_gradients(classifier.network, seen, digits, LIMIT_SEGMENTS)
    return float((few - many).abs().sum() / many.abs().sum())


if __name__ == "__main__":
    main()
