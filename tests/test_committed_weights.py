"""The committed weights are measured again: metrics.json must say what they do."""

import pytest

import digitnet
from digitnet.calibration import calibration_error, reliability
from digitnet.evaluation import compute_logits, evaluate
from digitnet.metrics import read_metrics_by_recipe
from digitnet.weights import WEIGHTS_FOLDER, load_weights

METRICS = read_metrics_by_recipe(WEIGHTS_FOLDER)
ENTRIES = [(recipe, model) for recipe in METRICS for model in METRICS[recipe].models]


def test_every_weights_file_has_its_metrics():
    assert {f"{recipe}/{model}.safetensors" for recipe, model in ENTRIES} == {
        path.relative_to(WEIGHTS_FOLDER).as_posix()
        for path in WEIGHTS_FOLDER.rglob("*.safetensors")
    }
    assert {model for _, model in ENTRIES} == set(digitnet.available_models())


@pytest.mark.parametrize(("recipe", "model"), ENTRIES)
def test_metrics_are_what_is_measured(recipe, model, test_set):
    """Another processor may add in another order, and tip an image that two digits are level on."""
    network, metadata = load_weights(WEIGHTS_FOLDER / recipe / f"{model}.safetensors")
    entry = METRICS[recipe].models[model]
    images, labels = test_set
    logits = compute_logits(network, images) / metadata.temperature
    found = evaluate(logits, labels)
    assert found.accuracy == pytest.approx(entry.test_accuracy, abs=2e-4)
    assert found.loss == pytest.approx(entry.test_loss, rel=1e-3)
    moved = sum(
        abs(ours - theirs)
        for row, other in zip(found.confusion, entry.confusion, strict=True)
        for ours, theirs in zip(row, other, strict=True)
    )
    assert moved <= 8
    error = calibration_error(reliability(logits.softmax(1), labels))
    assert error == pytest.approx(entry.calibration_error, abs=5e-4)
    assert metadata.test_accuracy == entry.test_accuracy
    assert metadata.recipe == recipe and metadata.model == model
    assert metadata.temperature == entry.temperature
    assert digitnet.models.parameter_count(network) == entry.parameters
