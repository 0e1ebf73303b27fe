"""The model card: what the weights are and what was measured on them, for people and the Hub."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from digitnet.metrics import ModelMetrics, read_metrics_by_recipe
from digitnet.models import MODELS
from digitnet.weights import WeightsError, write_atomically

CARD_FILE = "README.md"  # the name that the Hub looks for
# Measurements on MNIST's test images: field of `ModelMetrics`, the Hub's type, name in the card.
FIGURES = (
    ("test_accuracy", "accuracy", "accuracy"),
    ("test_loss", "loss", "cross-entropy (nats)"),
    ("calibration_error", "expected_calibration_error", "calibration error"),
)
# Measurements on people's drawings: field of `ModelMetrics`, name in the card.
DRAWINGS = {
    "test_drawings": "test drawings",
    "development_drawings": "development drawings",
}
# What a recipe may add to plain training: field of `Hyperparameters`, text in the card.
ADDITIONS = {
    "one_cycle": "a one-cycle learning rate",
    "ema_decay": "an exponential moving average of the weights (decay {})",
    "augmentation": "distorted images",
    "digits": "{:,} digits by a synthetic writer in each epoch",
    "non_digits": "{:,} drawings that are not digits in each epoch",
    "held_back": "{:,} images held back to calibrate on",
    "adversarial_share": "adversarial training on {:.0%} of the digits",
    "adversarial_size": "with perturbations of up to {} of full ink",
}

ABOUT_DRAWINGS = """

There are two sets of people's drawings: {}. The models were tuned on the development drawings. The
test drawings are by other people, and nothing was chosen by them."""

TEXT = """
# digitnet: small networks that recognise handwritten digits

The networks of the article "Deep Learning for Handwritten Digit Recognition: A PyTorch Approach",
trained from scratch by the project's `train.py`. They are small enough to be understood completely.
Each is in a safetensors file of its own:

{models}

## Use

With the project's code:

```python
{snippet}
```

A drawing is a list of strokes; a stroke is a list of (x, y) points, with y pointing down.
`predict` also takes PIL images, NumPy arrays and paths of image files.

## Figures

On the 10,000 test images of MNIST, measured by `train.py` after training.{drawings}

{figures}

## Training

On MNIST's 60,000 training images, with Adam and cross-entropy.

{training}

## Limits

For learning, teaching and experiments. Not for reading postal codes, cheques, forms, marks or
anything else where a wrong digit does harm: the models make mistakes, also with high confidence.
They recognise one digit at a time, as people in the USA wrote it around 1990 (MNIST's writers were
employees of the Census Bureau and high-school students); they know no letters and no other
numerals. A model that was trained without drawings that are not digits takes every drawing for a
digit.

## Credits and licence

