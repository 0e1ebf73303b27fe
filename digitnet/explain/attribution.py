"""Why a model answers as it does: each pixel's share in a logit, and what the layers make of it.

All of it explains `Classifier.logits`. Where these are the mean over the image and its neighbours,
so are the shares, each moved back to the pixel that it came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from digitnet.classifier import Classifier
from digitnet.evaluation import NEIGHBOURS, neighbours_of
from digitnet.explain.integrated_gradients import integrated_gradients
from digitnet.models import IMAGE_SIZE, ConvNet, LinearNet, NonlinearNet


@dataclass(frozen=True, eq=False)
class Account:
    """What speaks for a digit, and what against it, adding up to its logit.

    Attributes
    ----------
    shares : float32 ``[28, 28]``, what each pixel's ink adds to the digit's logit
    blank : the digit's logit for an image without ink
    logit : its logit for this image: `blank` and the sum of the shares, but for rounding
    """

    shares: np.ndarray
    blank: float
    logit: float

    @property
    def total(self) -> float:
        """What the shares say that the logit is."""
        return self.blank + float(self.shares.sum(dtype=np.float64))

    @property
    def incompleteness(self) -> float:
        """How far `total` misses `logit`, as a share of the logit's change from `blank`."""
        change = abs(self.logit - self.blank)
        return abs(self.total - self.logit) / change if change else 0.0

    def __sub__(self, other: "Account") -> "Account":
        """What speaks for this digit rather than for `other`."""
        return Account(
            self.shares - other.shares, self.blank - other.blank, self.logit - other.logit
        )


@dataclass(frozen=True, eq=False)
class Hidden:
    """What the hidden units of a `NonlinearNet` make of an image.

    Attributes
    ----------
    weights : float32 ``[H, 28, 28]``, what each looks for
    entering : float32 ``[H]``, what they are given; the mean over the neighbours, where shifted
    firing : float32 ``[H]``, what they give on, 0 or more; likewise
    pushes : float32 ``[10, H]``, what each adds to each digit's logit
    bias : float32 ``[10]``, what is added to each logit besides
    """

    weights: np.ndarray
    entering: np.ndarray
    firing: np.ndarray
    pushes: np.ndarray
    bias: np.ndarray


def accounts(classifier: Classifier, image: np.ndarray, digits: Sequence[int]) -> list[Account]:
    """What speaks for and against each of `digits`, by integrated gradients from a blank image.

    For networks without hidden ReLUs this is the exact account: template times ink.

    Parameters
    ----------
    classifier : whose answer is explained
    image : float32 ``[28, 28]`` in 0..1
    digits : 0 to 9 each

    Raises
    ------
    ValueError : if `image` or `digits` is something else.
    """
    seen = _seen_by(classifier, image)
    if not all(type(digit) is int and 0 <= digit <= 9 for digit in digits):
        raise ValueError("A digit is a whole number from 0 to 9.")
    both = torch.from_numpy(np.stack([image, np.zeros_like(image)]))
    logits, blank = classifier.logits(both).tolist()
    shares = _moved_back(integrated_gradients(classifier.network, seen, digits))
    return [
        Account(one.cpu().numpy(), blank[digit], logits[digit])
        for digit, one in zip(digits, shares, strict=True)
    ]


@torch.no_grad()
def template(classifier: Classifier, digit: int) -> tuple[np.ndarray, float]:
    """What a `LinearNet` multiplies the image with for `digit`: float32 ``[28, 28]``; and the bias.

    Its two layers in one: the whole network is a 10x784 matrix of such rows, and ten biases.
    """
    first, second = _linear_layers(classifier, LinearNet)
    row = (second.weight[digit] @ first.weight).reshape(1, 1, IMAGE_SIZE, IMAGE_SIZE)
    bias = second.weight[digit] @ first.bias + second.bias[digit]
    if classifier.metadata.shifted:
        # Each neighbour's pixels meet the template's, moved the other way; the neighbours lie as
        # far on one side as on the other.
        row = neighbours_of(row[0]).mean(1)[None]
    return row[0, 0].cpu().numpy(), bias.item()


