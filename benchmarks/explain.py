"""How long a visitor waits for an explanation, and how good it is, on one core.

    python -m benchmarks.explain [--drawings 60]

Measures, for every model and recipe, milliseconds from a drawing to everything that the Why tab
shows, pictures included: for the answer, and for every other digit ("why not 7?"). Also: by how
much the attributions miss the logit, at most, relative to the logit's change from a blank image;
how far a CNN's attributions are from those of many more integration steps, relative to their sum;
and how often a counterfactual of moderate size was found. The drawings are the synthetic writer's.

Then deletion and insertion curves (Petsiuk et al., "RISE", 2018) of the development drawings: the
probability of the predicted digit while ink is erased, or put on a blank image, the most important
first. The area under the curve, over the share of ink, is small for deletion and large for
insertion if what the explanation calls important is important to the model.
"""

import statistics
import time

import numpy as np
import torch

from benchmarks import results
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.classifier import Classifier, available_recipes, load
from digitnet.drawing import Strokes, images_of_strokes, parse_drawing
from digitnet.explain.attribution import attributions
from digitnet.explain.integrated_gradients import SEGMENTS, integrated_gradients
from digitnet.explain.pieces import pieces_of_strokes
from digitnet.models import CLASSES, available_models
from digitnet.segmentation import segment_drawing
from digitnet.synthetic.writer import write_digits
from digitnet.ui.tabs.why import explanation

LIMIT_SEGMENTS = 256  # for what the maps approach
MAPS = 10  # drawings whose maps are compared with that
PIXEL_STEPS = 12  # in which all pixels are erased or put down, as many as there are pieces


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--drawings", type=int, default=60, help="how many (%(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    written = [parse_drawing(drawing) for drawing in write_digits(2 * options.drawings, seed=1)]
    # The page explains one digit; a few of the writer's come apart into two.
    drawings = [one for one in written if len(segment_drawing(one)) == 1][: options.drawings]
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
    curves = deletion_and_insertion(5 * options.drawings)
    results.save(options.results, "explain", "Explanations", [table, curves])


def deletion_and_insertion(count: int) -> results.Table:
    """The areas under the curves of the first `count` development drawings, for every model."""
    drawings = DEVELOPMENT.read()[0][:count]
    images = images_of_strokes(drawings)
    table = results.Table(
        "Deletion and insertion",
        ["recipe", "model"]
        + [
            f"{curve}: {what}"
            for curve in ("deletion", "insertion")
            for what in ("pixels", "pieces", "random pieces")
        ],
        [
            f"Mean area under the curve, {len(drawings)} {DEVELOPMENT.label}. Deletion: lower is "
            "better; insertion: higher is better."
        ],
    )
    rng = np.random.default_rng(0)
    for recipe in available_recipes():
        for model in available_models():
            classifier = load(model, recipe, device="cpu")
            areas = [
                areas_of(classifier, strokes, image, rng)
                for strokes, image in zip(drawings, images, strict=True)
            ]
            table.add(recipe, model, *(f"{area:.3f}" for area in np.mean(areas, axis=0)))
    return table


def areas_of(
    classifier: Classifier, strokes: Strokes, image: np.ndarray, rng: np.random.Generator
) -> list[float]:
    """The areas under the curves of deletion, then insertion: by pixels, pieces, random pieces."""
    digit = int(classifier.logits(torch.from_numpy(image)[None]).argmax())
    (attribution,) = attributions(classifier, image, [digit])
    pieces = pieces_of_strokes(strokes, image)
    by_piece = [pieces.owner == number for number in range(len(pieces.paths))]
    inked = np.argwhere(image > 0)
    ranked = inked[np.argsort(-attribution.contributions[tuple(inked.T)], kind="stable")]
    by_pixel = []
    for part in np.array_split(ranked, PIXEL_STEPS):
        mask = np.zeros(image.shape, bool)
        mask[tuple(part.T)] = True
        by_pixel.append(mask)
    important = np.argsort(-pieces.sums(attribution), kind="stable")
    orders = [
        by_pixel,
        [by_piece[number] for number in important],
        [by_piece[number] for number in rng.permutation(len(by_piece))],
    ]
    return [
        area_under(classifier, image, order, digit, inserts)
        for inserts in (False, True)
        for order in orders
    ]


def area_under(
    classifier: Classifier, image: np.ndarray, order: list[np.ndarray], digit: int, inserts: bool
) -> float:
    """The mean probability of `digit` over the share of ink, 0 to 1, that is erased or put down.

    `order` holds the pixels of each step, bool ``[28, 28]``.
    """
    put = np.concatenate([np.zeros((1, *image.shape), bool), np.logical_or.accumulate(order)])
    shown = np.where(put if inserts else ~put, image, 0).astype(np.float32)
    logits = classifier.logits(torch.from_numpy(shown)) / classifier.metadata.temperature
    probabilities = logits.softmax(1)[:, digit].numpy()
    shares = np.where(put, image, 0).sum(axis=(1, 2)) / image.sum()
    return float(np.trapezoid(probabilities, shares))


def waited(classifier: Classifier, drawing: Strokes, digit: int | None) -> tuple[float, bool]:
    """Milliseconds to the explanation, and whether something changed the answer."""
    name = classifier.metadata.model
    started = time.perf_counter()
    shown, _ = explanation({name: classifier}, name, drawing, digit)
    elapsed = 1000 * (time.perf_counter() - started)
    return elapsed, shown["counterfactual"]["found"]


def to_limit(classifier: Classifier, image: np.ndarray) -> float:
    """How far the shares in the answer lie from those of many segments, of the latter's sum."""
    seen = torch.from_numpy(image)[None]
    digits = [int(classifier.logits(seen).argmax())]
    few = integrated_gradients(classifier.network, seen, digits)
    many = integrated_gradients(classifier.network, seen, digits, LIMIT_SEGMENTS)
    return float((few - many).abs().sum() / many.abs().sum())


if __name__ == "__main__":
    main()
