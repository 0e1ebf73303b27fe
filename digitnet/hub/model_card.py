"""The model card: what the weights are and what was measured on them, for people and the Hub."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from digitnet.hub import card_tables, snippets
from digitnet.hub.card_tables import DRAWINGS, FIGURES, Entry
from digitnet.metrics import ModelMetrics, read_metrics_by_recipe
from digitnet.models import MODELS
from digitnet.weights import SINGLE_FILE, WeightsError, write_atomically

CARD_FILE = "README.md"  # the name that the Hub looks for
TEMPLATE = Template(Path(__file__).with_suffix(".md").read_text(encoding="utf-8"))

ABOUT_DRAWINGS = """

There are two sets of people's drawings: {}. Choices were made with the development drawings, so
their figures may be optimistic. The test drawings are by other people, and nothing was chosen with
them."""

ABOUT_REFUSALS = """
A model with a threshold above 0 refuses what does not look like a digit. The shares that it refuses
of digits, wrongly (development drawings and MNIST's test images, each counting half), and of 2,000
scribbles, shapes and letters each:

{}
"""

ABOUT_ROBUSTNESS = """
Small changes of an image mislead the models. First, the accuracy on MNIST's first 1,000 test images
where each pixel is changed by at most 0.05, 0.1 or 0.2 of full ink, so as to mislead (20 steps of
projected gradient descent; refusals are ignored), and where they are rotated clockwise (refusals
are wrong). Last, the smallest such change found that turns the answer into the next digit, mean of
the first 100:

{}
"""


def model_card(folder: str | Path, repo_id: str | None = None) -> ModelCard:
    """The card of all recipes in `folder`, made from their metrics.json only.

    Parameters
    ----------
    folder : holds ``<recipe>/metrics.json``
    repo_id : the repository that the card's snippets load from; None is the project's own weights

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
    recipe, model, _ = entries[-1]
    load = (
        f'Classifier.from_pretrained("{repo_id}", model="{model}", recipe="{recipe}")'
        if repo_id
        else f'load("{model}", recipe="{recipe}")'
    )
    files = [f"{recipe}/{model}.safetensors" for recipe, model, _ in entries]
    return _card(entries, files, load, repo_id)


def single_model_card(entry: Entry, repo_id: str | None = None) -> ModelCard:
    """The card of a repository with one model alone; without `repo_id`, of the current folder."""
    load = f'Classifier.from_pretrained("{repo_id or "."}")'
    return _card([entry], [SINGLE_FILE], load, repo_id)


def write_model_card(folder: str | Path) -> None:
    """Write the card into `folder`, atomically."""
    write_atomically(Path(folder) / CARD_FILE, str(model_card(folder)).encode())


def _card(
    entries: Sequence[Entry], files: Sequence[str], load: str, repo_id: str | None
) -> ModelCard:
    """The card of models whose weights are in `files`, and that the expression `load` loads."""
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
    models = {model for _, model, _ in entries}
    _, model, entry = entries[-1]
    refusals, robustness = card_tables.refusals(entries), card_tables.robustness(entries)
    text = TEMPLATE.substitute(
        models="\n".join(
            f"- `{name}`: {_summary(network)}" for name, network in MODELS.items() if name in models
        ),
        snippet=snippets.with_package(load),
        place="" if repo_id else ", in the folder of this card",
        plain_snippet=snippets.with_torch(model, entry, files[-1], repo_id),
        constants=card_tables.constants(entries, files),
        drawings=ABOUT_DRAWINGS.format("; ".join(sets)) if sets else "",
        figures=card_tables.figures(entries),
        refusals=ABOUT_REFUSALS.format(refusals) if refusals else "",
        robustness=ABOUT_ROBUSTNESS.format(robustness) if robustness else "",
        training=card_tables.training(entries),
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}")


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
