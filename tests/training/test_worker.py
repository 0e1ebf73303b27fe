"""A training that is watched: its settings, its reports, its process, and what is kept of it."""

import dataclasses
import io
import math
import weakref

import gradio as gr
import numpy as np
import pytest
import torch
from safetensors.torch import load, save

import digitnet
from digitnet.models import available_models, build
from digitnet.training.loop import fit
from digitnet.training.recipes import RECIPES
from digitnet.training.settings import Settings
from digitnet.training.trainer import calibrate
from digitnet.training.worker import Report, reports
from digitnet.training.worker_client import TrainingProcess, train_in_a_process
from digitnet.ui.components.comparison import comparison_rows
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.components.training_answer import contact_sheet, first_layer, training_answer
from digitnet.ui.components.training_progress import Point, curves, over, under_way
from digitnet.ui.resources import Resources
from digitnet.ui.tabs import train_it
from digitnet.ui.tabs.common import add_choice
from digitnet.ui.test_predictions import YOURS, Selection, TestPredictions
from digitnet.ui.trained_model import classifiers_of, make_trained_model, network_of, predictions_of

NUMBERS = (4, 1, 1e-3, 32, 6_000, 0)
LINEAR = Settings.checked("linear", "article", *NUMBERS)
CNN = Settings.checked("cnn", "drawings", 2, 1, 1e-3, 32, 400, 0)


def same(weights, others):
    return weights.keys() == others.keys() and all(
        torch.equal(weights[name], others[name]) for name in weights
    )


# ---- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("position", range(6))
@pytest.mark.parametrize(
    "wrong", [None, "4", True, math.nan, math.inf, -1, 1e12, [4], {}, 10**400], ids=repr
)
def test_a_wrong_number_gets_one_sentence(position, wrong):
    numbers = [*NUMBERS]
    numbers[position] = wrong
    with pytest.raises(ValueError, match=r"^The [a-z ]+ must be a [a-z ]+ from \S+ to [\d,]+\.$"):
        Settings.checked("linear", "article", *numbers)


@pytest.mark.parametrize(
    ("model", "recipe", "numbers"),
    [
        ("resnet", "article", NUMBERS),
        (["linear"], "article", NUMBERS),
        ("linear", "../weights", NUMBERS),
        ("linear", None, NUMBERS),
        ("linear", "article", NUMBERS[1:]),
        ("linear", "article", (4.5, *NUMBERS[1:])),
        ("cnn", "article", (33, *NUMBERS[1:])),
    ],
)
def test_what_does_not_exist_cannot_be_trained(model, recipe, numbers):
    with pytest.raises(ValueError, match=r"^[^.]+\.$"):
        Settings.checked(model, recipe, *numbers)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("model", available_models())
def test_the_recipes_own_numbers_are_the_recipe(model, recipe):
    own = RECIPES[recipe].for_model(model)
    numbers = (4, own.epochs, own.learning_rate, own.batch_size, 60_000, 0)
    assert Settings.checked(model, recipe, *numbers).to_hyperparameters() == own
    few = Settings.checked(model, recipe, *numbers[:4], 600, 0).to_hyperparameters()
    assert few.digits == own.digits // 100 and few.held_back == 0


# ---- reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [LINEAR, CNN], ids=lambda settings: settings.model)
def test_watching_changes_nothing(settings, train_set):
    """The weights of the plain loop, bit for bit."""
    images, labels = (half[: settings.images] for half in train_set)
    torch.manual_seed(0)
    network = build(settings.model, settings.hidden_units)
    list(fit(network, images, labels, settings.to_hyperparameters(), 0))
    watched = list(reports(settings, 300))
    assert watched[-1].ended == "whole" and watched[-1].done == 1
    assert all(not report.ended for report in watched[:-1])
    assert same(load(watched[-1].weights), network.state_dict())


def test_time_is_up_and_what_was_learned_is_kept():
    long = dataclasses.replace(LINEAR, epochs=30, images=60_000)
    *_, last = reports(long, 0.0)
    assert last.ended == "late" and 0 < last.done < 1
    shown = over(long, last, False, None, b"")
    assert shown["status"].startswith("Time was up")


def test_a_diverged_training_says_so():
    *_, last = reports(dataclasses.replace(LINEAR, learning_rate=1e30), 300)
    assert last.ended == "diverged"


