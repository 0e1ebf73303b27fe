"""What breaks while files are written, or the page runs: nothing is lost, and it is said."""

import dataclasses
import json
import multiprocessing
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import gradio as gr
import httpx
import pytest
import torch
from fastapi import FastAPI
from fastapi.testclient import TestClient

import digitnet
from benchmarks.long_run import event_named, wait_in_queue
from benchmarks.serving import SERVE, SERVE_QUIETLY
from digitnet.drawing import parse_drawing
from digitnet.metrics import ModelMetrics, read_metrics, write_metrics
from digitnet.models import build
from digitnet.training import report
from digitnet.training.loop import fit
from digitnet.training.recipes import RECIPES
from digitnet.ui.components.answer import answer
from digitnet.weights import WEIGHTS_FOLDER, Metadata, load_weights, save_weights
from tests.conftest import PROJECT
from tests.training.test_train_command import run

SEVEN = [[[0, 0], [10, 0], [4, 20]]]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


class Deadly:
    """A file in whose writing its process is killed."""

    def __init__(self, file, die, when):
        self.file, self.die, self.when = file, die, when

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, attribute):
        return getattr(self.file, attribute)

    def write(self, content):
        if self.when != "before":
            self.file.write(content[: len(content) // 2] if self.when == "amid" else content)
            self.file.flush()
        self.die()


def save_and_die(network, path, name, when):
    """Save, and be killed before, amid or after the call of `name`; for a process of its own."""

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def deadly(function):
        def call(*arguments, **options):
            if when == "before":
                die()
            function(*arguments, **options)
            die()

        return call

    if name == "write":
        opened = os.fdopen
        os.fdopen = lambda *arguments: Deadly(opened(*arguments), die, when)
    else:
        owner = tempfile if name == "mkstemp" else os
        setattr(owner, name, deadly(getattr(owner, name)))
    save_weights(network, Metadata("linear", "article", 4, 0.5), path)


@POSIX
@pytest.mark.parametrize(
    ("name", "when", "old"),
    [
        ("mkstemp", "before", True),
        ("mkstemp", "after", True),
        ("write", "before", True),
        ("write", "amid", True),
        ("write", "after", True),
        ("fsync", "before", True),
        ("fsync", "after", True),
        ("chmod", "after", True),
        ("replace", "before", True),
        ("replace", "after", False),
    ],
)
def test_a_kill_while_weights_are_written_leaves_old_or_new_ones(tmp_path, name, when, old):
    path = tmp_path / "linear.safetensors"
    save_weights(build("linear"), Metadata("linear", "article", 4, 0.25), path)
    before = path.read_bytes()
    network = build("linear")
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 2.0)
    forked = multiprocessing.get_context("fork")  # which imports nothing anew
    process = forked.Process(target=save_and_die, args=(network, path, name, when))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    network, metadata = load_weights(path)
    if old:
        assert path.read_bytes() == before
    else:
        assert metadata.test_accuracy == 0.5
        assert all((parameter == 2).all() for parameter in network.parameters())


@POSIX
def test_a_full_disk_is_said_and_the_old_weights_stay(tmp_path):
    """The limit on the size of files fails the same call with another number."""
    import resource

    shutil.copytree(WEIGHTS_FOLDER / "article", tmp_path / "article")
    path = tmp_path / "article" / "linear.safetensors"
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
    try:
        ended = run("--models", "linear", "--epochs", "1", "--output", str(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert ended.returncode == 1
    assert "linear could not be saved" in ended.stderr and "are unchanged" in ended.stderr
    assert path.read_bytes() == before and load_weights(path)
    assert not list(tmp_path.rglob("*.tmp"))


def save_often(name, folder):
    """Save a model several times; for a process of its own.

    Between reading the metrics and writing them passes some time, in which another may write.
    """

    def write_later(*arguments):
        time.sleep(0.1)
        write_metrics(*arguments)

    report.write_metrics = write_later
    report.bar_chart = lambda *_: b""  # only to save time
    for turn in range(5):
        metrics = ModelMetrics(test_accuracy=turn / 10, parameters=3190)
        report.save(build(name), name, "article", metrics, folder)
        assert read_metrics(folder / "article").models[name] == metrics


def test_saving_at_the_same_moment_loses_nothing(tmp_path):
    savers = [
        multiprocessing.Process(target=save_often, args=(name, tmp_path))
        for name in ("linear", "nonlinear")
    ]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join(120)
    assert [saver.exitcode for saver in savers] == [0, 0]
    metrics = json.loads((tmp_path / "article" / "metrics.json").read_text())["models"]
    assert {name: entry["test_accuracy"] for name, entry in metrics.items()} == {
        "linear": 0.4,
        "nonlinear": 0.4,
    }


def test_the_page_outlives_its_weights(tmp_path, monkeypatch):
    import app  # here: it loads all models

    weights = tmp_path / "weights"
    shutil.copytree(WEIGHTS_FOLDER, weights)
    monkeypatch.setenv("DIGITNET_WEIGHTS", str(weights))
    page = app.build_page(app.load_resources())
    client = TestClient(gr.mount_gradio_app(FastAPI(), page, path=""))

    def ask():
        data = {"data": [SEVEN, None, "cnn", "drawings"]}
        return client.post("/gradio_api/run/predict", json=data).json()["data"]

    expected = ask()
    (weights / "drawings" / "cnn.safetensors").write_bytes(b"something else")
    assert ask() == expected
    shutil.rmtree(weights)
    assert ask() == expected
    compare = event_named(client, "compare")  # looks there too
    body = {"data": ["drawings", None], "fn_index": compare, "session_hash": "x"}
    assert client.post("/gradio_api/run/predict", json=body).status_code == 200


def test_a_port_that_is_taken_is_said(monkeypatch):
    import app

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["app.py", "--no-browser", "--host=127.0.0.1", f"--port={port}"]
        monkeypatch.setattr(sys, "argv", arguments)
        monkeypatch.setenv("no_proxy", os.environ.get("no_proxy", ""))  # main() adds to it
        with pytest.raises(SystemExit) as ended:
            app.main()
    assert str(ended.value).startswith("app.py: ") and str(port) in str(ended.value)


@POSIX
@pytest.mark.parametrize(
    ("number", "command"), [(signal.SIGINT, SERVE), (signal.SIGTERM, SERVE_QUIETLY)]
)
def test_a_page_that_is_ended_during_a_training_leaves_nothing(tmp_path, number, command):
    """Ctrl-C goes to all processes of a terminal, SIGTERM to the one that is named.

    At Ctrl-C, another thread recognises the test images besides.
    """
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        env=os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "TMPDIR": str(tmp_path)},
        # Whoever runs the tests in the background may have it ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    said = ""
    while not (address := re.search(r"http://\S+:\d+", said)):
        line = process.stdout.readline()
        assert line, said
        said += line
    with httpx.Client(base_url=address[0], timeout=60) as client:
        settings = ["cnn", "article", 4, 30, 0.001, 32, 60_000, 0, [], None, None]
        wait_in_queue(client, event_named(client, "begin"), settings, "x")
        body = {"data": [None], "fn_index": event_named(client, "watch"), "session_hash": "x"}
        client.post("/gradio_api/queue/join", json=body).raise_for_status()
        with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "x"}) as told:
            assert any("Epoch 1 of 30" in line for line in told.iter_lines())
            if number == signal.SIGINT:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
    # The training's process writes there too: this waits for its end.
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + number
    assert "Traceback" not in said and "terminate" not in said
    left = [path.name for path in tmp_path.iterdir()]
    assert all(name.startswith("torchinductor_") for name in left)  # torch's own, of each user


def test_a_clock_that_jumps_changes_no_measured_time(monkeypatch):
    """Nothing measures with the clock on the wall, which somebody may set."""

    def jumping():
        raise AssertionError("the clock on the wall was read")

    monkeypatch.setattr(time, "time", jumping)
    recipe = dataclasses.replace(RECIPES["article"].default, epochs=1)
    images = torch.randint(0, 256, (64, 28, 28), dtype=torch.uint8)
    reports = list(fit(build("linear"), images, torch.zeros(64, dtype=torch.int64), recipe))
    assert reports[-1].seconds >= 0
    assert answer({"linear": digitnet.load("linear")}, "linear", parse_drawing(SEVEN))["models"]
