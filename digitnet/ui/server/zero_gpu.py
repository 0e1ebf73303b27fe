"""ZeroGPU: Hugging Face's shared GPUs, of which a Space borrows one for the length of a call.

There the Space must have a function that asks for one, every call of it is charged to the visitor,
and outside of it there is no GPU, though CUDA seems to be there. Training is that function;
everything else is done on the CPU. Elsewhere nothing here has any effect.

app.py imports `spaces`, which is there on a Space only, before torch, as it has to be.
"""

import os
from collections.abc import Callable
from typing import TypeVar

try:
    import spaces
except ImportError:
    spaces = None

# As `spaces` itself reads it.
ON_ZERO_GPU = spaces is not None and os.environ.get("SPACES_ZERO_GPU", "").lower() in (
    "1",
    "t",
    "true",
)
# Where the page computes: None is the GPU if there is one.
PAGE_DEVICE = "cpu" if ON_ZERO_GPU else None
GPU_SECONDS = 60  # for a call, its own start included

Function = TypeVar("Function", bound=Callable)


def on_gpu(function: Function) -> Function:
    """A decorator: borrow a GPU for each call of `function`, where there is ZeroGPU.

    There it runs in another process, so that what it is given and gives must be picklable.
    """
    return function if spaces is None else spaces.GPU(duration=GPU_SECONDS)(function)
