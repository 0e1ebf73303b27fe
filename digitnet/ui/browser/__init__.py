"""The networks in the browser: they answer while the pen is down, without the server.

JavaScript modules without dependencies: reading safetensors files, rendering drawings, running the
layers, and predicting. Python is the reference; tests/browser/test_parity.py compares both.
"""

from typing import Any

from torch import nn

from digitnet.classifier import Classifier


def describe(classifier: Classifier) -> dict[str, Any]:
    """What the browser needs of a classifier beside its weights.

    Returns
    -------
    ``layers``, as `network.js` takes them, ``temperature`` and ``threshold``

    Raises
    ------
    ValueError : if the network has a layer that the browser does not know.
    """
    return {
        "layers": [_layer(layer) for layer in classifier.network.layers],
        "temperature": classifier.metadata.temperature,
        "threshold": classifier.metadata.threshold,
    }


def _layer(layer: nn.Module) -> dict[str, Any]:
    match layer:
        case nn.Flatten():
            return {"kind": "flatten"}
        case nn.Linear():
            return {"kind": "linear"}
        case nn.ReLU():
            return {"kind": "relu"}
        case nn.Conv2d(stride=(1, 1), dilation=(1, 1), groups=1, padding=(rows, columns)):
            if rows == columns:
                return {"kind": "conv", "padding": rows}
        case nn.MaxPool2d(kernel_size=int(size), padding=0, dilation=1):
            if layer.stride == size:
                return {"kind": "pool", "size": size}
    raise ValueError(f"The browser does not run the layer {layer}.")
