"""Whether a model that is taught the hand of one person reads more of that person's digits.

    python -m benchmarks.teaching [--models linear nonlinear cnn]

Each person of a set of drawings teaches one drawing of each digit, the first one; all the person's
other drawings judge the model before and after. The hyperparameters were chosen on every other
person of the development drawings. Of the test drawings, only totals are printed.
"""

import statistics
import time

import torch

from benchmarks import results
from benchmarks.drawing_sets import DEVELOPMENT, TEST, DrawingSet
from digitnet.classifier import Classifier, load
from digitnet.drawing import images_of_strokes
from digitnet.evaluation import compute_logits
from digitnet.mnist import load_mnist
from digitnet.models import available_models
from digitnet.training.teaching import split, teach_strokes


def wrong(classifier: Classifier, images: torch.Tensor, labels: torch.Tensor) -> int:
    """How many images get another label; uint8 or float32 images ``[N, 28, 28]``."""
    said = compute_logits(classifier.network, images.to(classifier.device)).argmax(1).cpu()
    return int((said != labels).sum())


def measure(model: str, drawings: DrawingSet) -> list[str]:
    """The row of one model and set."""
    classifier = load(model)
    test_images, test_labels = load_mnist(train=False)
    errors = {"before": 0, "after": 0}
    count = worse = 0
    falls, seconds = [], []
    tested = wrong(classifier, test_images, test_labels)
    for person, labels in drawings.by_writer().values():
        taught, others = split(labels)
        started = time.perf_counter()
        new = teach_strokes(classifier, [person[i] for i in taught], [labels[i] for i in taught])
        seconds.append(time.perf_counter() - started)
        images = torch.from_numpy(images_of_strokes([person[i] for i in others]))
        truth = torch.tensor([labels[i] for i in others])
        before, after = (wrong(one, images, truth) for one in (classifier, new))
        errors["before"] += before
        errors["after"] += after
        count += len(others)
        # More than by chance: by two standard deviations of the difference of two counts.
        worse += after - before > 2 * (before + after) ** 0.5
        falls.append(100 * (wrong(new, test_images, test_labels) - tested) / len(test_labels))
    fewer = 100 * (1 - errors["after"] / errors["before"])
    return [
        *(model, drawings.label, f"{errors['before']:,}", f"{errors['after']:,}", f"{count:,}"),
        *(f"{fewer:.0f} %", str(worse), f"{statistics.mean(falls):.2f}", f"{max(falls):.2f}"),
        f"{statistics.median(seconds):.1f} s",
    ]


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--models", nargs="+", default=list(available_models()))
    options = parser.parse_args()
    table = results.Table(
        "",
        [
            *("model", "drawings", "errors before", "errors after", "of", "fewer", "people worse"),
            *("MNIST falls by, mean", "MNIST falls by, most", "time, median"),
        ],
        [
            'Recipe `drawings`; each person teaches ten drawings, one of each digit. "People '
            'worse" have more errors after than before by over two standard deviations. The fall '
            "on MNIST's test images is in points. How to teach was chosen by the errors of every "
            "other person of the development drawings."
        ],
    )
    for model in options.models:
        for drawings in (DEVELOPMENT, TEST):
            table.add(*measure(model, drawings))
    results.save(options.results, "teaching", "Teaching a hand", [table])


if __name__ == "__main__":
    main()
