"""The layers of each network: what each gives out, and how many values it learned."""

from typing import Any

from digitnet.classifier import Classifier
from digitnet.models import parameter_count, summarise


def layers(classifiers: dict[str, Classifier]) -> list[dict[str, Any]]:
    """The template's data, one entry a network."""
    return [
        {
            "model": name,
            "total": f"{parameter_count(classifier.network):,}",
            "layers": [
                {
                    "layer": summary.layer,
                    "shape": " × ".join(map(str, summary.output_shape)),
                    "parameters": f"{summary.parameters:,}" if summary.parameters else "",
                }
                for summary in summarise(classifier.network)
            ],
        }
        for name, classifier in classifiers.items()
    ]
