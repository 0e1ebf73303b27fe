"""The networks as ONNX files, for ONNX Runtime, transformers.js and others."""

import json
from typing import Any

from torch import nn

from digitnet.hub.config import LABELS, OUTPUT, PREPROCESSING
from digitnet.models import CLASSES, IMAGE_SIZE, Network
from digitnet.weights import Metadata

OPSET = 17  # of the standard operators; ONNX Runtime has it since version 1.12
IR_VERSION = 8  # of the file format, of the same time
# Names that transformers.js gives and expects.
INPUT, LOGITS = "pixel_values", "logits"


def check_onnx() -> None:
    """Raise a ValueError if the package onnx is not installed."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise ValueError("The package onnx is missing; run pip install onnx.") from None


def to_onnx(network: Network, metadata: Metadata) -> bytes:
    """The content of an ONNX file with the network.

    Its input is ``pixel_values``, float32 ``[N, 1, 28, 28]`` in 0..1 as `digitnet.to_image` makes
    them, and its output ``logits``, float32 ``[N, 10]``. The metadata of the file describes the
    preprocessing, and has the temperature and threshold.

    Raises
    ------
    ValueError : if the package onnx is not installed, or the network has a layer of another kind
        than those of this package.
    """
    check_onnx()
    from onnx import TensorProto, checker, helper, numpy_helper

    # The graph is built layer by layer. torch.onnx.export would need onnxscript too, and its result
    # depends on the version of torch.
    nodes, value = [], INPUT
    for index, layer in enumerate(network.layers):
        is_last = index == len(network.layers) - 1
        result = LOGITS if is_last else f"value.{index}"
        kind, attributes = _operator(layer)
        tensors = [f"layers.{index}.{name}" for name, _ in layer.named_parameters()]
        nodes.append(helper.make_node(kind, [value, *tensors], [result], **attributes))
        value = result
    graph = helper.make_graph(
        nodes,
        f"{metadata.model}, recipe {metadata.recipe}",
        [
            helper.make_tensor_value_info(
                INPUT, TensorProto.FLOAT, ["batch", 1, IMAGE_SIZE, IMAGE_SIZE]
            )
        ],
        [helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", CLASSES])],
        [
            numpy_helper.from_array(tensor.detach().cpu().numpy(), name)
            for name, tensor in network.state_dict().items()
        ],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="digitnet",
    )
    described = {
        **metadata.to_strings(),
        "id2label": json.dumps(LABELS),
        "preprocessing": json.dumps(PREPROCESSING),
        "output": json.dumps(OUTPUT),
    }
    helper.set_model_props(model, described)
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _operator(layer: nn.Module) -> tuple[str, dict[str, Any]]:
    """The ONNX operator of a layer, and its attributes."""
    match layer:
        case nn.Flatten(start_dim=1, end_dim=-1):
            return "Flatten", {"axis": 1}
        case nn.Linear():
            return "Gemm", {"transB": 1}
        case nn.ReLU():
            return "Relu", {}
        case nn.Conv2d(padding=(int(rows), int(columns)), groups=1, dilation=(1, 1)):
            return "Conv", {"strides": layer.stride, "pads": [rows, columns, rows, columns]}
        case nn.MaxPool2d(kernel_size=int(size), padding=0, dilation=1, ceil_mode=False):
            return "MaxPool", {"kernel_shape": [size, size], "strides": [layer.stride] * 2}
    raise ValueError(f"The layer {layer} is of a kind that is not exported to ONNX.")
