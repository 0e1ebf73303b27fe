"""How fast drawings become images and predictions, on one core.

    python benchmarks/drawing.py

The drawings are the synthetic writer's, as the sketchpad would send them. Prints drawings rendered
a minute in one call, and milliseconds from one drawing to the predictions of all three models.
"""

import datetime
import platform
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from digitnet.classifier import load
from digitnet.drawing import to_images
from digitnet.models import available_models
from digitnet.synthetic import write_digits
from digitnet.ui.answer import recognise

DRAWINGS = 2000
ROUNDS = 5


def main() -> None:
    torch.set_num_threads(1)
    drawings = list(write_digits(DRAWINGS, seed=0))
    classifiers = {name: load(name, device="cpu") for name in available_models()}
    recognise(classifiers, drawings[0])  # the first call prepares the kernels

    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        to_images(drawings)
        rates.append(60 * DRAWINGS / (time.perf_counter() - started))
    milliseconds = []
    for drawing in drawings[:500]:
        started = time.perf_counter()
        recognise(classifiers, drawing)
        milliseconds.append(1000 * (time.perf_counter() - started))

    print(f"{datetime.date.today()}, {platform.machine()}, 1 thread, torch {torch.__version__}")
    print(f"drawings rendered a minute: {statistics.median(rates):,.0f}")
    slowest = statistics.quantiles(milliseconds, n=20)[-1]
    print(
        f"one drawing to three predictions: median {statistics.median(milliseconds):.1f} ms, "
        f"95th percentile {slowest:.1f} ms"
    )


if __name__ == "__main__":
    main()
