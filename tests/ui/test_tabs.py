"""What lies behind the page's components, without a browser."""

import math

import numpy as np
import pytest
import torch

import digitnet
from digitnet.drawing import parse_drawing
from digitnet.explain.adversarial import NORMS
from digitnet.explain.distortions import DISTORTIONS
from digitnet.ui import test_predictions
from digitnet.ui.components.answer import answer
from digitnet.ui.components.base import svg_points
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis
from digitnet.ui.components.closeup import closeup
from digitnet.ui.components.confusion import cells
from digitnet.ui.components.distorted import compute_trial, curves_chart, distorted, distortion_axis
from digitnet.ui.components.gallery import label_tiles, prediction_tiles
from digitnet.ui.components.layers import layers
from digitnet.ui.components.nudge import nudge
from digitnet.ui.components.sketchpad import PEN_WIDTH, SIZE, examples, sketchpad_value
from digitnet.ui.tabs.break_it import checked_value
from digitnet.ui.tabs.common import checked_number
from digitnet.ui.test_predictions import DISPUTED, Selection, TestPredictions
from tests.conftest import PROJECT

SEVEN = [[(0, 0), (10, 0), (4, 20)]]
RECIPE = "article"
LINEAR = (RECIPE, "linear")


@pytest.fixture(scope="module")
def predictions(article, test_set):
    by_key = {(RECIPE, name): classifier for name, classifier in article.items()}
    background = TestPredictions(by_key, *test_set)
    background.recognise()
    return background.so_far()


def test_answer_puts_the_chosen_model_in_front(classifiers):
    shown = answer(classifiers, "cnn", parse_drawing(SEVEN))
    assert shown["digit"] == 7 and not shown["blank"]
    assert [row["model"] for row in shown["models"]] == ["linear", "nonlinear", "cnn"]
    assert shown["disagreement"] == any(row["predicted"] != "7" for row in shown["models"])
    assert [step["name"] for step in shown["stages"] if step["seen"]] == ["centred"]
    assert shown["image"].startswith("data:image/png;base64,")


def test_answer_to_nothing_is_no_digit(classifiers):
    shown = answer(classifiers, "linear", [])
    assert shown["blank"] and shown["digit"] is None and not shown["disagreement"]
    assert answer({}, None, parse_drawing(SEVEN))["blank"]


def test_a_visitor_cannot_name_a_file():
    for payload in (str(PROJECT / "weights" / "article" / "accuracy.png"), {"path": "x.png"}):
        with pytest.raises(ValueError, match="list of strokes"):
            sketchpad_value(payload)


class Interrupted:
    """A classifier that recognises one batch, and no more."""

    def __init__(self, classifier):
        self.classifier, self.metadata = classifier, classifier.metadata
        self.batches = 0

    def logits(self, images):
        self.batches += 1
        if self.batches > 1:
            raise InterruptedError
        return self.classifier.logits(images)


def test_what_is_recognised_so_far_is_answered_from(article, test_set, predictions, monkeypatch):
    monkeypatch.setattr(test_predictions, "TURN_SECONDS", 60)  # linear is done in its first turn
    by_key = {LINEAR: article["linear"], (RECIPE, "cnn"): Interrupted(article["cnn"])}
    background = TestPredictions(by_key, *test_set)
    waiting = prediction_tiles(background.so_far(), LINEAR, Selection())
    assert waiting["progress"] == "0 of 10,000 recognised" and waiting["placeholders"]
    with pytest.raises(InterruptedError):
        background.recognise()
    partly = background.so_far()
    assert not partly.finished and predictions.finished
    assert not background.will_grow  # so the page does not go on asking
    done = len(partly.probabilities((RECIPE, "cnn")))
    assert 0 < done < 10_000 == len(partly.probabilities(LINEAR))
    key = (RECIPE, "cnn")
    for among in ("every image", "the models disagree", "only the largest model is right"):
        shown = partly.indices(key, Selection(among=among))
        assert (shown < done).all()
    assert (partly.predicted(key) == predictions.predicted(key)[:done]).all()
    assert partly.confusion(key).sum() == done
    tiles = prediction_tiles(partly, key, Selection())
    assert tiles["progress"] == f"{done:,} of 10,000 recognised"
    assert tiles["shown"] == f"{done:,} shown"
    assert [row["model"] for row in closeup(partly, RECIPE, 9_999)["models"]] == ["linear"]


def test_predictions_are_the_models_own(predictions, article, test_set):
    expected = [p.digit for p in article["linear"].predict_batch(list(test_set[0][:300].numpy()))]
    assert np.mean(predictions.predicted(LINEAR)[:300] == expected) > 0.99


