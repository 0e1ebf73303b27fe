"""The results of a training run: weights, metrics, a bar chart and a model card."""

import io
from pathlib import Path

from filelock import FileLock

from digitnet.hub.model_card import write_model_card
from digitnet.metrics import CHART_FILE, Metrics, ModelMetrics, read_metrics, write_metrics
from digitnet.models import Network
from digitnet.weights import Metadata, save_weights, write_atomically

LOCK_FILE = ".lock"  # released by the system when its process ends, however that happens


def check_writable(folder: Path) -> None:
    """Raise an OSError if `folder` cannot be written, so that this is known before training."""
    probe = folder / ".writable"
    try:
        write_atomically(probe, b"")
        probe.unlink()
    except OSError as error:
        raise OSError(
            f"{folder} cannot be written ({error.strerror}); choose another one with --output."
        ) from None


def save(network: Network, name: str, recipe: str, metrics: ModelMetrics, folder: Path) -> None:
    """Save the weights of a model, and update metrics, chart and model card.

    A lock keeps two processes that save into the same folder from overwriting each other's results.

    Parameters
    ----------
    network : trained
    name, recipe : of the model
    metrics : measured on the model
    folder : with a subfolder for each recipe
    """
    metadata = Metadata(
        model=name,
        recipe=recipe,
        hidden_units=network.hidden_units,
        test_accuracy=metrics.test_accuracy,
        temperature=metrics.temperature,
        threshold=metrics.threshold,
    )
    of_recipe = folder / recipe
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / LOCK_FILE):
        save_weights(network, metadata, of_recipe / f"{name}.safetensors")
        models = Metrics(models=read_metrics(of_recipe).models | {name: metrics})
        write_metrics(of_recipe, models)
        accuracies = {key: entry.test_accuracy for key, entry in models.models.items()}
        write_atomically(of_recipe / CHART_FILE, bar_chart(accuracies, recipe))
        write_model_card(folder)


def print_table(recipe: str, entries: dict[str, ModelMetrics]) -> None:
    """Print a table with a line for each model."""
    print(f"\n{recipe} recipe")
    print(f"{'model':<10} {'accuracy':>9} {'loss':>8} {'parameters':>11} {'seconds':>8}")
    for name, entry in entries.items():
        print(
            f"{name:<10} {entry.test_accuracy:>9.2%} {entry.test_loss:>8.4f} "
            f"{entry.parameters:>11,} {entry.training_seconds:>8.1f}"
        )


def bar_chart(accuracies: dict[str, float], recipe: str) -> bytes:
    """A chart of the models' test accuracies (0..1), as the content of a PNG file."""
    from matplotlib.figure import Figure  # unlike pyplot, it does not need a display

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
