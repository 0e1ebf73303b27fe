"""A fast forward pass and process settings for CPUs.

The optimisations do not change results. Each is skipped where it does not apply: on a GPU, without
oneDNN, without glibc.
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator

import torch
from torch import nn

from digitnet.models import Network

Forward = Callable[[torch.Tensor], torch.Tensor]

# From glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_TOP_PAD = -2
M_MMAP_THRESHOLD = -3
MAX_MMAP_THRESHOLD = 32 << 20  # bytes; glibc refuses more


def fast_forward(network: Network, device: torch.device) -> Forward:
    """A fast function that runs `network` on `device`, with the network's parameters.

    oneDNN works on blocks of 16 channels. By default, each layer converts from PyTorch's layout and
    back; here, convolutions pass on the blocked layout. The max-pool is moved before the ReLU,
    which gives the same values and gradients at a quarter of the cost.
    """
    if isinstance(network.layers[0], nn.Flatten):
        return _run_directly(network.layers[1:])
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return network
    kinds = [type(layer) for layer in network.layers]
    pool = kinds.index(nn.MaxPool2d) if nn.MaxPool2d in kinds else 0
    relu = pool - 1
    # The blocked layout is for convolutions, a ReLU and a max-pool, in this order.
    if kinds[relu] is not nn.ReLU or not set(kinds[:relu]) <= {nn.Conv2d, nn.ReLU}:
        return network
    # In place, as the values before the ReLU are not needed: less memory traffic.
    before = [
        nn.ReLU(inplace=True) if isinstance(layer, nn.ReLU) else layer
        for layer in network.layers[:relu]
    ]
    blocked = nn.Sequential(*before, network.layers[pool])
    plain = nn.Sequential(nn.ReLU(inplace=True), *network.layers[pool + 1 :])
    return lambda batch: plain(blocked(batch.to_mkldnn()).to_dense())


def _run_directly(layers: nn.Sequential) -> Forward:
    """Flatten, then `layers`, without PyTorch's check for hooks, which is slow for small layers."""
    forwards = [layer.forward for layer in layers]

    def forward(batch: torch.Tensor) -> torch.Tensor:
        value = batch.flatten(1)
        for layer_forward in forwards:
            value = layer_forward(value)
        return value

    return forward


@contextlib.contextmanager
def cpu_settings(network: Network, device: torch.device) -> Iterator[None]:
    """Settings of the process while `network` trains on the CPU.

    - Denormal numbers are flushed to zero: Adam's averages decay into them, and they are slow.
    - One thread for networks without convolutions: waking a second one costs more than it saves.
    - glibc keeps the memory of activations instead of returning 7 MB to the kernel, which would
      zero it again page by page, at every layer. The memory is released at the end; glibc goes on
      taking blocks of up to 32 MB from the memory that it has.
    """
    if device.type != "cpu":
        yield
        return
    threads = torch.get_num_threads()
    torch.set_flush_denormal(True)
    if not network.has_convolutions:
        torch.set_num_threads(1)
    glibc = _glibc()
    if glibc:
        glibc.mallopt(M_MMAP_THRESHOLD, MAX_MMAP_THRESHOLD)
        glibc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        glibc.mallopt(M_TOP_PAD, 256 << 20)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)
        if glibc:
            glibc.mallopt(M_TRIM_THRESHOLD, 128 << 10)  # glibc's default, in bytes
            glibc.mallopt(M_TOP_PAD, 128 << 10)  # likewise
            glibc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, if it is glibc."""
    try:
        library = ctypes.CDLL(None)
        _ = library.mallopt, library.malloc_trim
    except (OSError, TypeError, AttributeError):  # Windows, macOS, musl
        return None
    return library
