"""`from_pretrained`, `push_to_hub` and one model alone, by the real client on a stand-in."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load as load_tensors
from torch import nn

import digitnet
from digitnet.hub.push import files_to_push
from digitnet.models import available_models
from digitnet.weights import WEIGHTS_FOLDER
from tests.conftest import PROJECT
from tests.hub.stand_in import TOKEN, USER, Repository, running_hub
from tests.hub.test_push import python

ALL, CNN = f"{USER}/all", f"{USER}/cnn"
OWN = WEIGHTS_FOLDER / "drawings" / "cnn.safetensors"
DRAWING = [[(0, 0), (10, 0), (4, 20)]]


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def files(hub):
    return hub.model(CNN).files()


def test_one_model_alone_has_all_it_needs(hub, files):
    names = {"model.safetensors", "config.json", "metrics.json", "README.md", "onnx/model.onnx"}
    assert set(files) - {".gitattributes"} == names
    assert files["model.safetensors"] == OWN.read_bytes()
    assert list(json.loads(files["metrics.json"])["models"]) == ["cnn"]
    card = ModelCard(files["README.md"].decode())
    assert {result.metric_name.split(",")[0] for result in card.data.eval_results} == {"cnn"}
    assert "99.10%" in card.text and "`linear`" not in card.text
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


def test_every_way_to_the_weights_gives_the_same(hub, tmp_path, classifiers):
    """In a new process that has nothing in its cache."""
    by_way, file = python(
        hub.environment(tmp_path / "home", token=None),
        f"""
import huggingface_hub
from digitnet import Classifier, load
drawing = {DRAWING!r}
load("cnn").save_pretrained({str(tmp_path / "saved")!r})
ways = {{
    "own": load("cnn"),
    "one, from_pretrained": Classifier.from_pretrained({CNN!r}),
    "one, named": Classifier.from_pretrained({CNN!r}, model="cnn", recipe="drawings"),
    "one, load": load("cnn", source={CNN!r}),
    "all, from_pretrained": Classifier.from_pretrained({ALL!r}),
    "all, load": load("cnn", source={ALL!r}),
    "saved, from_pretrained": Classifier.from_pretrained({str(tmp_path / "saved")!r}),
    "saved, load": load("cnn", "article", source={str(tmp_path / "saved")!r}),
}}
result = [
    {{way: found.predict(drawing).probabilities.tolist() for way, found in ways.items()}},
    huggingface_hub.hf_hub_download({CNN!r}, "onnx/model.onnx"),
]
""",
    )
    expected = classifiers["cnn"].predict(DRAWING).probabilities
    for way, probabilities in by_way.items():
        assert np.allclose(probabilities, expected, atol=1e-6), way
        assert probabilities == by_way["own"], way
    image = digitnet.to_image(DRAWING)
    [logits] = onnxruntime.InferenceSession(file).run(None, {"pixel_values": image[None, None]})
    temperature = classifiers["cnn"].metadata.temperature
    found = (torch.from_numpy(logits) / temperature).softmax(1)[0].numpy()
    assert np.abs(found - expected).max() < 1e-4


def test_models_of_a_repository_with_all_are_chosen_by_name(hub, tmp_path):
    metadata = python(
        hub.environment(tmp_path, token=None),
        f"""
found = digitnet.Classifier.from_pretrained({ALL!r}, model="linear", recipe="article")
result = found.metadata.model, found.metadata.recipe
""",
    )
    assert metadata == ("linear", "article")


def test_push_to_hub_has_the_options_of_the_client(hub, tmp_path):
    """A token that is passed, a message, a branch, a pull request, a private repository."""
    repo_id, hidden = f"{USER}/options", f"{USER}/hidden"
    result = python(
        hub.environment(tmp_path, token=None),
        f"""
from digitnet import Classifier
linear, cnn = digitnet.load("linear"), digitnet.load("cnn", "article")
options = {{"token": {TOKEN!r}}}
addresses = [
    linear.push_to_hub({repo_id!r}, commit_message="Digits", **options),
    cnn.push_to_hub({repo_id!r}, branch="next", **options),
    cnn.push_to_hub({repo_id!r}, create_pr=True, **options),
    linear.push_to_hub({hidden!r}, private=True, **options),
]
models = [
    Classifier.from_pretrained({repo_id!r}, revision=revision).metadata.model
    for revision in (None, "next", "refs/pr/1")
]
shown = Classifier.from_pretrained({hidden!r}, **options).metadata.model
result = addresses, models, shown, [
    said(lambda: Classifier.from_pretrained({f"{USER}/hidden2"!r}, token=False)),
    said(lambda: Classifier.from_pretrained({repo_id!r}, revision="v9")),
    said(lambda: linear.push_to_hub("digits")),
    said(lambda: linear.push_to_hub({repo_id!r})),
]
""",
    )
    addresses, models, shown, sentences = result
    repository = hub.model(repo_id)
    assert addresses[0].endswith(repository.branches["main"])
    assert addresses[1].endswith(repository.branches["next"])
    assert addresses[2].endswith(f"{repo_id}/discussions/1")
    assert repository.messages == ["Digits"] + ["Upload a model of digitnet"] * 2
    assert models == ["linear", "cnn", "cnn"] and shown == "linear"
    assert hub.model(hidden).private and not repository.private
    expected = ["There is no repository", "has no revision 'v9'", "write it as USER/NAME", "token"]
    for sentence, part in zip(sentences, expected, strict=True):
        assert part in sentence and sentence.endswith(".") and "\n" not in sentence


def test_downloads_have_the_options_of_the_client(hub, tmp_path):
    """A folder for the cache, the cache alone, and downloading again."""
    cache = tmp_path / "elsewhere"
    hub.requests.clear()
    result = python(
        hub.environment(tmp_path / "home", token=None),
        f"""