def test_outcomes_divide_the_test_images(predictions, test_set):
    pages = {
        outcome: prediction_tiles(predictions, LINEAR, Selection(outcome, true_digit=4))
        for outcome in ("all", "right", "wrong")
    }
    assert len({page["summary"] for page in pages.values()}) == 1
    counts = {name: int(page["shown"].split()[0].replace(",", "")) for name, page in pages.items()}
    assert counts["right"] + counts["wrong"] == counts["all"] == int((test_set[1] == 4).sum())
    assert pages["wrong"]["pages"] == -(-counts["wrong"] // 60)
    assert {tile["outcome"] for tile in pages["wrong"]["tiles"]} == {"wrong"}


@pytest.mark.parametrize(("asked", "got"), [(-3, 1), (2, 2), (10_000, 167)])
def test_pages_stay_in_range(predictions, asked, got):
    assert prediction_tiles(predictions, LINEAR, Selection(), asked)["page"] == got


def test_grid_shows_sixteen_different_images(test_set):
    tiles = label_tiles(*(half.numpy() for half in test_set), seed=1)["tiles"]
    assert len({tile["title"] for tile in tiles}) == 16


def test_selections_against_a_second_way_of_choosing(predictions, test_set):
    labels = test_set[1].numpy()
    said = {name: predictions.predicted((RECIPE, name)) for name in digitnet.available_models()}
    only_cnn = [
        index
        for index, label in enumerate(labels)
        if [name for name in said if said[name][index] == label] == ["cnn"]
    ]
    disagreed = [i for i in range(len(labels)) if len({said[name][i] for name in said}) > 1]
    chosen = predictions.indices(LINEAR, Selection(among="only the largest model is right"))
    assert chosen.tolist() == only_cnn
    chosen = predictions.indices(LINEAR, Selection(among="the models disagree"))
    assert chosen.tolist() == disagreed
    confused = predictions.indices(LINEAR, Selection(true_digit=4, predicted_digit=9))
    assert predictions.confusion(LINEAR)[4, 9] == len(confused) > 0
    assert set(labels[confused]) == {4} and set(said["linear"][confused]) == {9}


def test_the_most_confidently_wrong_first(predictions, test_set):
    chosen = predictions.indices(LINEAR, Selection("wrong", order="most confident"))
    confidence = predictions.probabilities(LINEAR)[chosen].max(1)
    assert (np.diff(confidence) <= 0).all()
    assert (predictions.predicted(LINEAR)[chosen] != test_set[1].numpy()[chosen]).all()
    backwards = predictions.indices(LINEAR, Selection("wrong", order="least confident"))
    assert set(backwards) == set(chosen) and confidence[0] > confidence[-1]


def test_disputed_labels_are_left_out_of_one_accuracy(predictions, test_set):
    right = predictions.predicted(LINEAR) == test_set[1].numpy()
    undisputed = [right[i] for i in range(len(right)) if i not in DISPUTED]
    assert len(undisputed) == 9985
    assert predictions.accuracy(LINEAR, without_disputed=True) == pytest.approx(
        sum(undisputed) / 9985
    )
    assert predictions.accuracy(LINEAR) == pytest.approx(right.mean())


def test_closeup_shows_every_models_bars(predictions, test_set):
    shown = closeup(predictions, RECIPE, 9729)
    assert shown["label"] == int(test_set[1][9729]) and shown["disputed"]
    for row in shown["models"]:
        assert sum(float(bar["percent"]) for bar in row["bars"]) == pytest.approx(100, abs=0.6)
        assert (row["digit"] == shown["label"]) == (row["outcome"] == "right")


def test_confusion_cells_shade_mistakes_only():
    counts = np.diag(np.arange(10, 20))
    counts[4, 9] = 8
    counts[9, 4] = 2
    rows = cells(counts, "cnn")["rows"]
    shares = {(c["actual"], c["predicted"]): c["share"] for row in rows for c in row["cells"]}
    assert shares.pop((4, 9)) == 100 and shares.pop((9, 4)) == 25
    assert set(shares.values()) == {0}


def test_layers_add_up(classifiers):
    for network in layers(classifiers):
        parts = [row["parameters"] for row in network["layers"] if row["parameters"]]
        total = sum(int(part.replace(",", "")) for part in parts)
        assert f"{total:,}" == network["total"]


def test_a_chart_places_its_corners():
    curve = Series("rise", [(0, 0), (10, 1), (20, 2)], marks=[(10, 0.5)])
    shown = chart("t", [curve], Axis("x", 0, 10, [(0, "0")]), percent_axis("y"))
    assert shown["series"][0]["points"] == "48.0,184.0 340.0,10.0 340.0,10.0"
    assert shown["series"][0]["marks"] == [{"x": 340.0, "y": 97.0}]
    assert [tick["label"] for tick in shown["y_ticks"]] == ["0 %", "25 %", "50 %", "75 %", "100 %"]


def test_examples_are_drawings_of_their_digits(classifiers):
    for example in examples():
        drawing = [
            [tuple(map(float, point.split(","))) for point in stroke.split()]
            for stroke in example["strokes"]
        ]
        assert all(0 <= value <= SIZE for stroke in drawing for point in stroke for value in point)
        assert classifiers["cnn"].predict(drawing).answer == int(example["digit"])


def test_a_dot_is_drawn_as_a_line_of_no_length():
    assert svg_points(np.array([[420.0, 395.0]])) == "420.0,395.0 420.0,395.0"


def test_a_test_image_on_the_sketchpad_is_a_number():
    assert sketchpad_value({"test_image": 7, "picture": "x"}) == {"test_image": 7}
    for wrong in ({"test_image": "7"}, {"test_image": True}, {"test_image": 7.5}, {}):
        with pytest.raises(ValueError, match="list of strokes"):
            sketchpad_value(wrong)


def test_ink_no_wider_than_the_pen_is_not_yet_a_digit():
    def seen(size, x=500):
        drawing = [[[x, 500], [x + size, 500 + size / 3], [x, 500 + size]]]
        return bool(sketchpad_value(drawing))

    assert not any(seen(size) for size in (0, 1, PEN_WIDTH - 1))
    assert seen(PEN_WIDTH) and seen(PEN_WIDTH, x=0) and seen(900, x=50)


def test_a_distorted_digit_and_its_curves(classifiers):
    image = digitnet.to_image(SEVEN)
    distortion = DISTORTIONS["scale"]
    trial = compute_trial(classifiers, image, None, distortion)
    assert trial.true_digit("cnn") == 7 and trial.true_digit("cnn", 4) == 4
    assert compute_trial({}, image, 3, distortion).true_digit("cnn") == 3
    shown = distorted(trial, "cnn", 7, 0.4)
    assert shown["caption"] == "0.4 times the size"
    for row in shown["models"]:
        small = distortion(torch.from_numpy(image)[None], 0.4)
        (prediction,) = classifiers[row["model"]].predict_images(small)
        assert row["percent"] == f"{100 * prediction.probabilities[7]:.1f} %"
        assert row["chosen"] == (row["model"] == "cnn")
    drawn = curves_chart(trial, 7, 1.0)
    # 1.0 lies 0.6 of 1.4 to the right of 0.4; the chart's field is 292 wide.
    assert drawn["series"][-1]["points"] == f"{48 + 292 * 0.6 / 1.4:.1f},184.0 173.1,10.0"
    assert [one["name"] for one in drawn["series"]] == [*classifiers, "the slider"]


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=list(DISTORTIONS))
def test_every_distortion_has_a_tick_where_it_changes_nothing(distortion):
    axis = distortion_axis(distortion)
    values = [at for at, _ in axis.ticks]
    assert distortion.identity in values
    assert (values[0], values[-1]) == (distortion.low, distortion.high)


