"""Integrated gradients (Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017).

A pixel's share in a logit is its ink times the logit's gradient, averaged along the straight path
from a blank image to the whole one. Sums over points of the path converge badly here: a stroke's
pixels are all equally black, so that many units switch at the same point, and with 400 gradients
the shares still miss the logit by almost 1 %.

So the path is cut into segments, and on each the gradient is not taken at a point. Every unit gets
the mean slope that it has there, which is its change of output over its change of input (the
"rescale rule" of Shrikumar et al., "Learning Important Features Through Propagating Activation
Differences", 2017). With it the shares sum to the change of the logit on each segment, whatever its
length; for networks with one hidden layer they are the integral itself; and for others they
approach it as segments get shorter.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from digitnet.models import CLASSES, Network

# The CNNs' maps differ from those of many segments by 1 to 6 % in total (benchmarks/explain.py).
SEGMENTS = 12
CROWDING = 1.5  # segment ends are at (i / SEGMENTS)**CROWDING: most units switch near the blank end
CHUNK = 10  # images at once, about; more would leave the processor's cache

Backward = Callable[[torch.Tensor], torch.Tensor]


@torch.no_grad()
def integrated_gradients(
    network: Network, images: torch.Tensor, digits: Sequence[int], segments: int = SEGMENTS
) -> torch.Tensor:
    """How much each pixel adds to logits, on the path from a blank image.

    Parameters
    ----------
    network : made of convolutions, linear layers, ReLUs and max-pools that do not overlap
    images : float32 ``[N, 28, 28]`` in 0..1, on the network's device
    digits : whose logits
    segments : into which the path is cut

    Returns
    -------
    float32 ``[N, len(digits), 28, 28]``, in logits; the sum over an image is its logit minus that
    of a blank image, but for rounding.
    """
    ends = (torch.arange(segments + 1, device=images.device) / segments) ** CROWDING
    chosen = functional.one_hot(torch.tensor(digits, device=images.device), CLASSES).float()
    total = torch.zeros(len(images), len(digits), *images.shape[1:], device=images.device)
    at_once = max(1, CHUNK // max(1, len(images)))
    for start in range(0, segments, at_once):
        chunk = ends[start : start + at_once + 1]
        backwards = _mean_slopes(network, (chunk[:, None, None, None] * images)[:, :, None])
        for number, digit in enumerate(chosen):
            gradient = digit.expand((len(chunk) - 1) * len(images), -1)
            for backward in reversed(backwards):
                gradient = backward(gradient)
            by_segment = gradient[:, 0].unflatten(0, (-1, len(images)))
            total[:, number] += (by_segment * chunk.diff()[:, None, None, None]).sum(0)
    return total * images[:, None]


def _mean_slopes(network: Network, path: torch.Tensor) -> list[Backward]:
    """What takes a gradient back through each layer, with mean slopes on each segment of `path`.

    `path` is ``[S + 1, N, 1, 28, 28]``, the ends of S segments; a gradient is ``[S * N, ...]``.
    """
    count = path.shape[1]
    value = path.flatten(0, 1)
    backwards: list[Backward] = []
    for layer in _pooled_first(network.layers):
        entering = value
        if isinstance(layer, nn.MaxPool2d):
            value, index = functional.max_pool2d(
                entering, layer.kernel_size, layer.stride, layer.padding, return_indices=True
            )
            backwards.append(_pool_back(entering, value, index, count))
            continue
        value = layer(entering)
        if isinstance(layer, nn.Flatten):
            backwards.append(_reshape_back(entering.shape[1:]))
        elif isinstance(layer, nn.Linear):
            backwards.append(_linear_back(layer))
        elif isinstance(layer, nn.Conv2d):
            backwards.append(_convolve_back(layer))
        elif isinstance(layer, nn.ReLU):
            backwards.append(_relu_back(entering[:-count], entering[count:]))
        else:
            raise ValueError(f"There is no mean slope for a layer {layer}.")
    return backwards


def _pooled_first(layers: nn.Sequential) -> list[nn.Module]:
    """The layers, each max-pool before its ReLU: equal in value, on a quarter of the numbers."""
    ordered = list(layers)
    for index, (layer, following) in enumerate(pairwise(ordered)):
        if isinstance(layer, nn.ReLU) and isinstance(following, nn.MaxPool2d):
            ordered[index : index + 2] = [following, layer]
    return ordered


def _reshape_back(shape: torch.Size) -> Backward:
    return lambda gradient: gradient.unflatten(1, shape)


def _linear_back(layer: nn.Linear) -> Backward:
    return lambda gradient: gradient @ layer.weight


def _convolve_back(layer: nn.Conv2d) -> Backward:
    return lambda gradient: functional.conv_transpose2d(
        gradient,
        layer.weight,
        None,
        layer.stride,
        layer.padding,  # type: ignore[arg-type]
    )


def _relu_back(before: torch.Tensor, after: torch.Tensor) -> Backward:
    """The mean slope of a ReLU whose input goes from `before` to `after`."""
    change = after - before
    moves = change != 0
    rise = (after.relu() - before.relu()) / torch.where(moves, change, 1)
    slope = torch.where(moves, rise, (before > 0).float())
    return lambda gradient: gradient * slope


def _pool_back(
    entering: torch.Tensor, greatest: torch.Tensor, index: torch.Tensor, count: int
) -> Backward:
    """The mean slope of a max-pool whose input goes from `entering[:-count]` to `[count:]`.

    It gives `greatest`, which lies at `index` of the input's pixels.

    Where another pixel of a window becomes the greatest, the one that was greatest before counts
    up to the point where the other draws level, and the other from there.
    """
    greatest, index, flat = greatest.flatten(2), index.flatten(2), entering.flatten(2)
    first, second = index[:-count], index[count:]
    lead = greatest[:-count] - flat[:-count].gather(2, second)  # of the first, at the beginning
    lost = greatest[count:] - flat[count:].gather(2, first)  # by the first, at the end
    share = torch.where(lead + lost > 0, lead / (lead + lost).clamp_min(1e-30), 0.5)

    def backward(gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.flatten(2)
        back = torch.zeros_like(flat[count:])
        back.scatter_add_(2, first, gradient * share)
        back.scatter_add_(2, second, gradient * (1 - share))
        return back.unflatten(2, entering.shape[2:])

    return backward
