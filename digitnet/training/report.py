"""What a training run leaves behind: weights, what was measured on them, a chart, a model card."""

import io
from pathlib import Path
from typing import Any

from filelock import FileLock

from digitnet.hub.model_card import write_model_card
from digitnet.models import Network, available_models
from digitnet.weights import (
    CHART_FILE,
    Metadata,
    read_metrics,
    save_weights,
    write_atomically,
    write_metrics,
)

LOCK_FILE = ".lock"  # the system gives it free when its holder ends, however that happens


def check_writable(folder: Path) -> None:
    """Fail before training, not after it, where `folder` cannot be written; OSError if so."""
    probe = folder / ".writable"
    try:
        write_atomically(probe, b"")
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"{folder} cannot be written ({error.strerror}); choose a folder that can "
            "with --output."
        ) from None


def save(network: Network, name: str, recipe: str, entry: dict[str, Any], folder: Path) -> None:
    """Write a model's weights, and bring metrics, chart and card up to date.

    Of two trainings that save into the same folder, one waits, so that neither loses the other's.

    Parameters
    ----------
    network : what was trained: the model `name`, by the recipe `recipe`
    entry : what was measured on it, as it stands in metrics.json
    folder : of all recipes
    """
    fields = ("hidden_units", "test_accuracy", "temperature", "threshold", "shifted")
    metadata = Metadata(name, recipe, **{field: entry[field] for field in fields})
    of_recipe = folder / recipe
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK_FILE):
        save_weights(network, metadata, of_recipe / f"{name}.safetensors")
        models = (read_metrics(of_recipe) or {}).get("models", {}) | {name: entry}
        metrics = {"models": {key: models[key] for key in available_models() if key in models}}
        write_metrics(of_recipe, metrics)
        accuracies = {key: entry["test_accuracy"] for key, entry in metrics["models"].items()}
        write_atomically(of_recipe / CHART_FILE, bar_chart(accuracies, recipe))
        write_model_card(folder)


def print_table(recipe: str, entries: dict[str, dict[str, Any]]) -> None:
    """One line a model."""
    print(f"\n{recipe} recipe")
    print(f"{'model':<10} {'accuracy':>9} {'loss':>8} {'parameters':>11} {'seconds':>8}")
    for name, entry in entries.items():
        print(
            f"{name:<10} {entry['test_accuracy']:>9.2%} {entry['test_loss']:>8.4f} "
            f"{entry['parameters']:>11,} {entry['training_seconds']:>8.1f}"
        )


def bar_chart(accuracies: dict[str, float], recipe: str) -> bytes:
    """The models' test accuracies (0..1) as horizontal bars: a PNG file's content."""
    from matplotlib.figure import Figure  # a figure of its own needs no display

    figure = Figure(figsize=(7, 0.6 * len(accuracies) + 1.2), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(accuracies), [100 * value for value in accuracies.values()])
    axes.bar_label(bars, fmt="%.2f %%", padding=3)
    axes.set(xlim=(0, 112), xlabel="test accuracy, %", title=f"MNIST, {recipe} recipe")
    axes.spines[["top", "right"]].set_visible(False)
    axes.invert_yaxis()
    content = io.BytesIO()
    figure.savefig(content, dpi=150)
    return content.getvalue()