def test_nudges_name_who_falls_for_them(classifiers):
    shown = nudge(classifiers, "linear", digitnet.to_image(SEVEN), 2)
    for way in shown["ways"]:
        by_model = {row["model"]: row for row in way["models"]}
        assert by_model["linear"]["predicted"] == "2" and by_model["linear"]["fooled"]
        assert all(row["fooled"] == (row["predicted"] == "2") for row in by_model.values())
    assert nudge(classifiers, "cnn", digitnet.to_image(SEVEN), 7)["already"]


def test_a_nudge_out_of_reach_is_said_to_be(classifiers, monkeypatch):
    monkeypatch.setitem(NORMS, "l2", 0.01)
    l2, linf = nudge(classifiers, "cnn", digitnet.to_image(SEVEN), 2)["ways"]
    assert not l2["found"] and l2["bound"] == "0.01" and linf["found"]


@pytest.mark.parametrize("value", [None, "5", 0, 168, 1.5, True, [1]])
def test_a_number_that_is_none_or_out_of_range_is_told_the_range(value):
    assert checked_number(167, 167, "The page", first=1) == 167
    with pytest.raises(ValueError, match="The page must be a whole number from 1 to 167"):
        checked_number(value, 167, "The page", first=1)


@pytest.mark.parametrize("value", ["5", None, [5], math.nan, math.inf, 91, -91, {}])
def test_the_slider_takes_numbers_in_its_range_only(value):
    rotate = DISTORTIONS["rotate"]
    assert checked_value(-90, rotate) == -90.0
    with pytest.raises(ValueError, match="number from -90 to 90"):
        checked_value(value, rotate)