def test_reports_travel_through_a_pipe():
    report = Report(2, 0.25, 1.5, 0.75, 3.0, b"\n\0weights", "late")
    pipe = io.BytesIO()
    report.write(pipe)
    report.write(pipe)
    content = pipe.getvalue()
    pipe.seek(0)
    assert [Report.read(pipe) for _ in range(3)] == [report, report, None]
    for broken_off_at in (1, content.index(b"\n"), len(content) // 2 - 1):
        assert Report.read(io.BytesIO(content[:broken_off_at])) is None


# ---- the process --------------------------------------------------------------------------------


def test_a_process_trains_what_this_one_would():
    found = [report for report in train_in_a_process(LINEAR, 300) if report]
    *_, expected = reports(LINEAR, 300)
    assert found[-1].ended == "whole"
    assert same(load(found[-1].weights), load(expected.weights))


def test_leaving_ends_the_process():
    process = TrainingProcess()
    news = process.reports(dataclasses.replace(LINEAR, epochs=30, images=60_000), 300)
    while not next(news):
        pass
    assert process.is_alive
    news.close()
    assert not process.is_alive


def test_a_process_that_breaks_off_is_reported():
    process = TrainingProcess()
    news = process.reports(dataclasses.replace(LINEAR, epochs=30, images=60_000), 300)
    while not next(news):
        pass
    process._process.kill()
    assert [report for report in news if report][-1].ended == "broken off"


def test_a_process_ends_when_nobody_can_write_to_it_any_more():
    """As when the page was ended by force."""
    process = TrainingProcess()
    news = process.reports(dataclasses.replace(LINEAR, epochs=30, images=60_000), 300)
    while not next(news):
        pass
    process._process.stdin.close()
    assert [report for report in news if report][-1].ended == "broken off"


# ---- what is kept -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resources(classifiers, test_set):
    by_key = {("drawings", name): classifier for name, classifier in classifiers.items()}
    predictions = TestPredictions(by_key, *(half[:1_000] for half in test_set))
    predictions.recognise()
    return Resources(classifiers={"drawings": classifiers}, predictions=predictions)


@pytest.mark.parametrize(
    "settings",
    [LINEAR, CNN, Settings.checked("nonlinear", "drawings", 4, 1, 5e-3, 64, 10_000, 1)],
    ids=lambda settings: settings.model,
)
def test_the_file_gives_the_probabilities_that_the_page_shows(
    settings, resources, test_set, tmp_path
):
    *_, last = reports(settings, 300)
    own = make_trained_model(settings, last.weights, resources)
    file = tmp_path / "own.safetensors"
    file.write_bytes(own.to_file())
    again = digitnet.load(settings.model, source=file, device="cpu")
    images = test_set[0][:200]
    expected = np.stack([p.probabilities for p in again.predict_images(images.float() / 255)])
    np.testing.assert_allclose(own.probabilities[:200], expected, atol=1e-5)
    assert again.metadata == own.classifier.metadata and again.metadata.recipe == settings.recipe
    right = own.probabilities.argmax(1) == resources.predictions.labels
    assert again.metadata.test_accuracy == pytest.approx(right.mean())
    assert (again.metadata.temperature != 1) == bool(settings.to_hyperparameters().held_back)


def test_ones_own_model_stands_among_the_others(resources, classifiers):
    *_, last = reports(LINEAR, 300)
    own = make_trained_model(LINEAR, last.weights, resources)
    assert list(classifiers_of(resources, "drawings", own)) == [*classifiers, YOURS]
    assert classifiers_of(resources, "drawings", None) == classifiers
    predictions = predictions_of(resources.predictions, own)
    key = ("drawings", YOURS)
    assert key in predictions and key not in resources.predictions.so_far()
    assert predictions.models("drawings") == [*classifiers, YOURS]
    wrong = predictions.indices(key, Selection("wrong"))
    assert len(wrong) == round((1 - own.classifier.metadata.test_accuracy) * 1_000)
    others = predictions.predicted(("drawings", "cnn"))
    assert (others == resources.predictions.so_far().predicted(("drawings", "cnn"))).all()


def test_ones_own_model_is_compared_with_the_others(resources):
    *_, last = reports(LINEAR, 300)
    *others, row = comparison_rows(resources, make_trained_model(LINEAR, last.weights, resources))
    assert others and all(other["model"] != row["model"] for other in others)
    assert (row["model"], row["trained"]) == ("yours (linear)", "as in the article")
    assert row["parameters"] == "3,190" and float(row["milliseconds"]) > 0
    assert row["mnist"].endswith(" %") and row["size"].endswith(" KB")


def test_only_the_newest_report_is_kept(monkeypatch):
    """The weights of all of them would be hundreds of megabytes."""
    weights = save(build("linear").state_dict())
    made = []

    def many(settings):
        for number in range(1, 41):
            report = Report(1, number / 40, 1.0, 0.5, number, weights)
            made.append(weakref.ref(report))
            yield report

    monkeypatch.setattr(train_it, "_reports", many)
    monkeypatch.setattr(train_it, "make_ready", lambda: None)
    with gr.Blocks() as page:
        choice = add_choice(Resources())
        with gr.Tabs() as tabs, gr.Tab("Train it") as tab:
            train_it.add_train_it(Resources(), choice, Sketchpad(), tabs, tab, {})
    functions = {one.name: one.fn for one in page.fns.values()}
    begun = functions["begin"]("linear", "article", *NUMBERS, [], [], None)
    asked = next(value for value in begun.values() if isinstance(value, tuple))
    loss, newest = {}, None
    for _, loss, _, newest in functions["watch"](asked):  # noqa: B007
        assert sum(report() is not None for report in made) <= 2
    assert len(loss["series"][0]["points"].split()) == len(made) == 40
    assert newest[1].done == 1


def test_nothing_held_back_is_nothing_calibrated(train_set):
    assert calibrate(build("linear"), LINEAR.to_hyperparameters(), *train_set, 0) == 1


# ---- what is shown ------------------------------------------------------------------------------


def test_the_small_networks_look_for_their_weights():
    network = build("nonlinear", 3)
    pictures = first_layer(network, np.zeros((28, 28), np.float32))
    weights = network.layers[1].weight.detach().numpy().reshape(3, 28, 28)
    assert (np.sign(pictures) == np.sign(weights)).all()
    assert np.abs(pictures).max(axis=(1, 2)) == pytest.approx(1)


def test_the_cnn_shows_its_kernels_and_what_they_answer(test_set):
    network = build("cnn", 3)
    image = test_set[0][0].float().numpy() / 255
    pictures = first_layer(network, image)
    kernels = network.layers[0].weight.detach().numpy()[:, 0]
    biases = network.layers[0].bias.detach().numpy()
    padded = np.pad(image, 1)
    assert pictures.shape == (3, 29, 59) and np.isnan(pictures[:, :, 29]).all()
    for kernel, bias, picture in zip(kernels, biases, pictures, strict=True):
        answers = np.zeros((29, 29))
        for y, x in np.ndindex(29, 29):
            answers[y, x] = (padded[y : y + 2, x : x + 2] * kernel).sum() + bias
        np.testing.assert_allclose(picture[:, 30:], answers / np.abs(answers).max(), atol=1e-5)
        corners = picture[[[0], [28]], [[0, 28]]]
        np.testing.assert_allclose(corners, kernel / np.abs(kernel).max(), atol=1e-6)


def test_a_trained_network_answers_on_the_pad_as_elsewhere(classifiers):
    classifier = classifiers["cnn"]
    seven = digitnet.drawing.parse_drawing([[[20, 20], [80, 20], [40, 90]]])
    shown = training_answer(classifier.network, seven, classifier.metadata.temperature)
    prediction = classifier.predict(seven)
    assert shown["predicted"] == str(prediction.digit) == "7"
    assert shown["probability"] == f"{100 * prediction.confidence:.1f} %"
    assert shown["bars"] == [f"{100 * value:.1f}" for value in prediction.probabilities]


def test_an_empty_pad_is_not_answered():
    shown = training_answer(build("linear", 3), [])
    assert shown["predicted"] == "–" and set(shown["bars"]) == {"0"} and shown["pictures"]


def test_the_contact_sheet_tells_signs_by_colour():
    picture = np.array([[[1.0, 0.0], [-1.0, np.nan]]])
    (toward, nothing), (against, paper) = contact_sheet(picture).tolist()
    assert toward[2] > toward[0] and against[0] > against[2]  # blue; orange
    assert nothing == [0, 0, 0] and paper == [200, 200, 200]
    assert contact_sheet(np.zeros((9, 28, 28))).shape == (2 * 30 - 2, 8 * 30 - 2, 3)


def test_time_left_is_told_where_it_is_long():
    def shown(done, seconds):
        return under_way(LINEAR, Report(1, done, 1.0, 0.5, seconds, b""), 300)["left"]

    assert shown(0.5, 1.0) == ""
    assert shown(0.25, 10.0) == "about 30 s left"
    assert shown(0.01, 10.0) == "stops in 5 min, when time is up"


def test_curves_stay_short_however_long_the_training():
    for count in (301, 302, 2_001, 2_002):
        history = [Point(at / (count - 1), 1.0, 0.5) for at in range(count)]
        for chart in curves(LINEAR, history):
            points = chart["series"][0]["points"].split()
            assert len(points) <= 301 and points[-1].startswith("340.0,")
            assert len(set(points)) == len(points)


def test_a_report_makes_the_network_it_came_from():
    *_, last = reports(LINEAR, 300)
    assert same(network_of(LINEAR, last.weights).state_dict(), load(last.weights))
