"""A training that is watched: its settings, its reports, its process, and what is kept of it."""

import dataclasses
import io
import math

import numpy as np
import pytest
import torch
from safetensors.torch import load

import digitnet
from digitnet.models import available_models, build
from digitnet.training.recipes import RECIPES
from digitnet.training.trainer import calibrate
from digitnet.training.loop import fit
from digitnet.ui.resources import Loaded
from digitnet.ui.trained_model import classifiers_of, keep, network_of, predictions_of
from digitnet.ui.test_predictions import OWN, Selection, TestPredictions
from digitnet.ui.components.training_progress import curves, first_layer, over, sheet, under_way
from digitnet.training.process import TrainingProcess, train_in_a_process
from digitnet.training.worker import Report, Settings, reports

NUMBERS = (4, 1, 1e-3, 32, 6_000, 0)
LINEAR = Settings.checked("linear", "baseline", *NUMBERS)
CNN = Settings.checked("cnn", "augmented", 2, 1, 1e-3, 32, 400, 0)


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
        Settings.checked("linear", "baseline", *numbers)


@pytest.mark.parametrize(
    ("model", "recipe", "numbers"),
    [
        ("resnet", "baseline", NUMBERS),
        (["linear"], "baseline", NUMBERS),
        ("linear", "../weights", NUMBERS),
        ("linear", None, NUMBERS),
        ("linear", "baseline", NUMBERS[1:]),
        ("linear", "baseline", (4.5, *NUMBERS[1:])),
        ("cnn", "baseline", (33, *NUMBERS[1:])),
    ],
)
def test_what_does_not_exist_cannot_be_trained(model, recipe, numbers):
    with pytest.raises(ValueError, match=r"^[^.]+\.$"):
        Settings.checked(model, recipe, *numbers)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("model", available_models())
def test_the_recipes_own_numbers_are_the_recipe(model, recipe):
    own = RECIPES[recipe][model]
    numbers = (4, own.epochs, own.learning_rate, own.batch_size, 60_000, 0)
    assert Settings.checked(model, recipe, *numbers).to_recipe() == own
    few = Settings.checked(model, recipe, *numbers[:4], 600, 0).to_recipe()
    assert few.digits == own.digits // 100 and few.held_back == 0


# ---- reports ------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [LINEAR, CNN], ids=lambda settings: settings.model)
def test_watching_changes_nothing(settings, train_set):
    """The weights of the plain loop, bit for bit."""
    images, labels = (half[: settings.images] for half in train_set)
    torch.manual_seed(0)
    network = build(settings.model, settings.hidden_units)
    list(fit(network, images, labels, settings.to_recipe(), 0))
    watched = list(reports(settings, 300))
    assert watched[-1].ended == "whole" and watched[-1].done == 1
    assert all(not report.ended for report in watched[:-1])
    assert same(load(watched[-1].weights), network.state_dict())


def test_time_is_up_and_what_was_learned_is_kept():
    long = dataclasses.replace(LINEAR, epochs=30, images=60_000)
    *_, last = reports(long, 0.0)
    assert last.ended == "late" and 0 < last.done < 1
    assert over(long, last, False, None, np.zeros((4, 28, 28)))["says"].startswith("Time was up")


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


# ---- what is kept -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(classifiers, test_set):
    by_key = {("augmented", name): classifier for name, classifier in classifiers.items()}
    predictions = TestPredictions(by_key, *(half[:1_000] for half in test_set))
    return Loaded(classifiers={"augmented": classifiers}, predictions=predictions)


@pytest.mark.parametrize(
    "settings",
    [LINEAR, CNN, Settings.checked("nonlinear", "augmented", 4, 1, 5e-3, 64, 10_000, 1)],
    ids=lambda settings: settings.model,
)
def test_the_file_gives_the_probabilities_that_the_page_shows(settings, loaded, test_set):
    *_, last = reports(settings, 300)
    own = keep(settings, last.weights, loaded)
    try:
        again = digitnet.load(settings.model, source=own.file, device="cpu")
        images = test_set[0][:200]
        expected = np.stack([p.probabilities for p in again.predict_images(images.float() / 255)])
        np.testing.assert_allclose(own.probabilities[:200], expected, atol=1e-5)
        assert again.metadata.recipe == settings.recipe
        right = own.probabilities.argmax(1) == loaded.predictions.labels
        assert again.metadata.test_accuracy == pytest.approx(right.mean())
        assert (again.metadata.temperature != 1) == bool(settings.to_recipe().held_back)
    finally:
        own.forget()
    assert not own.file.parent.exists()


