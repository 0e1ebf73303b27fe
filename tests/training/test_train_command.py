"""train.py: what it prints and saves, and how it ends."""

import contextlib
import dataclasses
import io
import json
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open

import train
from digitnet.drawing import to_image
from digitnet.mnist import load_mnist
from digitnet.training.recipes import RECIPES
from digitnet.weights import load_weights
from tests.conftest import PROJECT


def command(*arguments):
    return [sys.executable, str(PROJECT / "train.py"), "--data", str(PROJECT / "data"), *arguments]


def run(*arguments):
    """Run train.py in this process, which saves the imports."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        status = train.main(["--data", str(PROJECT / "data"), *arguments])
    return SimpleNamespace(returncode=status, stdout=printed.getvalue(), stderr=said.getvalue())


@pytest.fixture(scope="module", autouse=True)
def few_images():
    """A tenth of MNIST, for what runs in this process: none of it depends on the number."""

    def load_few(folder, train, device):
        images, labels = load_mnist(folder, train=train, device=device)
        return images[: len(images) // 10], labels[: len(labels) // 10]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train.mnist, "load_mnist", load_few)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What one short run leaves behind."""
    folder = tmp_path_factory.mktemp("weights")
    finished = run("--models", "linear", "nonlinear", "--epochs", "1", "--output", str(folder))
    assert finished.returncode == 0, finished.stderr
    return folder / "article", finished


def test_prints_a_table_and_into_a_pipe_a_line_an_epoch(trained):
    _, finished = trained
    assert "linear" in finished.stdout and "nonlinear" in finished.stdout
    assert "3,190" in finished.stdout
    lines = finished.stderr.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["linear", "epoch", "1/1,"],
        ["nonlinear", "epoch", "1/1,"],
    ]
    assert "\r" not in finished.stderr and all("accuracy" in line for line in lines)


def test_saves_weights_metrics_and_chart(trained):
    folder, _ = trained
    assert {path.name for path in folder.iterdir()} == {
        "linear.safetensors",
        "nonlinear.safetensors",
        "metrics.json",
        "accuracy.png",
    }
    entry = json.loads((folder / "metrics.json").read_text())["models"]["linear"]
    assert entry["test_accuracy"] == pytest.approx(
        sum(entry["confusion"][digit][digit] for digit in range(10)) / 1_000
    )
    assert len(entry["training_curve"]) == 1
    recipe = entry["recipe"]
    assert (recipe["name"], recipe["epochs"]) == ("article", 1)
    assert (recipe["batch_size"], recipe["learning_rate"]) == (32, 1e-3)
    assert not recipe["non_digits"] and not recipe["digits"]
    for key in ("test_loss", "training_seconds", "parameters", "device", "versions", "seed"):
        assert key in entry
    _, metadata = load_weights(folder / "linear.safetensors")
    assert metadata.test_accuracy == entry["test_accuracy"]
    with safe_open(folder / "linear.safetensors", "pt") as file:
        assert set(file.metadata()) == {
            "format_version",
            "model",
            "recipe",
            "hidden_units",
            "test_accuracy",
            "temperature",
            "threshold",
        }


@pytest.mark.parametrize(("seed", "same"), [("0", True), ("1", False)])
def test_same_seed_same_bytes_and_the_other_models_metrics_stay(trained, tmp_path, seed, same):
    folder, _ = trained
    again = tmp_path / "article"
    again.mkdir()
    (again / "metrics.json").write_bytes((folder / "metrics.json").read_bytes())
    arguments = ["--models", "linear", "--epochs", "1", "--seed", seed, "--output", str(tmp_path)]
    assert run(*arguments).returncode == 0
    name = "linear.safetensors"
    assert ((again / name).read_bytes() == (folder / name).read_bytes()) is same
    metrics = json.loads((again / "metrics.json").read_text())["models"]
    assert set(metrics) == {"linear", "nonlinear"}
    assert metrics["linear"]["seed"] == int(seed)


def test_below_the_floor_fails_and_saves_nothing(tmp_path):
    finished = run(
        "--models", "linear", "--epochs", "1", "--min-accuracy", "0.99", "--output", str(tmp_path)
    )
    assert finished.returncode == 1
    assert "linear fell below --min-accuracy 0.99" in finished.stderr
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize(("model", "rate"), [("linear", "1e30"), ("nonlinear", "1000")])
def test_diverged_training_is_said_and_not_saved(tmp_path, model, rate):
    finished = run(
        "--models", model, "--epochs", "1", "--learning-rate", rate, "--output", str(tmp_path)
    )
    assert finished.returncode == 1
    assert f"train.py: {model} diverged" in finished.stderr
    assert finished.stderr.endswith("choose a smaller --learning-rate.\n")
    assert not list(tmp_path.rglob("*.safetensors"))