The weights are under the MIT licence, as the code is. MNIST is by Yann LeCun, Corinna Cortes and
Christopher J.C. Burges, under
[CC BY-SA 3.0](https://creativecommons.org/licenses/by-sa/3.0/). The drawings that the models were
measured on are from the UCI Machine Learning Repository, under
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/): Pen-Based Recognition of Handwritten
Digits, by E. Alpaydin and F. Alimoglu (development drawings), and UJI Pen Characters (Version 2),
by D. Llorens and others (test drawings).
"""


def model_card(folder: str | Path, repo_id: str | None = None) -> ModelCard:
    """The card of all recipes in `folder`, made from their metrics.json only.

    Parameters
    ----------
    folder : holds ``<recipe>/metrics.json``
    repo_id : the repository that the card's snippet loads from; None is the project's own weights

    Raises
    ------
    WeightsError : if there are no metrics, or they are broken.
    """
    entries = [
        (recipe, model, entry)
        for recipe, metrics in read_metrics_by_recipe(folder).items()
        for model, entry in metrics.models.items()
    ]
    if not entries:
        raise WeightsError(f"{folder} holds no metrics.json; run python train.py to make them.")
    first_recipe = entries[0][0]
    largest_model = [model for recipe, model, _ in entries if recipe == first_recipe][-1]
    data = ModelCardData(
        license="mit",
        library_name="digitnet",
        pipeline_tag="image-classification",
        tags=["mnist", "handwritten-digits", "pytorch", "safetensors"],
        datasets=["ylecun/mnist"],
        metrics=["accuracy"],
        model_name="digitnet",
        eval_results=[result for entry in entries for result in _results(*entry)],
    )
    described = {
        (name, f"{drawings.count:,} of {drawings.name}")
        for field, name in DRAWINGS.items()
        for _, _, entry in entries
        if (drawings := getattr(entry, field))
    }
    sets = [f"{name}, {what}" for name, what in sorted(described, reverse=True)]
    text = TEXT.format(
        models="\n".join(f"- `{name}`: {_summary(network)}" for name, network in MODELS.items()),
        snippet=_snippet(first_recipe, largest_model, repo_id),
        drawings=ABOUT_DRAWINGS.format("; ".join(sets)) if sets else "",
        figures=_table(_figures(*entry) for entry in entries),
        training=_table(_training(*entry) for entry in entries),
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n{text}")


def write_model_card(folder: str | Path) -> None:
    """Write the card into `folder`, atomically."""
    write_atomically(Path(folder) / CARD_FILE, str(model_card(folder)).encode())


def _summary(network: type) -> str:
    """The first line of the docstring."""
    return (inspect.getdoc(network) or "").split("\n")[0]


def _results(recipe: str, model: str, entry: ModelMetrics) -> list[EvalResult]:
    """The measurements of one model, for the Hub's model index."""

    def result(dataset: dict[str, Any], metric: str, value: float, name: str) -> EvalResult:
        return EvalResult(
            task_type="image-classification",
            task_name="Image classification",
            metric_type=metric,
            metric_value=value,
            metric_name=f"{model}, {recipe} recipe: {name}",
            **dataset,
        )

    mnist = {"dataset_type": "ylecun/mnist", "dataset_name": "MNIST", "dataset_split": "test"}
    results = [
        result(mnist, metric, value, name)
        for key, metric, name in FIGURES
        if (value := getattr(entry, key)) is not None
    ]
    for field in DRAWINGS:
        if drawings := getattr(entry, field):
            people = {"dataset_type": field, "dataset_name": drawings.name}
            results.append(result(people, "accuracy", drawings.accuracy, "accuracy"))
    return results


def _snippet(recipe: str, model: str, repo_id: str | None) -> str:
    source = f', source="{repo_id}"' if repo_id else ""
    return (
        "import digitnet\n\n"
        f'classifier = digitnet.load("{model}", recipe="{recipe}"{source})\n'
        "print(classifier.predict([[(0, 0), (10, 0), (4, 20)]]))  # one stroke: a 7"
    )


def _figures(recipe: str, model: str, entry: ModelMetrics) -> dict[str, str]:
    """A row of the table of measurements."""
    row = {"recipe": recipe, "model": model, "parameters": f"{entry.parameters:,}"}
    row["accuracy"] = f"{entry.test_accuracy:.2%}"
    for key, _, name in FIGURES[1:]:
        value = getattr(entry, key)
        row[name] = "" if value is None else f"{value:.4f}"
    for field, name in DRAWINGS.items():
        drawings = getattr(entry, field)
        row[name] = f"{drawings.accuracy:.2%}" if drawings else ""
    return row


def _training(recipe: str, model: str, entry: ModelMetrics) -> dict[str, str]:
    """A row of the table of hyperparameters."""
    values = entry.recipe
    row = {"recipe": recipe, "model": model}
    for key in ("epochs", "batch_size", "learning_rate"):
        row[key.replace("_", " ")] = str(values.get(key, ""))
    row["and"] = ", ".join(
        words.format(values[key]) for key, words in ADDITIONS.items() if values.get(key)
    )
    for key in ("seed", "training_seconds", "device"):
        value = getattr(entry, key)
        row[key.replace("_", " ")] = "" if value is None else str(value)
    row["torch"] = entry.versions.get("torch", "")
    return row


def _table(rows: Iterable[dict[str, str]]) -> str:
    """A Markdown table of rows with the same keys; empty columns are left out."""
    rows = list(rows)
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
