import copy
import pickle
import shutil

import numpy as np
import pytest
import torch

import digitnet
from digitnet.synthetic.writer import write_digits
from digitnet.weights import WEIGHTS_FOLDER

SEVEN = [[(0, 0), (10, 0), (4, 20)]]


@pytest.mark.parametrize("name", digitnet.available_models())
def test_predicts_probabilities(name, classifiers, test_set):
    images, labels = test_set[0][:200].numpy(), test_set[1][:200].numpy()
    predictions = classifiers[name].predict_batch(list(images))
    for prediction in predictions:
        assert prediction.probabilities.shape == (10,)
        assert prediction.probabilities.dtype == np.float32
        assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert prediction.digit == prediction.probabilities.argmax()
    floor = {"linear": 0.8, "nonlinear": 0.8, "cnn": 0.97}[name]
    assert np.mean([p.digit == label for p, label in zip(predictions, labels, strict=True)]) > floor


@pytest.mark.parametrize("name", digitnet.available_models())
def test_blank_is_never_guessed(name, classifiers):
    blanks = [[], np.zeros((28, 28), np.uint8), np.full((9, 9, 3), 255, np.uint8)]
    for prediction in classifiers[name].predict_batch(blanks):
        assert prediction.digit is None and not prediction.is_digit
        assert prediction.answer is None
        assert prediction.confidence == 0
        assert prediction.probabilities.sum() == pytest.approx(1)
    assert repr(prediction) == "Prediction(digit=None)"


def test_recognises_a_drawing(classifiers):
    prediction = classifiers["cnn"].predict(SEVEN)
    assert prediction.digit == prediction.answer == 7
    assert repr(prediction).startswith("Prediction(digit=7, confidence=")


NO_DIGITS = {
    "A": [[(0, 10), (4, 0), (8, 10)], [(2, 6), (6, 6)]],
    "E": [[(6, 0), (0, 0), (0, 10), (6, 10)], [(0, 5), (5, 5)]],
    "H": [[(0, 0), (0, 10)], [(7, 0), (7, 10)], [(0, 5), (7, 5)]],
    "M": [[(0, 10), (1, 0), (4, 7), (7, 0), (8, 10)]],
    "X": [[(0, 0), (7, 10)], [(7, 0), (0, 10)]],
    "triangle": [[(5, 0), (0, 9), (10, 9), (5, 0)]],
    "star": [[(2, 10), (5, 0), (8, 10), (0, 4), (10, 4), (2, 10)]],
    "scribble": [[(i, 8 * (i % 2)) for i in range(12)]],
    "dash": [[(0, 0), (10, 0)]],
}


@pytest.mark.parametrize("name", NO_DIGITS)
def test_the_cnn_refuses_what_is_no_digit(name, classifiers):
    prediction = classifiers["cnn"].predict(NO_DIGITS[name])
    assert not prediction.is_digit
    assert prediction.answer is None and prediction.digit is not None
    assert repr(prediction).endswith("is_digit=False)")


def test_the_cnn_takes_digits_for_digits(classifiers, test_set):
    written = write_digits(500, seed=77)
    predictions = classifiers["cnn"].predict_batch(list(written))
    assert np.mean([prediction.is_digit for prediction in predictions]) > 0.97
    found = [prediction.digit for prediction in predictions]
    assert np.mean(np.array(found) == written.labels) > 0.97
    predictions = classifiers["cnn"].predict_images(test_set[0][:500].float() / 255)
    assert np.mean([prediction.is_digit for prediction in predictions]) > 0.97


def test_the_article_recipe_takes_everything_for_a_digit(article):
    assert all(article["cnn"].predict(drawing).is_digit for drawing in NO_DIGITS.values())


def test_an_empty_batch_has_no_predictions(classifiers):
    assert classifiers["linear"].predict_batch([]) == []


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="linear, nonlinear, cnn"):
        digitnet.load("resnet")
    with pytest.raises(ValueError, match="article"):
        digitnet.load("cnn", recipe="secret")
    with pytest.raises(ValueError, match="choose one of cpu"):
        digitnet.load("cnn", device="toaster")


def test_one_file_is_loaded_without_anything_beside_it(tmp_path):
    path = shutil.copy(
        WEIGHTS_FOLDER / "article" / "linear.safetensors", tmp_path / "mine.safetensors"
    )
    assert digitnet.load("linear", source=path).metadata.recipe == "article"
    with pytest.raises(ValueError, match="holds the model 'linear'"):
        digitnet.load("cnn", source=path)


def test_missing_weights_say_how_to_make_them(tmp_path):
    with pytest.raises(ValueError, match=r"cnn\.safetensors is missing; run python train\.py"):
        digitnet.load("cnn", source=tmp_path)


def test_images_out_of_range_get_a_sentence(classifiers):
    image = np.zeros((1, 28, 28), np.float32)
    for wrong in (image + 1.5, image - 1, image + np.nan, image.astype(np.int64), image[0]):
        with pytest.raises(ValueError, match=r"^Images are float32 \[N, 28, 28\] in 0\.\.1"):
            classifiers["linear"].predict_images(wrong)
    assert classifiers["linear"].predict_images(image.astype(np.float64))[0].digit is None


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_predicts_with_its_own_network(copied, classifiers):
    seven = [[(0, 0), (10, 0), (4, 20)]]
    prediction = classifiers["linear"].predict(seven)
    other = copied(classifiers["linear"])
    np.testing.assert_array_equal(other.predict(seven).probabilities, prediction.probabilities)
    with torch.no_grad():
        for parameter in other.network.parameters():
            parameter.zero_()
    np.testing.assert_allclose(other.predict(seven).probabilities, 0.1)
    assert classifiers["linear"].predict(seven).digit == prediction.digit
