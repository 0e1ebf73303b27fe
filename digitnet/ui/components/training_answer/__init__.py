"""What a network makes of a drawing while it is trained: its prediction and its first layer."""

from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from digitnet.drawing import Strokes, images_of_strokes
from digitnet.evaluation import compute_logits
from digitnet.models import CLASSES, IMAGE_SIZE, Network
from digitnet.ui.components.base import picture_url, png_url
from digitnet.ui.components.maps import signed_map

BACKGROUND = 200  # grey between the pictures, 0..255
PICTURES_PER_ROW = 8


@torch.inference_mode()
def training_answer(network: Network, strokes: Strokes, temperature: float = 1.0) -> dict[str, Any]:
    """The template's data.

    Parameters
    ----------
    network : on any device
    strokes : as `digitnet.drawing.parse_drawing` returns them; without any, nothing is predicted
    temperature : that the logits are divided by; 1 while the network is not calibrated yet
    """
    image = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.float32)
    prediction: dict[str, Any] = {"predicted": "–", "bars": ["0"] * CLASSES}
    if strokes:
        image = images_of_strokes([strokes])[0]
        device = next(network.parameters()).device
        logits = compute_logits(network, torch.from_numpy(image[None]).to(device))[0].cpu()
        probabilities = (logits / temperature).softmax(0).tolist()
        digit = int(logits.argmax())
        prediction = {
            "predicted": str(digit),
            "probability": f"{100 * probabilities[digit]:.1f} %",
            "bars": [f"{100 * value:.1f}" for value in probabilities],
        }
    return {"image": png_url(image), **prediction, **_shown(first_layer(network, image))}


@torch.inference_mode()
def first_layer(network: Network, image: np.ndarray) -> np.ndarray:
    """The weights of the first layer as pictures, values in -1..1, ``[units, H, W]``.

    A unit of a linear layer is shown by its 28x28 weights. A unit of a convolution is shown by its
    kernel and, to the right of it, the layer's output for `image`, float32 ``[28, 28]`` in 0..1,
    before the ReLU: that picture is wider than high. Each is scaled by its own largest magnitude.
    """
    layer = next(layer for layer in network.layers if isinstance(layer, nn.Linear | nn.Conv2d))
    weight = layer.weight.cpu()
    if isinstance(layer, nn.Linear):
        return _scaled(weight.numpy().reshape(-1, IMAGE_SIZE, IMAGE_SIZE))
    kernels = weight[:, 0]
    responses = layer(torch.from_numpy(image)[None, None].to(layer.weight.device))[0].cpu()
    size = responses.shape[-1]
    rows = (torch.arange(size) * kernels.shape[-1]) // size
    enlarged = kernels[:, rows][:, :, rows]
    gap = np.full((len(kernels), size, 1), np.nan, np.float32)
    return np.concatenate([_scaled(enlarged.numpy()), gap, _scaled(responses.numpy())], axis=2)


def _scaled(values: np.ndarray) -> np.ndarray:
    """Each picture of ``[N, H, W]`` divided by its largest magnitude."""
    largest = np.abs(values).max(axis=(1, 2), keepdims=True)
    return values / np.maximum(largest, 1e-12)


def contact_sheet(pictures: np.ndarray) -> np.ndarray:
    """Pictures ``[units, H, W]``, -1..1, side by side in two colours, uint8 ``[H, W, 3]``.

    Where a value is nan, there is background.
    """
    count, height, width = pictures.shape
    columns = min(PICTURES_PER_ROW // 2 if _are_kernels(pictures) else PICTURES_PER_ROW, count)
    rows = -(-count // columns)
    whole = np.full((rows * (height + 2) - 2, columns * (width + 2) - 2, 3), BACKGROUND, np.uint8)
    for number, values in enumerate(pictures):
        picture = signed_map(np.nan_to_num(values), 1)
        picture[np.isnan(values)] = BACKGROUND
        top, left = number // columns * (height + 2), number % columns * (width + 2)
        whole[top : top + height, left : left + width] = picture
    return whole


def _are_kernels(pictures: np.ndarray) -> bool:
    """Whether pictures of `first_layer` show kernels and responses, side by side."""
    return pictures.shape[2] > pictures.shape[1]


def _shown(pictures: np.ndarray) -> dict[str, Any]:
    """The pictures and their caption."""
    whole = contact_sheet(pictures)
    units = f"{len(pictures)} hidden unit{'s' * (len(pictures) > 1)}"
    caption = (
        f"The weights of the first layer's {units}: ink in blue places activates a unit, ink in "
        "orange places inhibits it."
    )
    if _are_kernels(pictures):
        caption = (
            f"The kernels of the first layer's {units}, each with its output for a digit, before "
            "the ReLU: blue is above zero, orange below."
        )
    return {
        "pictures": picture_url(Image.fromarray(whole)),
        "width": whole.shape[1] * (4 if whole.shape[1] < 150 else 3),
        "caption": caption,
    }
