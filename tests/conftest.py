"""What the tests share: MNIST, and the project's own weights."""

import os
import shutil
import subprocess
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest

import digitnet
from digitnet.mnist import load_mnist

PROJECT = Path(__file__).resolve().parent.parent


def copy_tracked_files(folder):
    """Copy what git tracks of the project into `folder`, and return the copies' paths."""
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout, so nothing says which files are the project's")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    copies = []
    for name in filter(None, listed.stdout.split("\0")):
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copies.append(shutil.copyfile(PROJECT / name, copy))
    return copies


@pytest.fixture(scope="session")
def train_set():
    return load_mnist(PROJECT / "data", train=True)


@pytest.fixture(scope="session")
def test_set():
    return load_mnist(PROJECT / "data", train=False)


@pytest.fixture(scope="session")
def classifiers():
    return {name: digitnet.load(name) for name in digitnet.available_models()}


@pytest.fixture(scope="session")
def article():
    return {name: digitnet.load(name, "article") for name in digitnet.available_models()}
