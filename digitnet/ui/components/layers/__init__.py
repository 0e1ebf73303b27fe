"""The layers of each network, with output shapes and numbers of parameters."""

from typing import Any

from digitnet.classifier import Classifier
from digitnet.models import parameter_count, summarise


def layers(classifiers: dict[str, Classifier]) -> list[dict[str, Any]]:
    """The template's data, one entry per network."""
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
