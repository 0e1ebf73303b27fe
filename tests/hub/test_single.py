"""The files of one model alone: what they hold, and what uses them."""

import json
import re
import shutil

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load as load_tensors
from torch import nn

import digitnet
from digitnet.hub.push import files_to_push
from digitnet.models import available_models
from digitnet.weights import WEIGHTS_FOLDER
from tests.hub.conftest import ALL, CNN
from tests.hub.test_push import python

OWN = WEIGHTS_FOLDER / "drawings" / "cnn.safetensors"


@pytest.fixture(scope="module")
def files(hub):
    return hub.model(CNN).files()


def accuracy_of(file):
    """The accuracy that metrics.json has of the model in a weights file beside it."""
    metrics = json.loads((file.parent / "metrics.json").read_text(encoding="utf-8"))
    return metrics["models"][file.stem]["test_accuracy"]


def test_one_model_alone_has_all_it_needs(hub, files):
    names = {"model.safetensors", "config.json", "metrics.json", "README.md", "onnx/model.onnx"}
    assert set(files) - {".gitattributes"} == names
    assert files["model.safetensors"] == OWN.read_bytes()
    assert list(json.loads(files["metrics.json"])["models"]) == ["cnn"]
    card = ModelCard(files["README.md"].decode())
    assert {result.metric_name.split(",")[0] for result in card.data.eval_results} == {"cnn"}
    assert f"{accuracy_of(OWN):.2%}" in card.text and "`linear`" not in card.text
    assert hub.model(CNN).messages == ["Upload the weights of digitnet"]


def test_its_config_alone_is_enough_to_use_the_weights(files, test_set, classifiers):
    config = json.loads(files["config.json"])
    [model] = config["models"]
    layers = [eval(f"nn.{entry['layer']}", {"nn": nn}) for entry in model["layers"]]
    network = nn.Sequential(*layers)
    tensors = load_tensors(files[model["file"]])
    for entry, layer in zip(model["layers"], layers, strict=True):
        start = f"{entry['name']}."
        layer.load_state_dict(
            {name.removeprefix(start): tensors[name] for name in tensors if start in name}
        )
    images = test_set[0][:50].float() / 255
    with torch.no_grad():
        logits = network(images[:, None])
        assert list(network(images[:1, None]).shape[1:]) == model["layers"][-1]["output_shape"]
    predictions = classifiers["cnn"].predict_images(images)
    expected = np.stack([prediction.probabilities for prediction in predictions])
    found = (logits / model["temperature"]).softmax(1).numpy()
    assert np.abs(found - expected).max() < 1e-5
    is_digit = logits.logsumexp(1).sigmoid() >= model["threshold"]
    assert is_digit.tolist() == [prediction.is_digit for prediction in predictions]
    assert config["id2label"] == {str(digit): str(digit) for digit in range(10)}
    geometry = config["preprocessing"]
    assert (geometry["width"], geometry["longest_side_of_ink"]) == (28, 20)


def test_the_config_of_all_models_names_each_file(hub):
    files = hub.model(ALL).files()
    config = json.loads(files["config.json"])
    found = {entry["file"]: (entry["recipe"], entry["model"]) for entry in config["models"]}
    assert set(found) == {name for name in files if name.endswith(".safetensors")}
    for file, (recipe, model) in found.items():
        assert file == f"{recipe}/{model}.safetensors"


def test_saved_again_nothing_changes(tmp_path):
    """What a repository says of its model goes with it, also without the package's own figures."""
    first, second = tmp_path / "first", tmp_path / "second"
    digitnet.load("cnn").save_pretrained(first)
    digitnet.Classifier.from_pretrained(first).save_pretrained(second)
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes()


def test_the_card_of_a_folder_is_for_that_folder(tmp_path, monkeypatch, capsys):
    digitnet.load("cnn").save_pretrained(tmp_path)
    monkeypatch.chdir(tmp_path)
    for snippet in re.findall(
        r"```python\n(.*?)```", (tmp_path / "README.md").read_text(), re.DOTALL
    ):
        exec(snippet, {})
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Prediction(digit=7, ") and second == "1 True"


def test_figures_of_other_weights_are_not_taken(tmp_path):
    """Beside a file of one's own lie the figures of another one, or none."""
    own = digitnet.load("linear", "article")
    file = shutil.copy(own.file, tmp_path / "linear.safetensors")
    digitnet.load("linear", source=file).save_pretrained(tmp_path / "saved")
    card = ModelCard.load(tmp_path / "saved" / "README.md")
    accuracy = accuracy_of(own.file)
    assert [result.metric_value for result in card.data.eval_results] == [accuracy]
    assert f"| article | linear | 3,190 | {accuracy:.2%} |" in card.text
    assert "Small changes" not in card.text
    shutil.copy(WEIGHTS_FOLDER / "drawings" / "metrics.json", tmp_path)
    digitnet.load("linear", source=file).save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text() == str(card)


@pytest.mark.parametrize("is_file", [False, True])
def test_the_page_shows_one_model_alone(hub, tmp_path, is_file):
    """Of a repository, or of a file."""
    source = str(OWN) if is_file else CNN
    environment = hub.environment(tmp_path, token=None) | {"DIGITNET_WEIGHTS": source}
    models, problems, engine, row = python(
        environment,
        """
from digitnet.ui.browser import serve_engine
from digitnet.ui.components.comparison import comparison_rows
from digitnet.ui.resources import load_resources
resources = load_resources()
models = {recipe: list(by_model) for recipe, by_model in resources.classifiers.items()}
[row] = comparison_rows(resources)
engine = serve_engine(resources)["models"]["drawings"]["cnn"]["weights"]
result = models, resources.problems, engine, row
""",
    )
    assert models == {"drawings": ["cnn"]} and problems == []
    assert ".safetensors?" in engine or "/blobs/" in engine
    size = OWN.stat().st_size
    assert row["mnist"] == f"{100 * accuracy_of(OWN):.2f} %"
    assert row["size"] == f"{size / 1024:.0f} KB"


def test_a_dry_run_lists_the_files_of_one_model(capsys):
    assert digitnet.__main__.main(["push", CNN, "--model", "linear", "--onnx", "--dry-run"]) == 0
    listed = [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]]
    assert listed == [
        "README.md",
        "config.json",
        "metrics.json",
        "model.safetensors",
        "onnx/model.onnx",
    ]


def test_a_recipe_without_a_model_is_refused(capsys):
    assert digitnet.__main__.main(["push", CNN, "--recipe", "article", "--dry-run"]) == 2
    assert "--recipe needs a --model" in capsys.readouterr().err


def test_all_models_are_pushed_with_their_onnx_files_if_asked_for():
    names = {name for name in files_to_push(ALL, onnx=True) if name.endswith(".onnx")}
    assert names == {
        f"{recipe}/{model}.onnx"
        for recipe in digitnet.available_recipes()
        for model in available_models()
    }
