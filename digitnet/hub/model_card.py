"""The model card: what the weights are and what was measured on them, for people and the Hub."""

from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from digitnet.models import available_models
from digitnet.weights import WeightsError, read_metrics_by_recipe, write_atomically

CARD_FILE = "README.md"  # the name under which the Hub looks for it
# What metrics.json measured on MNIST's test images: its key, the Hub's type, and a name for people.
FIGURES = (
    ("test_accuracy", "accuracy", "accuracy"),
    ("test_loss", "loss", "cross-entropy (nats)"),
    ("calibration_error", "expected_calibration_error", "calibration error"),
)
# What it may say of people's drawings: its field, and what to call them.
DRAWINGS = {
    "test_drawings": "test drawings",
    "development_drawings": "development drawings",
}
# What a recipe may add to plain training: its field, and how to say it.
ADDITIONS = {
    "one_cycle": "a one-cycle learning rate",
    "averaging": "an average of the weights (decay {})",
    "augmented": "distorted images",
    "digits": "{:,} digits by a synthetic writer in each epoch",
    "non_digits": "{:,} drawings that are no digits in each epoch",
    "held_back": "{:,} images held back to calibrate on",
    "shifted": "answers that are the mean over small shifts of the image",
}

ABOUT_DRAWINGS = """

People's drawings are of two sets: {}. Choices were made by the development drawings, and none by
the test drawings, which are by other people."""

TEXT = """
# digitnet: three small networks that recognise handwritten digits

A linear network, the same with a ReLU, and a small convolutional one: the three networks of the
article "Deep Learning for Handwritten Digit Recognition: A PyTorch Approach", each a safetensors
file of its own, trained from scratch by the project's `train.py`. They are small enough to be
understood completely, and meant for that.

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
numerals. A model that was trained without drawings that are no digits takes every drawing for a
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
    """The card of all recipes in `folder`, made of nothing but their metrics.json.

    Parameters
    ----------
    folder : holds ``<recipe>/metrics.json``
    repo_id : the repository that the card's snippet loads from; the project's own weights if None

    Raises
    ------
    WeightsError : if there are no metrics, or broken ones.
    """
    entries = [
        (recipe, model, metrics["models"][model])
        for recipe, metrics in read_metrics_by_recipe(folder).items()
        for model in available_models()
        if model in metrics["models"]
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
    drawings = [
        f"{name}, {described}"
        for field, name in DRAWINGS.items()
        for described in sorted(
            {f"{e[field]['count']:,} of {e[field]['name']}" for _, _, e in entries if field in e}
        )
    ]
    text = TEXT.format(
        snippet=_snippet(first_recipe, largest_model, repo_id),
        drawings=ABOUT_DRAWINGS.format("; ".join(drawings)) if drawings else "",
        figures=_table(_figures(*entry) for entry in entries),
        training=_table(_training(*entry) for entry in entries),
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n{text}")


def write_model_card(folder: str | Path) -> None:
    """Write the card into `folder`, atomically."""
    write_atomically(Path(folder) / CARD_FILE, str(model_card(folder)).encode())


def _results(recipe: str, model: str, entry: dict[str, Any]) -> list[EvalResult]:
    """An entry's figures as the Hub's model index holds them."""

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
        result(mnist, metric, entry[key], name) for key, metric, name in FIGURES if key in entry
    ]
    for field in DRAWINGS:
        if drawings := entry.get(field):
            people = {"dataset_type": field, "dataset_name": drawings["name"]}
            results.append(result(people, "accuracy", drawings["accuracy"], "accuracy"))
    return results


def _snippet(recipe: str, model: str, repo_id: str | None) -> str:
    source = f', source="{repo_id}"' if repo_id else ""
    return (
        "import digitnet\n\n"
        f'classifier = digitnet.load("{model}", recipe="{recipe}"{source})\n'
        "print(classifier.predict([[(0, 0), (10, 0), (4, 20)]]))  # one stroke: a 7"
    )


def _figures(recipe: str, model: str, entry: dict[str, Any]) -> dict[str, str]:
    """A row of the card's first table."""
    row = {"recipe": recipe, "model": model, "parameters": f"{entry['parameters']:,}"}
    row["accuracy"] = f"{entry['test_accuracy']:.2%}"
    for key, _, name in FIGURES[1:]:
        row[name] = f"{entry[key]:.4f}" if key in entry else ""
    for field, name in DRAWINGS.items():
        row[name] = f"{entry[field]['accuracy']:.2%}" if field in entry else ""
    return row


def _training(recipe: str, model: str, entry: dict[str, Any]) -> dict[str, str]:
    """A row of the card's second table."""
    values = entry.get("recipe", {})
    row = {"recipe": recipe, "model": model}
    for key in ("epochs", "batch_size", "learning_rate"):
        row[key.replace("_", " ")] = str(values.get(key, ""))
    row["and"] = ", ".join(
        words.format(values[key]) for key, words in ADDITIONS.items() if values.get(key)
    )
    for key in ("seed", "training_seconds", "device"):
        row[key.replace("_", " ")] = str(entry.get(key, ""))
    row["torch"] = entry.get("versions", {}).get("torch", "")
    return row


def _table(rows: Any) -> str:
    """A Markdown table of rows that have the same keys, without columns that are empty."""
    rows = list(rows)
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
