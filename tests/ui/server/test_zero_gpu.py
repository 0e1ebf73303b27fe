"""The page on ZeroGPU, by a stand-in for the package `spaces`, which only Spaces have.

What the stand-in does is what `spaces` 0.51 does: GPU() wraps a function and marks the result with
the attribute ``zerogpu``; the real one then runs it in a process with a GPU.
"""

import json
import os
import subprocess
import sys

from tests.conftest import PROJECT

SPACES = """
import functools, inspect, sys
entered = []

def GPU(task=None, *, duration=60):
    if task is None:
        return functools.partial(GPU, duration=duration)

    @functools.wraps(task)
    def report(*args, **kwargs):
        entered.append(duration)
        yield from task(*args, **kwargs)

    @functools.wraps(task)
    def give(*args, **kwargs):
        entered.append(duration)
        return task(*args, **kwargs)

    call = report if inspect.isgeneratorfunction(task) else give

    call.zerogpu = None
    return call
"""
# What a visitor does, by the functions that the page's events call; the last line is the result.
VISIT = """
import asyncio, json, sys
import spaces, torch
# As `spaces` has it in the page: CUDA seems to be there.
pretended = torch.device("cuda")
torch.accelerator.current_accelerator = lambda check_available=False: pretended

import app
bound = [fn.fn for fn in app.demo.fns.values() if hasattr(fn.fn, "zerogpu")]
by_name = {fn.name: fn.fn for fn in app.demo.fns.values()}
seven = [[[250, 200], [750, 200], [450, 850]]]  # on the sketchpad
predicted = by_name["predict"](seven)["digit"]
drawn = asyncio.run(by_name["recognise"](seven, "cnn", "drawings", None, True, None))["digit"]
listed = by_name["models"]()
begun = by_name["begin"]("linear", "article", 4, 1, 1e-3, 32, 600, 0, [], None, None)
asked = next(value for value in begun.values() if isinstance(value, tuple))
before = len(spaces.entered)
torch.accelerator.current_accelerator = lambda check_available=False: None  # the CPU trains here
*_, last = bound[0](asked)
print(json.dumps({
    "bound": [fn.__name__ for fn in bound],
    "digits": [predicted, drawn],
    "models": len(listed),
    "entered_by_predicting": before,
    "entered": spaces.entered,
    "ended": last[3][1].ended,
}))
"""


def run(code, tmp_path, spaces=SPACES):
    """The last line that `code` prints where there is ZeroGPU."""
    (tmp_path / "spaces.py").write_text(spaces)
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=180,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "SPACES_ZERO_GPU": "true"},
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.splitlines()[-1]


def test_training_is_the_gpu_function_and_predicting_never_enters_it(tmp_path):
    found = json.loads(run(VISIT, tmp_path))
    assert found["bound"] == ["watch"]
    assert found["digits"] == [7, 7] and found["models"] == 6
    assert found["entered_by_predicting"] == 0
    assert found["entered"] == [60]
    assert found["ended"] == "whole"


def test_app_imports_spaces_before_torch(tmp_path):
    told = "import sys; print('torch' not in sys.modules); sys.exit()"
    assert run("import app", tmp_path, spaces=told) == "True"
