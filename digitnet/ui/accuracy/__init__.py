"""The models' test accuracies as horizontal bars."""

from typing import Any

from digitnet.models import available_models
from digitnet.ui.component import Component


class Accuracy(Component):
    """Its value is what `bars` makes."""

    def __init__(self, **properties: Any):
        super().__init__(elem_id="accuracy", **properties)


def bars(metrics: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The template's data from metrics.json's content; an empty list where there is none."""
    entries = (metrics or {}).get("models", {})
    return [
        {
            "model": name,
            "percent": f"{100 * entries[name]['test_accuracy']:.2f}",
            "parameters": f"{entries[name]['parameters']:,}",
        }
        for name in available_models()
        if name in entries
    ]
