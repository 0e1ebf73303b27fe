"""The tables of the model card."""

from collections.abc import Iterable

from digitnet.metrics import ModelMetrics

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
    "adversarial_size": "by steps of up to {} of full ink",
}
ATTACKS = (0.05, 0.1, 0.2)  # sizes of adversarial perturbations, full ink being 1
ROTATION = 30.0  # degrees clockwise

# What a table has a row for: recipe, model, and what was measured on it.
Entry = tuple[str, str, ModelMetrics]
Row = dict[str, str]


def figures(entries: Iterable[Entry]) -> str:
    """The measurements, and the number of parameters."""
    rows = []
    for recipe, model, entry in entries:
        row = {"recipe": recipe, "model": model, "parameters": f"{entry.parameters:,}"}
        row["accuracy"] = f"{entry.test_accuracy:.2%}"
        for key, _, name in FIGURES[1:]:
            value = getattr(entry, key)
            row[name] = "" if value is None else f"{value:.4f}"
        for field, name in DRAWINGS.items():
            drawings = getattr(entry, field)
            row[name] = f"{drawings.accuracy:.2%}" if drawings else ""
        rows.append(row)
    return _table(rows)


def training(entries: Iterable[Entry]) -> str:
    """The hyperparameters, and where and how long it was trained."""
    rows = []
    for recipe, model, entry in entries:
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
        rows.append(row)
    return _table(rows)


def constants(entries: Iterable[Entry], files: Iterable[str]) -> str:
    """What is needed to use the weights files, which have the names `files`."""
    return _table(
        {
            "recipe": recipe,
            "model": model,
            "file": f"`{file}`",
            "temperature": f"{entry.temperature:.6g}",
            "threshold": f"{entry.threshold:.6g}",
        }
        for (recipe, model, entry), file in zip(entries, files, strict=True)
    )


def robustness(entries: Iterable[Entry]) -> str:
    """Accuracy under attack and rotation, and perturbations that mislead; "" if not measured."""
    rows = []
    for recipe, model, entry in entries:
        if (measured := entry.robustness) is None:
            continue
        row = {"recipe": recipe, "model": model}
        attack = {point.value: point.accuracy for point in measured.attack}
        for size in ATTACKS:
            row[f"changed by {size:g}"] = f"{attack[size]:.1%}" if size in attack else ""
        rotated = {point.value: point.accuracy for point in measured.curves.get("rotate", [])}
        row[f"rotated by {ROTATION:g}°"] = f"{rotated[ROTATION]:.1%}" if ROTATION in rotated else ""
        smallest = measured.nudges.get("linf")
        row["smallest misleading change"] = f"{smallest.mean:.3f}" if smallest else ""
        rows.append(row)
    return _table(rows) if rows else ""


def refusals(entries: Iterable[Entry]) -> str:
    """Which shares of drawings are refused as no digit; "" if not measured."""
    rows = [
        {"recipe": recipe, "model": model}
        | {kind: f"{share:.1%}" for kind, share in entry.refused.items()}
        for recipe, model, entry in entries
        if entry.refused
    ]
    return _table(rows) if rows else ""


def _table(rows: Iterable[Row]) -> str:
    """A Markdown table of rows with the same keys; empty columns are left out."""
    rows = list(rows)
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
