"""What the tests share: MNIST, and the project's own weights."""

import os
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest

import digitnet
from digitnet.mnist import load_mnist

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def train_set():
    return load_mnist(PROJECT / "data", train=True)


@pytest.fixture(scope="session")
def test_set():
    return load_mnist(PROJECT / "data", train=False)


@pytest.fixture(scope="session")
def classifiers():
    return {name: digitnet.load(name) for name in digitnet.available_models()}
