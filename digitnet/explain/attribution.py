"""Why a model answers as it does: what each pixel, and each part of the network, contributes.

Everything here explains the logits of `Classifier.logits`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from digitnet.classifier import Classifier
from digitnet.explain.integrated_gradients import integrated_gradients
from digitnet.models import CLASSES, IMAGE_SIZE, Network


@dataclass(frozen=True, eq=False)
class Attribution:
    """The contributions of pixels to the logit of one digit.

    Attributes
    ----------
    contributions : float32 ``[28, 28]``, in logits, what the ink of each pixel adds to the logit
    blank : the digit's logit for a blank image
    logit : the digit's logit for this image; `blank` plus the sum of the contributions, up to
        rounding
    """

    contributions: np.ndarray
    blank: float
    logit: float

    @property
    def total(self) -> float:
        """`blank` plus the sum of the contributions."""
        return self.blank + float(self.contributions.sum(dtype=np.float64))

    @property
    def completeness_error(self) -> float:
        """The difference of `total` and `logit`, relative to the change from `blank` to `logit`."""
        change = abs(self.logit - self.blank)
        return abs(self.total - self.logit) / change if change else 0.0

    def __sub__(self, other: "Attribution") -> "Attribution":
        """The contributions to the difference of two logits."""
        return Attribution(
            self.contributions - other.contributions,
            self.blank - other.blank,
            self.logit - other.logit,
        )


@dataclass(frozen=True, eq=False)
class HiddenUnits:
    """The hidden layer of a network with one hidden ReLU layer, for one image.

    Attributes
    ----------
    weights : float32 ``[H, 28, 28]``, of each unit
    pre_activations : float32 ``[H]``, before the ReLU
    activations : float32 ``[H]``, after the ReLU, 0 or more
    contributions : float32 ``[10, H]``, what each unit adds to the logit of each digit
    bias : float32 ``[10]``, of the output layer
    """

    weights: np.ndarray
    pre_activations: np.ndarray
    activations: np.ndarray
    contributions: np.ndarray
    bias: np.ndarray


def attributions(
    classifier: Classifier, image: np.ndarray, digits: Sequence[int]
) -> list[Attribution]:
    """The attribution of the logit of each of `digits`, by integrated gradients.

    The path leads from a blank image to `image`. For networks without hidden ReLUs, contributions
    are exactly the digit's template times the image.

    Parameters
    ----------
    classifier : to explain
    image : float32 ``[28, 28]`` in 0..1
    digits : whole numbers 0 to 9

    Raises
    ------
    ValueError : if `image` or `digits` is not as described.
    """
    batch = _batch(classifier, image)
    if not all(type(digit) is int and 0 <= digit < CLASSES for digit in digits):
        raise ValueError("A digit is a whole number from 0 to 9.")
    logits, blank = classifier.logits(torch.cat([batch, torch.zeros_like(batch)])).tolist()
    contributions = integrated_gradients(classifier.network, batch, digits)[0]
    return [
        Attribution(of_digit.cpu().numpy(), blank[digit], logits[digit])
        for digit, of_digit in zip(digits, contributions, strict=True)
    ]


@torch.no_grad()
def template(classifier: Classifier, digit: int) -> tuple[np.ndarray, float]:
    """The template and bias by which a linear network computes the logit of `digit`.

    The linear layers of such a network multiply to one 10x784 matrix. A row of it is a template.

    Returns
    -------
    template : float32 ``[28, 28]``
    bias : in logits

    Raises
    ------
    ValueError : if the network has layers that are not linear; see `is_linear`.
    """
    if not is_linear(classifier.network):
        raise ValueError("Only a network of linear layers has templates.")
    *others, last = _linear_layers(classifier.network)
    row, bias = last.weight[digit], last.bias[digit]
    for layer in reversed(others):
        row, bias = row @ layer.weight, row @ layer.bias + bias
    return row.unflatten(0, (IMAGE_SIZE, IMAGE_SIZE)).cpu().numpy(), bias.item()


@torch.no_grad()
def hidden_units(classifier: Classifier, image: np.ndarray) -> HiddenUnits:
    """The hidden units of a network with one hidden ReLU layer.

    Parameters
    ----------
    classifier : to explain
    image : float32 ``[28, 28]`` in 0..1

    Raises
    ------
    ValueError : if the network is another one; see `has_hidden_units`.
    """
    if not has_hidden_units(classifier.network):
        raise ValueError("Only a network with one hidden ReLU layer has such hidden units.")
    first, second = _linear_layers(classifier.network)
    pre_activations = first(_batch(classifier, image).flatten(1))[0]
    activations = pre_activations.relu()
    return HiddenUnits(
        first.weight.unflatten(1, (IMAGE_SIZE, IMAGE_SIZE)).cpu().numpy(),
        pre_activations.cpu().numpy(),
        activations.cpu().numpy(),
        (second.weight * activations).cpu().numpy(),
        second.bias.cpu().numpy(),
    )


def grad_cam(classifier: Classifier, image: np.ndarray, digit: int) -> np.ndarray:
    """Grad-CAM (Selvaraju et al., 2017) of the last convolution, after its ReLU, for `digit`.

    The feature maps are weighted by the mean gradient of the logit over each of them and summed;
    negative values are set to 0.

    Returns
    -------
    float32 ``[28, 28]``, 0 or more

    Raises
    ------
    ValueError : if the network has no convolution, or `image` is not float32 ``[28, 28]``.
    """
    layers = _convolutional_layers(classifier)
    end = max(i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)) + 1
    if isinstance(layers[end], nn.ReLU):
        end += 1
    with torch.no_grad():
        maps = layers[:end](_batch(classifier, image)[:, None])
    maps.requires_grad_()
    with torch.enable_grad():
        logit = layers[end:](maps)[:, digit].sum()
        (gradient,) = torch.autograd.grad(logit, maps)
    with torch.no_grad():
        weighted = (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    side = weighted.shape[-1]
    if side < IMAGE_SIZE:
        weighted = functional.interpolate(weighted, IMAGE_SIZE, mode="bilinear")
    else:  # padding added as many pixels on each side
        margin = (side - IMAGE_SIZE) // 2
        weighted = weighted[..., margin : margin + IMAGE_SIZE, margin : margin + IMAGE_SIZE]
    return weighted[0, 0].cpu().numpy()


@torch.no_grad()
def feature_maps(classifier: Classifier, image: np.ndarray) -> list[np.ndarray]:
    """The feature maps of each convolution after its ReLU.

    Returns
    -------
    float32 ``[C, H, W]`` for each ReLU before the linear layers, 0 or more

    Raises
    ------
    ValueError : if the network has no convolution, or `image` is not float32 ``[28, 28]``.
    """
    maps, value = [], _batch(classifier, image)[:, None]
    for layer in _convolutional_layers(classifier):
        value = layer(value)
        if isinstance(layer, nn.ReLU) and value.ndim == 4:
            maps.append(value[0].cpu().numpy())
    return maps


def is_linear(network: Network) -> bool:
    """Whether the network consists of linear layers only, as needed by `template`."""
    return all(isinstance(layer, nn.Flatten | nn.Linear) for layer in network.layers)


def has_hidden_units(network: Network) -> bool:
    """Whether the network has one hidden ReLU layer, as needed by `hidden_units`."""
    return [type(layer) for layer in network.layers] == [nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]


def _batch(classifier: Classifier, image: np.ndarray) -> torch.Tensor:
    """The image as float32 ``[1, 28, 28]``, on the device."""
    size = (IMAGE_SIZE, IMAGE_SIZE)
    if not isinstance(image, np.ndarray) or image.shape != size or image.dtype.kind != "f":
        raise ValueError(
            f"An image is an array of {IMAGE_SIZE}x{IMAGE_SIZE} floating-point numbers in 0..1."
        )
    return torch.from_numpy(image.astype(np.float32))[None].to(classifier.device)


def _linear_layers(network: Network) -> list[nn.Linear]:
    return [layer for layer in network.layers if isinstance(layer, nn.Linear)]


def _convolutional_layers(classifier: Classifier) -> nn.Sequential:
    if not classifier.network.has_convolutions:
        raise ValueError("Only a network with convolutions has feature maps.")
    return classifier.network.layers
