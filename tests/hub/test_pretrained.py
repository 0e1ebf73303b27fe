"""`from_pretrained` and `push_to_hub`, by the real client on a stand-in for the Hub."""

import re
import shutil

import numpy as np
import onnxruntime
import pytest
import torch

import digitnet
from digitnet.weights import WEIGHTS_FOLDER
from tests.hub.conftest import ALL, CNN
from tests.hub.stand_in import TOKEN, USER, Repository
from tests.hub.test_push import python

DRAWING = [[(0, 0), (10, 0), (4, 20)]]


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


def test_without_names_the_only_recipe_and_the_largest_model_are_taken(tmp_path):
    (tmp_path / "article").mkdir()
    for model in ("linear", "nonlinear"):
        shutil.copy(WEIGHTS_FOLDER / "article" / f"{model}.safetensors", tmp_path / "article")
    metadata = digitnet.Classifier.from_pretrained(tmp_path).metadata
    assert (metadata.model, metadata.recipe) == ("nonlinear", "article")
    metadata = digitnet.Classifier.from_pretrained(WEIGHTS_FOLDER).metadata
    assert (metadata.model, metadata.recipe) == ("cnn", "drawings")


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
