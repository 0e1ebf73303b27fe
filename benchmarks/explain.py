"""How long a visitor waits for an explanation, and how good it is, on one core.

    python -m benchmarks.explain [--drawings 60]

Measures, for every model and recipe, milliseconds from a drawing to everything that the Why tab
shows, pictures included: for the answer, and for every other digit ("why not 7?"). Also: by how
much the attributions miss the logit, at most, relative to the logit's change from a blank image;
how far a CNN's attributions are from those of many more integration steps, relative to their sum;
and how often a counterfactual of moderate size was found. The drawings are the synthetic writer's.
"""

import statistics
import time

import numpy as np
import torch

from benchmarks import results
from digitnet.classifier import Classifier, available_recipes, load
from digitnet.drawing import Strokes, images_of_strokes, parse_drawing
from digitnet.explain.attribution import attributions
from digitnet.explain.integrated_gradients import SEGMENTS, integrated_gradients
from digitnet.models import CLASSES, available_models
from digitnet.synthetic.writer import write_digits
from digitnet.ui.tabs.why import explanation

LIMIT_SEGMENTS = 256  # for what the maps approach
MAPS = 10  # drawings whose maps are compared with that


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--drawings", type=int, default=60, help="how many (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    drawings = [parse_drawing(drawing) for drawing in write_digits(options.drawings, seed=1)]
    images = images_of_strokes(drawings)

    table = results.Table(
        "",
        [
            *("recipe", "model", "why? median", "slowest", "why not? median", "slowest"),
            *("logit missed by", "distance to the limit", "counterfactual found"),
        ],
        [
            f"{len(drawings)} drawings, {SEGMENTS} integration steps. The attributions miss the "
            "logit by at most that share of its change from a blank image; the limit is "
            f"that of {LIMIT_SEGMENTS} steps."
        ],
    )
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
                account.completeness_error
                for image in images
                for account in attributions(classifier, image, range(CLASSES))
            )
            distance = statistics.fmean(to_limit(classifier, image) for image in images[:MAPS])
            flips = statistics.fmean(changed for _, changed in why)
            times = [
                f"{milliseconds:.0f} ms"
                for each in (why, why_not)
                for milliseconds in (statistics.median(t for t, _ in each), max(each)[0])
            ]
            shares = [f"{100 * missed:.4f} %", f"{100 * distance:.1f} %", f"{100 * flips:.0f} %"]
            table.add(recipe, model, *times, *shares)
    results.save(options.results, "explain", "Explanations", [table])


def waited(classifier: Classifier, drawing: Strokes, digit: int | None) -> tuple[float, bool]:
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
