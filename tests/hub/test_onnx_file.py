"""The networks as ONNX files, against PyTorch."""

import json
import re
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import train
from digitnet.__main__ import main
from digitnet.hub.onnx_file import to_onnx
from digitnet.models import Network, available_models
from digitnet.weights import Metadata
from tests.conftest import PROJECT

IMAGES = 200


def run(content, images):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"pixel_values": images})[0]


@pytest.fixture(scope="module")
def images(test_set):
    return test_set[0][:IMAGES, None].float().numpy() / 255


@pytest.mark.parametrize("model", available_models())
@pytest.mark.parametrize("recipe", ["classifiers", "article"])
def test_onnx_runtime_and_pytorch_agree(recipe, model, images, request):
    classifier = request.getfixturevalue(recipe)[model]
    content = to_onnx(classifier.network, classifier.metadata)
    with torch.no_grad():
        expected = classifier.network(torch.from_numpy(images)).numpy()
    found = run(content, images)
    assert found.dtype == np.float32 and found.shape == (IMAGES, 10)
    assert np.abs(found - expected).max() < 1e-4
    for size in (0, 1):
        assert run(content, images[:size]).shape == (size, 10)


def test_the_file_says_how_to_use_it(classifiers, images):
    classifier = classifiers["cnn"]
    content = to_onnx(classifier.network, classifier.metadata)
    model = onnx.load_from_string(content)
    described = {entry.key: entry.value for entry in model.metadata_props}
    assert described["model"] == "cnn" and described["recipe"] == "drawings"
    assert json.loads(described["preprocessing"])["longest_side_of_ink"] == 20
    assert json.loads(described["id2label"])["7"] == "7"
    assert json.loads(described["output"])["probabilities"] == "softmax(logits / temperature)"
    logits = torch.from_numpy(run(content, images))
    probabilities = (logits / float(described["temperature"])).softmax(1)
    is_digit = logits.logsumexp(1).sigmoid() >= float(described["threshold"])
    predictions = classifier.predict_images(images[:, 0])
    assert is_digit.tolist() == [prediction.is_digit for prediction in predictions]
    expected = np.stack([prediction.probabilities for prediction in predictions])
    assert np.abs(probabilities.numpy() - expected).max() < 1e-4


def test_runtimes_of_2022_can_read_it(classifiers):
    """ONNX Runtime 1.12, as old as what transformers.js 2 runs on."""
    classifier = classifiers["cnn"]
    model = onnx.load_from_string(to_onnx(classifier.network, classifier.metadata))
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 17)]
    assert model.ir_version == 8


def test_export_writes_the_file(tmp_path, capsys, classifiers, article):
    path = tmp_path / "new" / "cnn.onnx"
    assert main(["export", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    cnn = classifiers["cnn"]
    assert path.read_bytes() == to_onnx(cnn.network, cnn.metadata)
    assert main(["export", str(path), "--model", "linear", "--recipe", "article"]) == 0
    linear = article["linear"]
    assert path.read_bytes() == to_onnx(linear.network, linear.metadata)


def test_a_place_that_cannot_be_written_is_said(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["export", str(tmp_path / "file" / "cnn.onnx")]) == 2
    said = capsys.readouterr().err
    assert "cannot be written" in said and said.count("\n") == 1


@pytest.mark.parametrize("arguments", [["export", "x.onnx"], ["push", "a/b", "--onnx"]])
def test_without_the_package_one_sentence_says_what_to_install(monkeypatch, capsys, arguments):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main([*arguments, *(["--dry-run"] if "push" in arguments else [])]) == 2
    said = capsys.readouterr().err
    assert said == "digitnet: The package onnx is missing; run pip install onnx.\n"


def test_training_says_it_before_it_starts(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    arguments = ["--push-to-hub", "a/b", "--onnx", "--dry-run", "--output", str(tmp_path)]
    with pytest.raises(SystemExit) as ended:
        train.main([*arguments, "--data", str(tmp_path)])  # without data, it would end there
    assert ended.value.code == 2 and "pip install onnx" in capsys.readouterr().err


def test_the_snippet_in_the_documentation_runs(monkeypatch, tmp_path, capsys):
    section = (PROJECT / "docs" / "deploy.md").read_text(encoding="utf-8").split("## ONNX")[1]
    monkeypatch.chdir(tmp_path)
    command = re.search(r"-m digitnet (export .*)", section)[1]
    assert main(command.split()) == 0
    capsys.readouterr()
    exec(re.search(r"```python\n(.*?)```", section, re.DOTALL)[1], {})
    digit, temperature = capsys.readouterr().out.split()
    assert digit == "7" and 0.5 < float(temperature) < 2


class OddNet(Network):
    """Has a layer that no network of the package has."""

    @staticmethod
    def make_layers(hidden_units):
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Tanh())


def test_a_layer_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"The layer Tanh\(\) is of a kind"):
        to_onnx(OddNet(), Metadata("odd", "article", 4, 0.5))
