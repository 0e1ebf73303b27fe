"""Integrated gradients (Sundararajan et al., "Axiomatic Attribution for Deep Networks", 2017).

The contribution of a pixel to a logit is its ink times the gradient of the logit, averaged along
the straight path from a blank image to the image. Sums over points of the path converge slowly
here: the pixels of a stroke are all equally bright, so many units switch at the same point, and
with 400 gradients the contributions still miss the logit by almost 1 %.

Therefore the path is divided into segments. On each segment, every unit has its mean slope in place
of the gradient at a point: its change of output divided by its change of input (the "rescale rule"
of Shrikumar et al., "Learning Important Features Through Propagating Activation Differences",
2017). The contributions then sum to the change of the logit on each segment, however long it is.
For networks with one hidden layer they equal the integral; for others they approach it as the
segments get shorter.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from digitnet.models import CLASSES, Network

# For CNNs, contributions differ by 1 to 6 % in total from those of many segments; see
# benchmarks/explain.py.
SEGMENTS = 12
CROWDING = 1.5  # segments end at (i / SEGMENTS)**CROWDING, as most units switch near the blank end
CHUNK = 10  # images in one pass, about; more would not fit into the processor's cache

Backward = Callable[[torch.Tensor], torch.Tensor]


@torch.no_grad()
def integrated_gradients(
    network: Network, images: torch.Tensor, digits: Sequence[int], segments: int = SEGMENTS
) -> torch.Tensor:
    """The contribution of each pixel to the logits of `digits`.

    Parameters
    ----------
    network : of convolutions, linear layers, ReLUs and max-pools that do not overlap
    images : float32 ``[N, 28, 28]`` in 0..1, on the network's device
    digits : 0 to 9
    segments : number of segments of the path

    Returns
    -------
    float32 ``[N, len(digits), 28, 28]``, in logits. The sum over an image is its logit minus the
    logit of a blank image, up to rounding.

    Raises
    ------
    ValueError : if the network has another kind of layer.
    """
    ends = (torch.arange(segments + 1, device=images.device) / segments) ** CROWDING
    chosen = functional.one_hot(torch.tensor(digits, device=images.device), CLASSES).float()
    total = torch.zeros(len(images), len(digits), *images.shape[1:], device=images.device)
    step = max(1, CHUNK // max(1, len(images)))
    for start in range(0, segments, step):
        chunk = ends[start : start + step + 1]
        backwards = _mean_slopes(network, (chunk[:, None, None, None] * images)[:, :, None])
        for number, digit in enumerate(chosen):
            gradient = digit.expand((len(chunk) - 1) * len(images), -1)
            for backward in reversed(backwards):
                gradient = backward(gradient)
            by_segment = gradient[:, 0].unflatten(0, (-1, len(images)))
            total[:, number] += (by_segment * chunk.diff()[:, None, None, None]).sum(0)
    return total * images[:, None]


def _mean_slopes(network: Network, path: torch.Tensor) -> list[Backward]:
    """A function for each layer that propagates gradients ``[S * N, ...]`` back through it.

    The slopes are means over each of the S segments of `path` ``[S + 1, N, 1, 28, 28]``.
    """
    count = path.shape[1]
    value = path.flatten(0, 1)
    backwards: list[Backward] = []
    for layer in _pooled_first(network.layers):
        previous = value
        if isinstance(layer, nn.MaxPool2d):
            value, index = functional.max_pool2d(
                previous, layer.kernel_size, layer.stride, layer.padding, return_indices=True
            )
            backwards.append(_pool_back(previous, value, index, count))
            continue
        value = layer(previous)
        if isinstance(layer, nn.Flatten):
            backwards.append(_reshape_back(previous.shape[1:]))
        elif isinstance(layer, nn.Linear):
            backwards.append(_linear_back(layer))
        elif isinstance(layer, nn.Conv2d):
            backwards.append(_convolve_back(layer))
        elif isinstance(layer, nn.ReLU):
            backwards.append(_relu_back(previous[:-count], previous[count:]))
        else:
            raise ValueError(f"Integrated gradients do not support the layer {layer}.")
    return backwards


def _pooled_first(layers: nn.Sequential) -> list[nn.Module]:
    """The layers with each max-pool before its ReLU: the same values at a quarter of the cost."""
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
    changed = change != 0
    mean_slope = (after.relu() - before.relu()) / torch.where(changed, change, 1)
    slope = torch.where(changed, mean_slope, (before > 0).float())
    return lambda gradient: gradient * slope


def _pool_back(
    inputs: torch.Tensor, maxima: torch.Tensor, index: torch.Tensor, count: int
) -> Backward:
    """The mean slope of a max-pool whose input goes from `inputs[:-count]` to `inputs[count:]`.

    `maxima` are its outputs, and `index` their positions in the input. Where the maximum of a
    window moves to another pixel, the slope is shared: the first pixel has it until both are equal,
    the second from there.
    """
    maxima, index, flat = maxima.flatten(2), index.flatten(2), inputs.flatten(2)
    first, second = index[:-count], index[count:]
    lead = maxima[:-count] - flat[:-count].gather(2, second)  # of the first, at the start
    lag = maxima[count:] - flat[count:].gather(2, first)  # of the first, at the end
    share = torch.where(lead + lag > 0, lead / (lead + lag).clamp_min(1e-30), 0.5)

    def backward(gradient: torch.Tensor) -> torch.Tensor:
        gradient = gradient.flatten(2)
        back = torch.zeros_like(flat[count:])
        back.scatter_add_(2, first, gradient * share)
        back.scatter_add_(2, second, gradient * (1 - share))
        return back.unflatten(2, inputs.shape[2:])

    return backward