@torch.no_grad()
def hidden(classifier: Classifier, image: np.ndarray) -> Hidden:
    """The hidden units of a `NonlinearNet` that sees `image`, float32 ``[28, 28]`` in 0..1."""
    first, second = _linear_layers(classifier, NonlinearNet)
    entering = first(_seen_by(classifier, image).flatten(1))
    firing = entering.relu().mean(0)
    return Hidden(
        first.weight.unflatten(1, (IMAGE_SIZE, IMAGE_SIZE)).cpu().numpy(),
        entering.mean(0).cpu().numpy(),
        firing.cpu().numpy(),
        (second.weight * firing).cpu().numpy(),
        second.bias.cpu().numpy(),
    )


def grad_cam(classifier: Classifier, image: np.ndarray, digit: int) -> np.ndarray:
    """Where the last convolution of a `ConvNet` sees `digit`: float32 ``[28, 28]``, 0 or more.

    Grad-CAM (Selvaraju et al., 2017): the feature maps, each by the mean of the logit's gradient
    over it, summed, and what is below 0 left out. The mean over the neighbours, where shifted.
    """
    layers = _layers(classifier, ConvNet)
    last = max(i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)) + 2
    with torch.no_grad():
        maps = layers[:last](_seen_by(classifier, image)[:, None])
    maps.requires_grad_()
    with torch.enable_grad():
        logit = layers[last:](maps)[:, digit].sum()
        (gradient,) = torch.autograd.grad(logit, maps)
    with torch.no_grad():
        weighted = (gradient.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    # Each convolution added a pixel, half a one on each side.
    added = (weighted.shape[-1] - IMAGE_SIZE) // 2
    within = weighted[..., added : added + IMAGE_SIZE, added : added + IMAGE_SIZE]
    return _moved_back(within)[0].cpu().numpy()


@torch.no_grad()
def feature_maps(classifier: Classifier, image: np.ndarray) -> list[np.ndarray]:
    """What each convolution of a `ConvNet` makes of `image`, after its ReLU.

    float32 ``[C, H, W]`` each, 0 or more; of the image itself, not of its neighbours.
    """
    maps, value = [], _seen_by(classifier, image)[:1, None]
    for layer in _layers(classifier, ConvNet):
        value = layer(value)
        if isinstance(layer, nn.ReLU):
            maps.append(value[0].cpu().numpy())
    return maps


def _seen_by(classifier: Classifier, image: np.ndarray) -> torch.Tensor:
    """The images that the logits are the mean over: float32 ``[1 or 5, 28, 28]``, on the device."""
    if not isinstance(image, np.ndarray) or image.shape != (IMAGE_SIZE, IMAGE_SIZE):
        raise ValueError(f"An image is an array of {IMAGE_SIZE}x{IMAGE_SIZE} numbers in 0..1.")
    images = torch.from_numpy(image.astype(np.float32))[None].to(classifier.device)
    return neighbours_of(images)[0] if classifier.metadata.shifted else images


def _moved_back(maps: torch.Tensor) -> torch.Tensor:
    """The mean ``[..., 28, 28]`` of maps of an image and its neighbours, ``[1 or 5, ..., 28, 28]``.

    The maps of the neighbours are moved back to where the image has its pixels.
    """
    if len(maps) == 1:
        return maps[0]
    # The neighbour that lies as far on the other side moves them back.
    back = [NEIGHBOURS.index((2 - y, 2 - x)) for y, x in NEIGHBOURS]
    return neighbours_of(maps)[range(len(maps)), back].mean(0)


def _layers(classifier: Classifier, kind: type) -> nn.Sequential:
    if not isinstance(classifier.network, kind):
        given = type(classifier.network).__name__
        raise ValueError(f"This explains a {kind.__name__}, not a {given}.")
    return classifier.network.layers


def _linear_layers(classifier: Classifier, kind: type) -> tuple[nn.Linear, nn.Linear]:
    first, second = (layer for layer in _layers(classifier, kind) if isinstance(layer, nn.Linear))
    return first, second
