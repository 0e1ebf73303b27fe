"""How fast drawings become images and predictions, on one core.

    python -m benchmarks.drawing

The drawings are the synthetic writer's, as the sketchpad would send them. Measures how many are
rendered a minute in one call, and milliseconds from one drawing to the predictions of all models
and to everything that the page shows of them.
"""

import statistics
import time

import torch

from benchmarks import results
from digitnet.classifier import load
from digitnet.drawing import Strokes, images_of_strokes, parse_drawing
from digitnet.models import available_models
from digitnet.synthetic.writer import write_digits
from digitnet.ui.components.answer import answer
from digitnet.ui.components.sketchpad import SIZE

DRAWINGS = 2000
TIMED = 500  # of them, one by one
HEIGHT = 600  # of a drawing, in units of the sketchpad
ROUNDS = 5


def main() -> None:
    options = results.parser(__doc__).parse_args()
    torch.set_num_threads(1)
    drawings = [
        [SIZE / 2 + HEIGHT * stroke for stroke in parse_drawing(drawing)]
        for drawing in write_digits(DRAWINGS, seed=0)
    ]
    classifiers = {name: load(name, device="cpu") for name in available_models()}

    def predict(drawing: Strokes) -> None:
        image = images_of_strokes([drawing])
        for classifier in classifiers.values():
            classifier.predict_images(image)

    def show(drawing: Strokes) -> None:
        answer(classifiers, "cnn", drawing)

    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        images_of_strokes(drawings)
        rates.append(60 * DRAWINGS / (time.perf_counter() - started))
    rendering = results.Table("Rendering", ["drawings rendered a minute"], ["On one core."])
    rendering.add(f"{statistics.median(rates):,.0f}")
    table = results.Table("One drawing", ["from one drawing to", "median", "95th percentile"])
    for name, function in {"all predictions": predict, "everything on the page": show}.items():
        function(drawings[0])  # the first call prepares the kernels
        milliseconds = []
        for drawing in drawings[:TIMED]:
            started = time.perf_counter()
            function(drawing)
            milliseconds.append(1000 * (time.perf_counter() - started))
        slowest = statistics.quantiles(milliseconds, n=20)[-1]
        table.add(name, f"{statistics.median(milliseconds):.1f} ms", f"{slowest:.1f} ms")
    results.save(options.results, "drawing", "Speed on drawings", [rendering, table])


if __name__ == "__main__":
    main()