from pathlib import Path
from digitnet import Classifier
options = {{"cache_dir": {str(cache)!r}}}
missing = said(lambda: Classifier.from_pretrained({CNN!r}, local_files_only=True, **options))
first = Classifier.from_pretrained({CNN!r}, **options)
again = Classifier.from_pretrained({CNN!r}, local_files_only=True, **options)
Classifier.from_pretrained({CNN!r}, force_download=True, **options)
result = missing, first.file == again.file, str(first.file)
""",
    )
    missing, is_same, file = result
    assert "is not in the cache" in missing and "local_files_only" in missing
    assert is_same and file.startswith(str(cache))
    asked = [line for line in hub.requests if line.endswith("model.safetensors")]
    downloads = [line for line in hub.requests if line.startswith("GET /storage/")]
    assert asked and len(downloads) == 2


@pytest.mark.parametrize("config", [None, b'{"model_type": "bert"}', b"[1]", b"[" * 100_000])
def test_a_repository_that_is_not_ours_is_refused_before_its_weights_come(hub, tmp_path, config):
    repository = hub.repositories["models", "other/bert"] = Repository()
    repository.commit({"model.safetensors": b"\0" * 1000, "pytorch_model.bin": b"\0"})
    if config is not None:
        repository.commit(repository.files() | {"config.json": config})
    hub.requests.clear()
    sentences = python(
        hub.environment(tmp_path, token=None),
        """
result = [
    said(lambda: digitnet.Classifier.from_pretrained("other/bert")),
    said(lambda: digitnet.load("cnn", source="other/bert")),
]
""",
    )
    sentence = "other/bert on the Hub holds no weights of digitnet; name another."
    assert sentences == [sentence, sentence]
    assert not any(line.endswith((".safetensors", ".bin")) for line in hub.requests)


def test_what_a_source_does_not_hold_is_said(tmp_path):
    digitnet.load("linear", "article").save_pretrained(tmp_path)
    load = digitnet.Classifier.from_pretrained
    with pytest.raises(ValueError, match=r"holds the model 'linear', not 'cnn'\.$"):
        load(tmp_path, model="cnn")
    with pytest.raises(ValueError, match=r"holds the recipe 'article', not 'drawings'\.$"):
        load(tmp_path, recipe="drawings")
    with pytest.raises(ValueError, match=r"^There is no model 'vit'; choose one of linear, "):
        load(tmp_path, model="vit")
    with pytest.raises(ValueError, match=r"^There is no recipe 'secret'; choose one of article, "):
        load(WEIGHTS_FOLDER, recipe="secret")
    with pytest.raises(ValueError, match=r"holds the model 'linear', not 'cnn'\.$"):
        digitnet.load("cnn", source=tmp_path)


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
    assert [result.metric_value for result in card.data.eval_results] == [0.8558]
    assert "| article | linear | 3,190 | 85.58% |" in card.text and "Small changes" not in card.text
    shutil.copy(WEIGHTS_FOLDER / "drawings" / "metrics.json", tmp_path)
    digitnet.load("linear", source=file).save_pretrained(tmp_path / "again")
    assert (tmp_path / "again" / "README.md").read_text() == str(card)


@pytest.mark.parametrize("repo_id", [ALL, CNN])
def test_the_snippets_of_a_card_run_as_printed(hub, tmp_path, repo_id):
    card = hub.model(repo_id).files()["README.md"].decode()
    snippets = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(snippets) == 2
    printed = [
        python(
            hub.environment(tmp_path, token=None),
            f"""
import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as printed:
    exec({snippet!r}, {{}})
result = printed.getvalue()
""",
        )
        for snippet in snippets
    ]
    assert printed[0].startswith("Prediction(digit=7, ") and printed[1] == "1 True\n"


def test_with_xet_downloads_work_and_a_push_that_fails_says_so(hub, tmp_path):
    """The stand-in stores nothing by Xet, so a push can only fail, as on a broken connection."""
    environment = hub.environment(tmp_path)
    del environment["HF_HUB_DISABLE_XET"]
    model, sentence = python(
        environment,
        f"""
found = digitnet.Classifier.from_pretrained({CNN!r})
result = found.metadata.model, said(lambda: found.push_to_hub({f"{USER}/xet"!r}))
""",
    )
    assert model == "cnn"
    assert any("xet-write-token" in line for line in hub.requests)
    assert "the connection broke" in sentence and sentence.endswith("; try again.")
    assert "\n" not in sentence


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
    assert row["mnist"] == "99.10 %" and row["size"] == "580 KB"


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
