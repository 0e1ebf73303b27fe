import json

import pytest
import torch
from safetensors.torch import save_file

from digitnet import weights
from digitnet.metrics import read_metrics
from digitnet.models import available_models, build
from digitnet.weights import (
    Metadata,
    WeightsError,
    load_weights,
    save_weights,
    write_atomically,
)


@pytest.fixture
def saved(tmp_path):
    """A weights file of an untrained small network, and that network."""
    model = build("nonlinear", 5)
    path = tmp_path / "nonlinear.safetensors"
    save_weights(model, Metadata("nonlinear", "article", 5, 0.25), path)
    return path, model


@pytest.mark.parametrize("name", available_models())
def test_what_is_saved_is_loaded(name, tmp_path):
    model = build(name, 3)
    metadata = Metadata(name, "some recipe", 3, 0.123456789)
    path = tmp_path / "new folder" / "file.safetensors"
    save_weights(model, metadata, path)
    resources, read = load_weights(path)
    assert read == metadata
    for (key, ours), (other, theirs) in zip(
        model.state_dict().items(), resources.state_dict().items(), strict=True
    ):
        assert key == other and torch.equal(ours, theirs)


def test_failed_write_leaves_the_old_file_whole(saved, monkeypatch):
    path, _ = saved
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(weights.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]  # and no rubbish beside it


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(b""), "not a whole safetensors file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "not a whole safetensors file"),
        (lambda path: path.write_bytes(b"\xff" * 100), "not a whole safetensors file"),
        (lambda path: save_file({"a": torch.zeros(1)}, path), "format version None"),
    ],
)
def test_broken_file_is_named(saved, harm, sentence):
    path, _ = saved
    harm(path)
    with pytest.raises(WeightsError, match=sentence) as raised:
        load_weights(path)
    assert str(path) in str(raised.value)


ENTRY = {"test_accuracy": 0.5, "parameters": 3190}


@pytest.mark.parametrize(
    "content",
    ["[]", "[", "{}", '{"models": null}', '{"models": {"cnn": {}}}']
    + [
        json.dumps({"models": {model: ENTRY | more}})
        for model, more in [
            ("${alert(1)}", {}),
            ("cnn", {"test_accuracy": float("nan")}),
            ("cnn", {"test_accuracy": 10**400}),
            ("cnn", {"recipe": None}),
            ("cnn", {"recipe": {"digits": "many"}}),
            ("cnn", {"calibration_error": "none"}),
            ("cnn", {"training_curve": [{"loss": 1}]}),
            ("cnn", {"reliability": [[1]]}),
            ("cnn", {"robustness": [1]}),
            ("cnn", {"robustness": {"curves": {}}}),
            ("cnn", {"robustness": {"curves": {"blur": [{"value": 1}]}, "nudges": {}}}),
            ("cnn", {"robustness": {"curves": {}, "nudges": {"l2": {"mean": "1", "found": 1}}}}),
            ("cnn", {"test_drawings": [[1]]}),
            ("cnn", {"test_drawings": {"name": 1, "count": 1, "accuracy": 1}}),
            (
                "cnn",
                {
                    "test_drawings": {
                        "name": "",
                        "count": 1,
                        "accuracy": 1,
                        "squeezed_accuracy": "1",
                    }
                },
            ),
        ]
    ],
)
def test_odd_metrics_are_named(tmp_path, content):
    (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(WeightsError, match=r"metrics\.json"):
        read_metrics(tmp_path)


def test_metrics_need_no_more_than_accuracy_and_size(tmp_path):
    (tmp_path / "metrics.json").write_text(json.dumps({"models": {"cnn": ENTRY}}))
    assert read_metrics(tmp_path).models["cnn"].parameters == 3190


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"format_version": "99"}, "format version 99"),
        ({"model": "../cnn"}, "known are linear, nonlinear, cnn"),
        ({"model": "linear", "hidden_units": "6"}, "does not hold the tensors"),
        ({"hidden_units": "4096"}, "does not hold the tensors"),
        ({"hidden_units": "1000000000000"}, "describes no network"),
        ({"hidden_units": "1" + 30 * "0"}, "describes no network"),
        ({"hidden_units": "1" + 5000 * "0"}, "lacks valid metadata"),
        ({"hidden_units": "0"}, "describes no network"),
        ({"hidden_units": "many"}, "lacks valid metadata"),
        ({"test_accuracy": None}, "lacks valid metadata"),
        ({"test_accuracy": "nan"}, "lacks a valid test accuracy"),
        ({"temperature": "1e-300"}, "lacks a valid temperature"),
        ({"threshold": "inf"}, "lacks a valid temperature and threshold"),
        ({"threshold": 10_000 * "yes "}, "lacks valid metadata"),
    ],
)
def test_lying_metadata_is_refused(saved, changes, sentence):
    path, model = saved
    strings = Metadata("nonlinear", "article", 5, 0.25).to_strings() | changes
    strings = {name: value for name, value in strings.items() if value is not None}
    save_file(model.state_dict(), path, metadata=strings)
    with pytest.raises(WeightsError, match=sentence) as raised:
        load_weights(path)
    assert str(path) in str(raised.value) and len(str(raised.value)) < len(str(path)) + 200


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e38])
def test_weights_that_give_no_finite_logits_are_refused(saved, number):
    path, model = saved
    metadata = Metadata("nonlinear", "article", 5, 0.25).to_strings()
    for name, value in model.state_dict().items():
        odd = value.clone()
        odd.flatten()[-1] = number
        save_file(model.state_dict() | {name: odd}, path, metadata=metadata)
        with pytest.raises(WeightsError, match="not finite, or too large") as raised:
            load_weights(path)
        assert str(path) in str(raised.value)


def test_extra_or_odd_tensors_are_refused(saved):
    path, model = saved
    metadata = Metadata("nonlinear", "article", 5, 0.25).to_strings()
    tensors = model.state_dict()
    for wrong in (
        tensors | {"extra": torch.zeros(1)},
        {name: value.double() for name, value in tensors.items()},
        dict(list(tensors.items())[1:]),
    ):
        save_file(wrong, path, metadata=metadata)
        with pytest.raises(WeightsError, match="does not hold the tensors"):
            load_weights(path)
