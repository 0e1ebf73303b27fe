"""The config.json of a repository: all that is needed to use its weights without this package."""

import json
from collections.abc import Mapping
from typing import Any

from digitnet.models import CLASSES, IMAGE_SIZE, Network, summarise
from digitnet.rendering import BOX_SIZE, CENTRE, EDGE_WIDTH, STROKE_WIDTH
from digitnet.sources import LIBRARY
from digitnet.weights import FORMAT_VERSION, Metadata

# Lengths are in pixels of the image, positions in pixels from its top left corner.
PREPROCESSING = {
    "height": IMAGE_SIZE,
    "width": IMAGE_SIZE,
    "channels": 1,
    "paper": 0.0,
    "full_ink": 1.0,
    "longest_side_of_ink": BOX_SIZE,
    "centre_of_mass": [CENTRE, CENTRE],
    "stroke_width": STROKE_WIDTH,
    "stroke_edge_width": EDGE_WIDTH,
    "description": (
        f"The longest side of the ink is fitted into {BOX_SIZE} pixels, keeping the aspect ratio; "
        "then the image is shifted by whole pixels until the ink's centre of mass is nearest to "
        f"({CENTRE}, {CENTRE}). Ink is bright on black, and values are 0 to 1 (a uint8 image of "
        "MNIST divided by 255), without any other normalisation. Strokes of a pen are drawn "
        f"{STROKE_WIDTH} pixels wide, with edges that fade over {EDGE_WIDTH} pixels."
    ),
}
OUTPUT = {
    "logits": "One for each digit, 0 to 9.",
    "probabilities": "softmax(logits / temperature)",
    "is_digit": "sigmoid(logsumexp(logits)) >= threshold; a threshold of 0 accepts everything",
}
LABELS = {str(digit): str(digit) for digit in range(CLASSES)}


def config(models: Mapping[str, tuple[Network, Metadata]]) -> bytes:
    """The content of a config.json.

    Parameters
    ----------
    models : the networks, and the metadata of their weights files, by the files' names in the
        repository
    """
    content = {
        "library_name": LIBRARY,
        "model_type": LIBRARY,
        "format_version": FORMAT_VERSION,
        "id2label": LABELS,
        "preprocessing": PREPROCESSING,
        "output": OUTPUT,
        "models": [
            describe(network, metadata) | {"file": file}
            for file, (network, metadata) in models.items()
        ],
    }
    return json.dumps(content, indent=2).encode() + b"\n"


def describe(network: Network, metadata: Metadata) -> dict[str, Any]:
    """One model: how it was trained, its layers as PyTorch prints them, and its constants.

    A layer has the name by which its tensors in the weights file begin, and the shape of its output
    for one image.
    """
    return {
        "model": metadata.model,
        "recipe": metadata.recipe,
        "hidden_units": metadata.hidden_units,
        "layers": [
            {"name": f"layers.{index}", "layer": layer.layer, "output_shape": layer.output_shape}
            for index, layer in enumerate(summarise(network))
        ],
        "temperature": metadata.temperature,
        "threshold": metadata.threshold,
        "test_accuracy": metadata.test_accuracy,
    }