def test_ones_own_model_stands_among_the_others(loaded, classifiers):
    *_, last = reports(LINEAR, 300)
    own = keep(LINEAR, last.weights, loaded)
    own.forget()
    assert list(classifiers_of(loaded, "augmented", own)) == [*classifiers, OWN]
    assert classifiers_of(loaded, "augmented", None) == classifiers
    predictions = predictions_of(loaded.predictions, own)
    key = ("augmented", OWN)
    assert key in predictions and key not in loaded.predictions
    assert predictions.models("augmented") == [*classifiers, OWN]
    wrong = predictions.indices(key, Selection("wrong"))
    assert len(wrong) == round((1 - own.classifier.metadata.test_accuracy) * 1_000)
    others = predictions.predicted(("augmented", "cnn"))
    assert (others == loaded.predictions.predicted(("augmented", "cnn"))).all()


def test_nothing_held_back_is_nothing_calibrated(train_set):
    assert calibrate(build("linear"), LINEAR.to_recipe(), *train_set, 0) == 1


# ---- what is shown ------------------------------------------------------------------------------


def test_the_small_networks_look_for_their_weights():
    network = build("nonlinear", 3)
    pictures = first_layer(network, np.zeros((28, 28), np.uint8))
    weights = network.layers[1].weight.detach().numpy().reshape(3, 28, 28)
    assert (np.sign(pictures) == np.sign(weights)).all()
    assert np.abs(pictures).max(axis=(1, 2)) == pytest.approx(1)


def test_the_cnn_shows_its_kernels_and_what_they_answer(test_set):
    network = build("cnn", 3)
    image = test_set[0][0].numpy()
    pictures = first_layer(network, image)
    kernels = network.layers[0].weight.detach().numpy()[:, 0]
    assert pictures.shape == (3, 27, 55) and np.isnan(pictures[:, :, 27]).all()
    for kernel, picture in zip(kernels, pictures, strict=True):
        answers = np.zeros((27, 27))
        for y, x in np.ndindex(27, 27):
            answers[y, x] = (image[y : y + 2, x : x + 2] / 255 * kernel).sum()
        np.testing.assert_allclose(picture[:, 28:], answers / np.abs(answers).max(), atol=1e-5)
        corners = picture[[[0], [26]], [[0, 26]]]
        np.testing.assert_allclose(corners, kernel / np.abs(kernel).max(), atol=1e-6)


def test_the_sheet_tells_signs_by_colour():
    picture = np.array([[[1.0, 0.0], [-1.0, np.nan]]])
    (toward, nothing), (against, paper) = sheet(picture).tolist()
    assert toward[2] > toward[0] and against[0] > against[2]  # blue; orange
    assert nothing == [0, 0, 0] and paper == [200, 200, 200]
    assert sheet(np.zeros((9, 28, 28))).shape == (2 * 30 - 2, 8 * 30 - 2, 3)


def test_time_left_is_told_where_it_is_long():
    pictures = np.zeros((4, 28, 28))

    def shown(done, seconds):
        return under_way(LINEAR, Report(1, done, 1.0, 0.5, seconds, b""), 300, pictures)["left"]

    assert shown(0.5, 1.0) == ""
    assert shown(0.25, 10.0) == "about 30 s left"
    assert shown(0.01, 10.0) == "stops in 5 min, when time is up"


def test_curves_stay_short_however_long_the_training():
    history = [Report(1, at / 2_000, 1.0, 0.5, at, b"") for at in range(2_001)]
    loss, accuracy = curves(LINEAR, history)
    for chart in (loss, accuracy):
        points = chart["series"][0]["points"].split()
        assert len(points) <= 301 and points[-1].startswith("340.0,")


def test_a_report_makes_the_network_it_came_from():
    *_, last = reports(LINEAR, 300)
    assert same(network_of(LINEAR, last.weights).state_dict(), load(last.weights))