def test_interrupt_ends_with_a_line_and_leaves_old_files_whole(trained, tmp_path):
    folder, _ = trained
    old = (folder / "linear.safetensors").read_bytes()
    (tmp_path / "article").mkdir()
    (tmp_path / "article" / "linear.safetensors").write_bytes(old)
    process = subprocess.Popen(
        command("--models", "linear", "--epochs", "1000", "--output", str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
    )
    seen = ""
    while "loss" not in seen:  # the bar moves: training is under way
        character = process.stderr.read(1)
        assert character, seen
        seen += character
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in rest and "Stopped." in rest
    assert [path.name for path in (tmp_path / "article").iterdir()] == ["linear.safetensors"]
    assert (tmp_path / "article" / "linear.safetensors").read_bytes() == old


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--epochs", "0"], "must be a whole number from 1 to 100,000, not 0."),
        (["--batch-size", "many"], "must be a whole number from 1 to 60,000, not many."),
        (["--batch-size", "1" + 20 * "0"], "must be a whole number from 1 to 60,000"),
        (["--hidden-units", "99999999999"], "must be a whole number from 1 to 4,096"),
        (["--hidden-units", 5000 * "9"], "must be a whole number from 1 to 4,096"),
        (["--seed", 5000 * "9"], "must be a whole number from 0"),
        (["--learning-rate", "nan"], "must be a number above 0, not nan."),
        (["--models", "resnet"], "linear"),
        (["--recipe", "secret"], "article"),
        (["--seed", "-1"], "must be a whole number from 0"),
        (["--min-accuracy", "98"], "must be a number from 0 to 1, not 98."),
        (["--device", "toaster"], "choose one of cpu"),
        (["--output", "/dev/null/weights"], "cannot be written"),
        (["--dry-run"], "--dry-run needs --push-to-hub USER/NAME."),
        (["--create-pr", "--onnx"], "--create-pr needs --push-to-hub USER/NAME."),
    ],
)
def test_wrong_values_get_one_sentence_and_status_2(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        train.main(arguments)
    printed = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in printed and printed.count("\n") == 1


def test_help_names_each_default_once():
    text = " ".join(train.make_parser().format_help().split())
    assert "None" not in text and "(default: article)" in text
    assert "(default: linear 4, nonlinear 4, cnn 16)" in text


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_amid_the_imports_ends_with_a_line():
    """However deep in them: the signal is sent by a module that is imported on the way."""
    code = (
        "import os, runpy, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'torch':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "try:\n"
        "    runpy.run_path('train.py', run_name='__main__')\n"
        "except BaseException as error:\n"
        "    print(type(error))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True
    )
    assert ended.returncode == 130 and ended.stdout == ""
    assert ended.stderr == "\nStopped. Files saved before are unchanged.\n"


def test_altered_data_is_named(tmp_path, capsys):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (PROJECT / "data" / "MNIST" / "raw").glob("*.gz"):
        (raw / path.name).write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SystemExit) as ended:
        train.main(["--data", str(tmp_path), "--output", str(tmp_path)])
    assert ended.value.code == 2
    assert "train-images-idx3-ubyte.gz is truncated or altered" in capsys.readouterr().err


def test_the_drawings_recipe_calibrates_on_what_it_held_back(tmp_path, monkeypatch):
    recipe = RECIPES["drawings"]
    shorter = dataclasses.replace(recipe.default, digits=2_200, held_back=500)
    monkeypatch.setitem(RECIPES, "drawings", dataclasses.replace(recipe, default=shorter))
    finished = run(
        "--recipe", "drawings", "--models", "linear", "--epochs", "1", "--output", str(tmp_path)
    )
    assert finished.returncode == 0, finished.stderr
    folder = tmp_path / "drawings"
    entry = json.loads((folder / "metrics.json").read_text())["models"]["linear"]
    assert entry["recipe"]["held_back"] == 500
    assert 0.3 < entry["temperature"] < 3
    _, metadata = load_weights(folder / "linear.safetensors")
    assert metadata.recipe == "drawings" and metadata.temperature == entry["temperature"]


def test_own_drawings_are_two_in_a_hundred_of_the_training_images(tmp_path, monkeypatch):
    drawing = [[[0, 0], [10, 0], [4, 20]]]
    file = tmp_path / "my-digits.jsonl"
    file.write_text(json.dumps({"label": 7, "strokes": drawing}) + "\n")
    seen = []

    def note(model, recipe, hyperparameters, train_set, test_set, **others):
        seen.append(train_set)
        raise ValueError("Enough.")

    monkeypatch.setattr(train, "train_and_evaluate", note)
    run("--models", "linear", "--drawings", str(file), "--output", str(tmp_path))
    ((images, labels),) = seen
    own = (to_image(drawing) * 255).round()
    assert len(images) == 6000 + 120 and (labels[:120] == 7).all()
    assert (images[:120].numpy() == own).all()
    assert run("--drawings", str(file), "--output", str(tmp_path)).returncode == 1


def test_bad_drawings_are_named_by_their_line(tmp_path, capsys):
    file = tmp_path / "my-digits.jsonl"
    file.write_text('{"label": 7}\n')
    with pytest.raises(SystemExit):
        train.main(["--drawings", str(file), "--output", str(tmp_path)])
    assert f"{file}, line 1: This is not of the form" in capsys.readouterr().err
    file.write_text('{"label": 7, "strokes": [[[0, 0], [1, 1]]]}\n{"label": 7, "strokes": []}\n')
    with pytest.raises(SystemExit):
        train.main(["--drawings", str(file), "--output", str(tmp_path)])
    assert "line 2" in (said := capsys.readouterr().err) and "blank" in said


def test_too_little_memory_gets_a_sentence(tmp_path, monkeypatch, capsys):
    def fail(*arguments, **options):
        torch.empty(1 << 60)

    monkeypatch.setattr(train, "train_and_evaluate", fail)
    assert train.main(["--models", "linear", "--output", str(tmp_path)]) == 1
    assert "There is not enough memory to train linear" in capsys.readouterr().err
