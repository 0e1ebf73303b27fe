"""The layers of the package: imports point one way, without cycles, and serving stays light."""

import ast
import subprocess
import sys

import pytest

from tests.conftest import PROJECT

# From the bottom to the top: core, what is built on it, the page, and what runs it all. A module
# may import its own layer and those before it.
MIDDLE = ("digitnet.training", "digitnet.synthetic", "digitnet.explain", "digitnet.hub")
TOP = ("app", "train", "digitnet", "digitnet.__main__", "digitnet.command_line")
# The methods of a classifier that push it import what makes cards and talks to the Hub when called.
PUSHING = ("digitnet.pretrained", {"digitnet.hub.push", "digitnet.hub.single"})
HEAVY = ("torchvision", "matplotlib", "digitnet.training.loop", "digitnet.training.report")


def name_of(path):
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path): path
    for path in [PROJECT / "app.py", PROJECT / "train.py", *(PROJECT / "digitnet").rglob("*.py")]
}


def imports_of(name, everywhere=True):
    """The full names of what a module imports; only at its top level unless `everywhere`."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & MODULES.keys()
            found |= submodules or {node.module}
    return found


def is_within(name, packages):
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def layer_of(name):
    if name in TOP:
        return 3
    if is_within(name, ["digitnet.ui"]):
        return 2
    return 1 if is_within(name, MIDDLE) else 0


@pytest.mark.parametrize("name", MODULES)
def test_no_import_points_up(name):
    imported = imports_of(name) & MODULES.keys()
    if name == PUSHING[0]:
        assert not imports_of(name, everywhere=False) & PUSHING[1]
        imported -= PUSHING[1]
    assert not {one for one in imported if layer_of(one) > layer_of(name)}


def test_there_is_no_import_cycle():
    done = set()

    def visit(name, path):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for imported in sorted(imports_of(name) & MODULES.keys()):
                visit(imported, [*path, name])
            done.add(name)

    for name in sorted(MODULES):
        visit(name, [])


def test_serving_imports_nothing_heavy():
    """Neither plots nor the training loop: the page would start later for them."""
    reached, left = set(), ["app"]
    while left:
        name = left.pop()
        if name not in reached:
            reached.add(name)
            if name in MODULES:
                left += imports_of(name, everywhere=False)
    assert "digitnet.ui.resources" in reached  # the walk works
    assert not {name for name in reached if is_within(name, HEAVY)}


def test_importing_the_package_loads_neither_training_nor_the_page():
    code = "import sys, digitnet; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], cwd=PROJECT, text=True).split()
    assert "digitnet.classifier" in loaded
    heavy = ("digitnet.training", "digitnet.synthetic", "digitnet.ui", "gradio", *HEAVY)
    assert not {name for name in loaded if is_within(name, heavy)}
