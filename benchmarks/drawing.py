"""How fast drawings become images and predictions, on one core.

    python benchmarks/drawing.py

The drawings are the synthetic writer's, as the sketchpad would send them. Prints drawings rendered
a minute in one call; and milliseconds from one drawing to the predictions of all three models, and
to all that the page shows of them.
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
from digitnet.drawing import Drawing, to_image, to_images
from digitnet.models import available_models
from digitnet.synthetic.writer import write_digits
from digitnet.ui.components.answer import answer
from digitnet.ui.components.sketchpad import SIZE

DRAWINGS = 2000
TIMED = 500  # of them, one by one
HEIGHT = 600  # units of the sketchpad, of a drawing
ROUNDS = 5


def main() -> None:
    torch.set_num_threads(1)
    drawings = [
        [[(SIZE / 2 + HEIGHT * x, SIZE / 2 + HEIGHT * y) for x, y in stroke] for stroke in drawing]
        for drawing in write_digits(DRAWINGS, seed=0)
    ]
    classifiers = {name: load(name, device="cpu") for name in available_models()}

    def predict(drawing: Drawing) -> None:
        image = to_image(drawing)[None]
        for classifier in classifiers.values():
            classifier.predict_images(image)

    def show(drawing: Drawing) -> None:
        answer(classifiers, "cnn", drawing)

    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        to_images(drawings)
        rates.append(60 * DRAWINGS / (time.perf_counter() - started))
    print(f"{datetime.date.today()}, {platform.machine()}, 1 thread, torch {torch.__version__}")
    print(f"drawings rendered a minute: {statistics.median(rates):,.0f}")
    for name, function in {"three predictions": predict, "all that is shown": show}.items():
        function(drawings[0])  # the first call prepares the kernels
        milliseconds = []
        for drawing in drawings[:TIMED]:
            started = time.perf_counter()
            function(drawing)
            milliseconds.append(1000 * (time.perf_counter() - started))
        slowest = statistics.quantiles(milliseconds, n=20)[-1]
        print(
            f"one drawing to {name}: median {statistics.median(milliseconds):.1f} ms, "
            f"95th percentile {slowest:.1f} ms"
        )


if __name__ == "__main__":
    main()
