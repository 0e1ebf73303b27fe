"""A stand-in for the Hub that has weights."""

import subprocess
import sys

import pytest

from digitnet.hub.push import files_to_push
from tests.conftest import PROJECT
from tests.hub.stand_in import USER, Repository, running_hub

ALL, CNN = f"{USER}/all", f"{USER}/cnn"


@pytest.fixture(scope="session")
def hub(tmp_path_factory):
    """A stand-in that has all models, and the cnn alone as the command line pushes it."""
    with running_hub() as hub:
        contents = {
            name: content if isinstance(content, bytes) else content.read_bytes()
            for name, content in files_to_push(ALL).items()
        }
        hub.repositories["models", ALL] = Repository()
        hub.model(ALL).commit(contents)
        command = [sys.executable, "-m", "digitnet", "push", CNN]
        finished = subprocess.run(
            [*command, "--model", "cnn", "--recipe", "drawings", "--onnx"],
            cwd=PROJECT,
            env=hub.environment(tmp_path_factory.mktemp("home")),
            capture_output=True,
            text=True,
        )
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.strip().endswith(hub.model(CNN).branches["main"])
        yield hub
