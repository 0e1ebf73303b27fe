"""The networks in the browser: they answer while the pen is down, without the server.

JavaScript modules without dependencies: reading safetensors files, rendering drawings, running the
layers, and predicting. Python is the reference; tests/browser/test_parity.py compares both.
"""

import base64
import zlib
from pathlib import Path
from typing import Any

import gradio as gr
from torch import nn

from digitnet.classifier import Classifier
from digitnet.ui.resources import Resources
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import TrainedModel

FOLDER = Path(__file__).parent


def serve_engine(resources: Resources) -> dict[str, Any]:
    """Let browsers fetch the modules and the weights files.

    Returns
    -------
    ``modules``, the address of the modules' folder, and ``models``, by recipe and model: what
    `describe` returns, with ``weights``, the address of the file. Models that the browser cannot
    run are left out. Addresses are relative to the page's.
    """
    gr.set_static_paths(FOLDER)
    models: dict[str, dict[str, Any]] = {}
    for recipe, by_model in resources.classifiers.items():
        models[recipe] = {}
        for name, classifier in by_model.items():
            file = classifier.file
            if file is None:
                continue
            try:
                described = describe(classifier)
                content = zlib.crc32(file.read_bytes())  # so that a cached file is never an old one
            except (ValueError, OSError):
                continue
            gr.set_static_paths(file)
            models[recipe][name] = described | {"weights": f"{_address(file)}?{content:08x}"}
    return {"modules": _address(FOLDER), "models": models}


def describe_trained(trained: TrainedModel | None) -> dict[str, Any] | None:
    """What the browser needs of the model that the visitor trained, its weights included.

    None where there is no such model, or the browser cannot run it.
    """
    if trained is None:
        return None
    try:
        described = describe(trained.classifier)
    except ValueError:
        return None
    content = base64.b64encode(trained.to_file()).decode()
    weights = f"data:application/octet-stream;base64,{content}"
    return {"name": YOURS, **described, "weights": weights}


def _address(path: Path) -> str:
    return f"gradio_api/file={path.resolve().as_posix()}"


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
