import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torchvision import datasets

from digitnet import mnist
from tests.conftest import PROJECT


@pytest.fixture
def folder(tmp_path):
    """A copy of the data set that a test may harm."""
    shutil.copytree(
        PROJECT / "data",
        tmp_path / "data",
        ignore=lambda _, names: [n for n in names if "ubyte" in n and not n.endswith(".gz")],
    )
    return tmp_path / "data"


@pytest.mark.parametrize("train", [True, False])
def test_reads_what_torchvision_reads(folder, train):
    images, labels = mnist.load_mnist(folder, train=train)
    theirs = datasets.MNIST(str(folder), train=train, download=True)
    assert torch.equal(images, theirs.data)
    assert torch.equal(labels, theirs.targets)
    assert images.dtype == torch.uint8 and labels.dtype == torch.int64


def test_names_and_sums_are_torchvisions():
    assert list(mnist.CLASS_NAMES) == datasets.MNIST.classes
    assert dict(datasets.MNIST.resources) == mnist.MD5_SUMS


@pytest.mark.parametrize("harm", ["truncated", "altered"])
def test_harmed_file_is_named(folder, harm):
    path = folder / "MNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    path.write_bytes(content[:-10] if harm == "truncated" else content[:-1] + b"?")
    with pytest.raises(mnist.DatasetError, match=r"train-labels-idx1-ubyte\.gz is truncated or al"):
        mnist.load_mnist(folder, train=True)


def test_missing_file_is_named(folder):
    (folder / "MNIST" / "raw" / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(mnist.DatasetError, match=r"t10k-images-idx3-ubyte\.gz is missing"):
        mnist.load_mnist(folder, train=False)


def test_missing_files_are_downloaded_by_torchvision(tmp_path, monkeypatch):
    """From a mirror on this machine, by torchvision's own code."""
    handler = partial(SimpleHTTPRequestHandler, directory=PROJECT / "data" / "MNIST" / "raw")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mirror = f"http://127.0.0.1:{server.server_port}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [mirror])
        folder = tmp_path / "data"
        mnist.download_missing(folder)
        server.shutdown()
    images, _ = mnist.load_mnist(folder, train=False)
    assert images.shape == (10_000, 28, 28)
    assert {path.name for path in (folder / "MNIST" / "raw").iterdir()} == set(mnist.MD5_SUMS)


def test_a_download_that_breaks_off_leaves_no_part_of_a_file(tmp_path, monkeypatch):
    def break_off(url, root, filename, md5):
        (Path(root) / filename).write_bytes(b"the first half")
        raise KeyboardInterrupt

    monkeypatch.setattr(datasets.utils, "download_url", break_off)
    with pytest.raises(KeyboardInterrupt):
        mnist.download_missing(tmp_path)
    assert list((tmp_path / "MNIST" / "raw").iterdir()) == []


def test_failed_download_says_what_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.MNIST, "mirrors", [(tmp_path / "nothing").as_uri() + "/"])
    with pytest.raises(mnist.DatasetError, match=r"put train-images-idx3-ubyte\.gz, .* into "):
        mnist.download_missing(tmp_path / "data")
