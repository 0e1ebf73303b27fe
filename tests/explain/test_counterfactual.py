"""What would change a model's mind; the oracle is `predict`, which knows nothing of it."""

from itertools import combinations

import numpy as np
import pytest
import torch

import digitnet
from digitnet.classifier import Classifier
from digitnet.drawing import images_of_strokes, parse_drawing
from digitnet.explain import counterfactual
from digitnet.explain.counterfactual import (
    MAX_INK_REMOVED,
    MAX_LENGTH_REMOVED,
    answers,
    find_counterfactual,
    without_patches,
    without_pieces,
    without_strokes,
)
from digitnet.explain.pieces import pieces_of_image, pieces_of_strokes
from digitnet.models import build
from digitnet.synthetic.writer import write_digits, write_styles
from digitnet.weights import Metadata

RECIPES = ("drawings", "article")


@pytest.fixture(scope="module")
def trained(classifiers, article):
    return {"drawings": classifiers, "article": article}


def counterfactual_of(classifier, subject, digit):
    """`find_counterfactual` of a parsed drawing or an image."""
    if isinstance(subject, np.ndarray):
        return find_counterfactual(classifier, subject, pieces_of_image(subject), digit)
    (image,) = images_of_strokes([subject])
    return find_counterfactual(classifier, image, pieces_of_strokes(subject, image), digit, subject)


def said(classifier, subject):
    """The answer to a drawing or an image that has MNIST's geometry."""
    prediction = (
        classifier.predict_images(subject[None])[0]
        if isinstance(subject, np.ndarray)
        else classifier.predict(subject)
    )
    return prediction.answer


def length(strokes):
    return sum(np.hypot(*np.diff(np.asarray(stroke), axis=0).T).sum() for stroke in strokes)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", digitnet.available_models())
def test_erased_pixels_give_the_answer_that_is_told(trained, train_set, name, recipe):
    classifier = trained[recipe][name]
    found = 0
    for image in train_set[0][:12].numpy().astype(np.float32) / 255:
        before = said(classifier, image)
        change = without_patches(classifier, image, before)
        if change is None:
            continue
        found += 1
        assert change.answer == said(classifier, change.image) != before
        assert change.strokes == ()
        kept = change.image > 0
        np.testing.assert_array_equal(change.image[kept], image[kept])  # nothing but erased
        assert change.removed == pytest.approx(1 - change.image.sum() / image.sum(), abs=1e-5)
        assert 0 < change.removed <= MAX_INK_REMOVED + 1e-6
    assert found >= 9


@pytest.mark.parametrize("name", digitnet.available_models())
def test_the_fewest_and_smallest_pieces(classifiers, train_set, name):
    """All removals, tried one by one, are the oracle."""
    classifier = classifiers[name]
    found = 0
    for image in train_set[0][:8].numpy().astype(np.float32) / 255:
        before = said(classifier, image)
        pieces = pieces_of_image(image)
        flips = []
        for count in (1, 2):
            for trial in combinations(range(len(pieces.paths)), count):
                left = image * ~np.isin(pieces.owner, trial)
                share = 1 - left.sum() / image.sum()
                if share <= MAX_INK_REMOVED and said(classifier, left) != before:
                    flips.append((count, share, left))
        change = without_pieces(classifier, image, pieces, before)
        assert (change is None) == (not flips)
        if change:
            found += 1
            count, share, left = min(flips, key=lambda flip: flip[:2])
            assert change.pieces == count
            assert change.removed == pytest.approx(share, abs=1e-6)
            np.testing.assert_array_equal(change.image, left)
            assert change.answer == said(classifier, left)
    assert found


@pytest.mark.parametrize("name", digitnet.available_models())
def test_another_digit_is_reached_or_a_third_answer_is_given(classifiers, train_set, name):
    classifier = classifiers[name]
    reached = 0
    for number, image in enumerate(train_set[0][:20].numpy().astype(np.float32) / 255):
        before = said(classifier, image)
        wanted = number % 10
        if wanted == before:
            continue
        change = counterfactual_of(classifier, image, wanted)
        if change is not None:
            assert change.answer == said(classifier, change.image) != before
            reached += change.answer == wanted
    assert reached >= 5


def test_the_fewest_and_shortest_strokes(classifiers):
    """All removals, tried one by one, are the oracle."""
    classifier = classifiers["linear"]
    checked = 0
    for drawing in write_digits(150, seed=2):
        if not 2 <= len(drawing) <= 4:
            continue
        before = said(classifier, drawing)
        flips = [
            (count, length([drawing[n] for n in trial]), trial)
            for count in range(1, min(2, len(drawing) - 1) + 1)
            for trial in combinations(range(len(drawing)), count)
            if length([drawing[n] for n in trial]) <= MAX_LENGTH_REMOVED * length(drawing)
            and said(classifier, [s for n, s in enumerate(drawing) if n not in trial]) != before
        ]
        change = without_strokes(classifier, parse_drawing(drawing), before)
        assert (change.strokes if change else None) == (min(flips)[2] if flips else None)
        if change:
            checked += 1
            left = [s for n, s in enumerate(drawing) if n not in change.strokes]
            np.testing.assert_array_equal(change.image, digitnet.to_image(left))
            assert change.answer == said(classifier, left)
            assert change.removed == pytest.approx(min(flips)[1] / length(drawing))
    assert checked >= 5


def test_strokes_come_before_pixels(classifiers):
    """The bar of a 5 is a stroke of its own: without it the linear model sees something else."""
    (five,) = write_styles(("5 detached bar",), seed=0)
    classifier = classifiers["linear"]
    assert said(classifier, five) == 5
    change = counterfactual_of(classifier, parse_drawing(five), 5)
    assert len(change.strokes) == 1 and change.answer != 5
    assert without_patches(classifier, digitnet.to_image(five), 5) is not None


@pytest.mark.parametrize(("strokes", "points"), [(1, 50_000), (12, 5_000), (12, 60), (500, 3)])
def test_the_search_is_bounded_whatever_is_drawn(classifiers, monkeypatch, strokes, points):
    rendered = []

    def counted(drawings):
        rendered.extend(len(stroke) for drawing in drawings for stroke in drawing)
        return images_of_strokes(drawings)

    monkeypatch.setattr(counterfactual, "images_of_strokes", counted)
    drawing = list(np.random.default_rng(0).uniform(0, 100, (strokes, points, 2)))
    counterfactual_of(classifiers["linear"], drawing, 1)
    assert len(rendered) <= 1000 and sum(rendered) <= 60_000


def test_what_no_ink_can_change_is_told(test_set):
    """A network that says 3 whatever it sees."""
    network = build("linear", 2)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.layers[2].bias[3] = 5
    classifier = Classifier(network, Metadata("linear", "article", 2, 0.1), torch.device("cpu"))
    image = test_set[0][0].numpy().astype(np.float32) / 255
    cross = parse_drawing([[(0, 0), (9, 9)], [(0, 9), (9, 0)]])
    for digit in (3, 8):
        assert counterfactual_of(classifier, image, digit) is None
        assert counterfactual_of(classifier, cross, digit) is None


def test_answers_are_those_of_predict(classifiers, test_set):
    images = test_set[0][:300].float() / 255
    for classifier in classifiers.values():
        expected = [p.answer for p in classifier.predict_images(images)]
        assert answers(classifier, classifier.logits(images)) == expected
