"""What lies behind the page's components, without a browser."""

import subprocess
import sys

import gradio as gr
import numpy as np
import pytest

from digitnet.ui.accuracy import bars
from digitnet.ui.answer import answer
from digitnet.ui.gallery import (
    Selection,
    TestPredictions,
    tiles_of_labels,
    tiles_of_predictions,
)
from digitnet.ui.sketchpad import Sketchpad
from tests.conftest import PROJECT

SEVEN = [[(0, 0), (10, 0), (4, 20)]]
LINEAR = ("baseline", "linear")


@pytest.fixture(scope="module")
def predictions(classifiers, test_set):
    by_key = {("baseline", name): classifier for name, classifier in classifiers.items()}
    return TestPredictions(by_key, *test_set)


def test_answer_puts_the_chosen_model_in_front(classifiers):
    shown = answer(classifiers, "cnn", SEVEN)
    assert shown["digit"] == 7 and not shown["blank"]
    assert [other["model"] for other in shown["others"]] == ["linear", "nonlinear"]
    assert shown["disagreement"] == any(other["digit"] != 7 for other in shown["others"])
    assert shown["image"].startswith("data:image/png;base64,")


def test_answer_to_nothing_is_no_digit(classifiers):
    shown = answer(classifiers, "linear", [])
    assert shown["blank"] and shown["digit"] is None
    assert answer({}, None, SEVEN)["blank"]


def test_a_visitor_cannot_name_a_file():
    for payload in (str(PROJECT / "weights" / "baseline" / "accuracy.png"), {"path": "x.png"}):
        with pytest.raises(gr.Error, match="list of strokes"):
            Sketchpad().preprocess(payload)


def test_predictions_are_the_models_own(predictions, classifiers, test_set):
    expected = [
        p.digit for p in classifiers["linear"].predict_batch(list(test_set[0][:300].numpy()))
    ]
    assert np.mean(predictions.predicted(LINEAR)[:300] == expected) > 0.99


def test_outcomes_divide_the_test_images(predictions, test_set):
    pages = {
        outcome: tiles_of_predictions(predictions, LINEAR, Selection(outcome, 4, 1))
        for outcome in ("all", "right", "wrong")
    }
    assert len({page["summary"] for page in pages.values()}) == 1
    right, wrong = (
        int(part.split()[0].replace(",", "")) for part in pages["all"]["summary"].split(", ")
    )
    assert right + wrong == int((test_set[1] == 4).sum())
    assert pages["wrong"]["pages"] == -(-wrong // 60)
    assert {tile["outcome"] for tile in pages["wrong"]["tiles"]} == {"wrong"}


@pytest.mark.parametrize(("asked", "got"), [(-3, 1), (2, 2), (10_000, 167)])
def test_pages_stay_in_range(predictions, asked, got):
    assert tiles_of_predictions(predictions, LINEAR, Selection(page=asked))["page"] == got


def test_grid_shows_sixteen_different_images(test_set):
    tiles = tiles_of_labels(*(half.numpy() for half in test_set), seed=1)["tiles"]
    assert len({tile["title"] for tile in tiles}) == 16


def test_accuracy_bars_follow_the_registry():
    entry = {"test_accuracy": 0.9876, "parameters": 3190}
    shown = bars({"models": {"cnn": entry, "linear": entry}})
    assert [bar["model"] for bar in shown] == ["linear", "cnn"]
    assert shown[0]["percent"] == "98.76" and shown[0]["parameters"] == "3,190"
    assert bars(None) == []


def test_serving_imports_no_torchvision_and_no_training_code():
    unwanted = {"torchvision", "matplotlib", "train", "digitnet.training"}
    code = f"import sys, app; print({unwanted} & set(sys.modules) or 'none')"
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=120
    )
    assert finished.stdout.splitlines()[-1] == "none", finished.stderr
