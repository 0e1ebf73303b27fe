"""What the tests share: MNIST, the project's own weights, and the page as it is served."""

import os
import shutil
import subprocess
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
if "PYTEST_XDIST_WORKER" in os.environ:  # before torch is imported, and for child processes
    os.environ["OMP_NUM_THREADS"] = "1"

import pytest

import digitnet
from benchmarks.serving import SERVE, SERVE_QUIETLY, served
from digitnet.mnist import load_mnist

PROJECT = Path(__file__).resolve().parent.parent
NOWHERE = "127.0.0.1:9"  # nobody listens there


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


@pytest.fixture(scope="session")
def temporary_folder(tmp_path_factory):
    """Where the page of `address` may put files for a while.

    It is as if another user of this machine had started Gradio first: that user's folder, where
    Gradio would put its files, cannot be written to.
    """
    folder = tmp_path_factory.mktemp("temporary")
    (folder / "gradio").touch()
    return folder


@pytest.fixture(scope="session")
def log(tmp_path_factory):
    """The file that the page of `address` logs to."""
    return tmp_path_factory.mktemp("log") / "page.log"


@pytest.fixture(scope="session")
def address(temporary_folder, log, request):
    """Of a page that the tests share, with its tools for language models.

    Only tests with a browser look at the test predictions.
    """
    environment = {"GRADIO_MCP_SERVER": "true", "TMPDIR": str(temporary_folder)}
    with_browser = any(item.get_closest_marker("browser") for item in request.session.items)
    command = SERVE if with_browser else SERVE_QUIETLY
    with served(PROJECT, environment, command, log) as address:
        yield address


@pytest.fixture(scope="session")
def address_behind_a_path():
    """Of a page served below /digits, in an environment whose proxies do not answer."""
    proxies = {
        "no_proxy": "",
        "NO_PROXY": "",
        "http_proxy": f"http://{NOWHERE}",
        "ALL_PROXY": f"socks5://{NOWHERE}",
    }
    with served(PROJECT, proxies, [*SERVE_QUIETLY, "--root-path", "digits/"]) as address:
        yield address
