"""The account of a logit, and what the layers make of an image; the oracle is autograd."""

import numpy as np
import pytest
import torch

import digitnet
from digitnet.classifier import Classifier
from digitnet.evaluation import make_forward
from digitnet.explain.attribution import (
    attributions,
    feature_maps,
    grad_cam,
    hidden_units,
    template,
)
from digitnet.explain.integrated_gradients import integrated_gradients
from digitnet.models import build
from digitnet.synthetic.writer import write_digits
from digitnet.weights import Metadata

SMALL = ("linear", "nonlinear")
RECIPES = ("drawings", "article")
WIDTHS = [("linear", 1), ("linear", 64), ("nonlinear", 1), ("nonlinear", 64), ("cnn", 1)]


@pytest.fixture(scope="module")
def trained(classifiers, article):
    return {"drawings": classifiers, "article": article}


@pytest.fixture(scope="module")
def images(test_set):
    """Six of MNIST's test images and six drawings."""
    drawn = [digitnet.to_image(drawing) for drawing in write_digits(6, seed=5)]
    return [*(test_set[0][:6].numpy().astype(np.float32) / 255), *drawn]


def untrained(model, hidden_units):
    """A classifier of that width whose weights are random."""
    torch.manual_seed(0)
    metadata = Metadata(model, "article", hidden_units, 0.1)
    return Classifier(build(model, hidden_units), metadata, torch.device("cpu"))


def logits(classifier, image):
    """What the network alone gives: float64 ``[10]``."""
    with torch.no_grad():
        return classifier.network(torch.from_numpy(image)[None, None])[0].double().numpy()


def gradient(classifier, image, digit):
    """Autograd's gradient of the very logit that the classifier gives: float32 ``[28, 28]``."""
    forward = make_forward(classifier.network, classifier.device)
    batch = torch.from_numpy(image)[None, None].requires_grad_()
    (found,) = torch.autograd.grad(forward(batch)[0, digit], batch)
    return found[0, 0].numpy()


def distance(shares, expected):
    """How far two maps differ, of all that the second holds."""
    return np.abs(shares - expected).sum() / np.abs(expected).sum()


# ---- the account ------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("name", digitnet.available_models())
def test_shares_and_a_blank_image_sum_to_every_logit(trained, images, name, recipe):
    classifier = trained[recipe][name]
    blank = logits(classifier, np.zeros((28, 28), np.float32))
    for image in images:
        expected = logits(classifier, image)
        for digit, account in enumerate(attributions(classifier, image, range(10))):
            total = blank[digit] + account.contributions.sum(dtype=np.float64)
            assert total == pytest.approx(expected[digit], abs=1e-4)
            assert abs(total - expected[digit]) < 0.01 * abs(expected[digit] - blank[digit])
            assert account.total == pytest.approx(total, abs=1e-5)
            assert account.logit == pytest.approx(expected[digit], abs=1e-4)
            assert account.completeness_error < 0.01
            assert not account.contributions[image == 0].any()


@pytest.mark.parametrize(("name", "width"), WIDTHS)
def test_the_sums_hold_at_any_width(images, name, width):
    classifier = untrained(name, width)
    for image in images[4:8]:
        for account in attributions(classifier, image, (3, 8)):
            assert account.total == pytest.approx(account.logit, abs=1e-5)


def test_incompleteness_is_what_the_shares_miss(classifiers, images):
    (account,) = attributions(classifiers["linear"], images[0], (7,))
    account.contributions[:] *= 0.9  # of the change, a tenth is missing
    assert account.completeness_error == pytest.approx(0.1, abs=1e-4)


def test_accounts_differ_digit_from_digit(classifiers, images):
    four, nine = attributions(classifiers["cnn"], images[4], (4, 9))
    compared = four - nine
    assert compared.total == pytest.approx(four.logit - nine.logit, abs=1e-4)
    np.testing.assert_array_equal(compared.contributions, four.contributions - nine.contributions)


@pytest.mark.parametrize("width", [4, 64])
def test_linear_is_template_times_ink(images, width):
    classifier = untrained("linear", width)
    for digit in (0, 9):
        weights, bias = template(classifier, digit)
        np.testing.assert_allclose(weights, gradient(classifier, images[0], digit), atol=1e-6)
        (account,) = attributions(classifier, images[0], (digit,))
        np.testing.assert_allclose(account.contributions, weights * images[0], atol=1e-6)
        assert account.blank == pytest.approx(bias, abs=1e-5)
        assert (weights * images[0]).sum() + bias == pytest.approx(account.logit, abs=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_trained_linear_is_template_times_ink(trained, images, recipe):
    classifier = trained[recipe]["linear"]
    for image in images:
        for digit in range(10):
            weights, bias = template(classifier, digit)
            np.testing.assert_allclose(weights, gradient(classifier, image, digit), atol=1e-5)
            expected = logits(classifier, image)[digit]
            assert (weights * image).sum() + bias == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("recipe", RECIPES)
def test_nonlinear_shares_are_the_integral_itself(trained, images, recipe):
    """In closed form: each unit counts for the part of the path on which it fires."""
    classifier = trained[recipe]["nonlinear"]
    first, second = (layer for layer in classifier.network.layers if hasattr(layer, "weight"))
    weights, bias = (value.detach().double().numpy() for value in (first.weight, first.bias))
    heads = second.weight.detach().double().numpy()
    for image in images:
        slope = weights @ image.ravel()
        switch = np.clip(-bias / slope, 0, 1)
        fires = np.where(slope > 0, 1 - switch, switch)
        expected = (heads * fires) @ weights * image.ravel()
        for digit, account in enumerate(attributions(classifier, image, range(10))):
            np.testing.assert_allclose(account.contributions.ravel(), expected[digit], atol=1e-4)


@pytest.mark.parametrize(("recipe", "within"), [("article", 0.04), ("drawings", 0.12)])
def test_cnn_shares_are_near_autograds_sum_over_many_points(trained, images, recipe, within):
    classifier = trained[recipe]["cnn"]
    points = 300
    for image in images[5:7]:
        digit = int(logits(classifier, image).argmax())
        expected = np.zeros((28, 28))
        for point in (np.arange(points) + 0.5) / points:
            scaled = (point * image).astype(np.float32)
            expected += gradient(classifier, scaled, digit) * image / points
        (account,) = attributions(classifier, image, (digit,))
        assert distance(account.contributions, expected) < within


def test_more_segments_come_nearer_to_the_integral(article, images):
    network, image = article["cnn"].network, torch.from_numpy(images[9])[None]
    limit, *shares = (integrated_gradients(network, image, (9,), n) for n in (256, 2, 12, 48))
    far, near, nearest = (distance(one.numpy(), limit.numpy()) for one in shares)
    assert far > 3 * near > 9 * nearest
    assert near < 0.05


# ---- the layers -------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", RECIPES)
def test_hidden_units_pushes_and_the_bias_sum_to_every_logit(trained, images, recipe):
    classifier = trained[recipe]["nonlinear"]
    for image in images:
        made = hidden_units(classifier, image)
        bias = classifier.network.layers[1].bias.detach().numpy()
        entering = (made.weights * image).sum((1, 2)) + bias
        np.testing.assert_allclose(made.pre_activations, entering, atol=1e-4)
        np.testing.assert_allclose(made.activations, np.maximum(entering, 0), atol=1e-4)
        summed = made.contributions.sum(1) + made.bias
        np.testing.assert_allclose(summed, logits(classifier, image), atol=1e-4)


@pytest.mark.parametrize("width", [1, 64])
def test_hidden_units_sum_at_any_width(images, width):
    classifier = untrained("nonlinear", width)
    made = hidden_units(classifier, images[2])
    assert made.weights.shape == (width, 28, 28)
    np.testing.assert_allclose(
        made.contributions.sum(1) + made.bias, logits(classifier, images[2]), atol=1e-5
    )


@pytest.mark.parametrize("recipe", RECIPES)
def test_grad_cam_is_what_hooks_find(trained, images, recipe):
    """By its definition: a hook on the second convolution's ReLU."""
    classifier = trained[recipe]["cnn"]
    for image, digit in ((images[0], 7), (images[1], 2), (images[2], 8)):
        kept = []
        hook = classifier.network.layers[3].register_forward_hook(
            lambda layer, given, made, kept=kept: (made.retain_grad(), kept.append(made))[1]
        )
        batch = torch.from_numpy(image)[None, None].requires_grad_()
        classifier.network(batch)[0, digit].backward()
        hook.remove()
        classifier.network.zero_grad()
        (maps,) = kept
        weights = maps.grad[0].mean((1, 2))
        cam = (weights[:, None, None] * maps[0]).sum(0).relu().detach().numpy()
        expected = cam[1:29, 1:29]
        np.testing.assert_allclose(grad_cam(classifier, image, digit), expected, atol=1e-5)
        assert expected.any() or digit != 7


def test_feature_maps_are_those_of_the_layers(classifiers, images):
    classifier = classifiers["cnn"]
    with torch.no_grad():
        batch = torch.from_numpy(images[0])[None, None]
        expected = [classifier.network.layers[:end](batch)[0].numpy() for end in (2, 4)]
    for made, one in zip(feature_maps(classifier, images[0]), expected, strict=True):
        np.testing.assert_allclose(made, one, atol=1e-6)


# ---- what cannot be explained -----------------------------------------------------------------


def test_bad_input_gets_a_sentence(classifiers, images):
    for digits in ((10,), (-1,), (1.0,), (True,), ("7",)):
        with pytest.raises(ValueError, match="whole number from 0 to 9"):
            attributions(classifiers["linear"], images[0], digits)
    narrow, grey = np.zeros((28, 27), np.float32), np.uint8(255 * images[0])
    for image in (images[0][None], images[0].tolist(), narrow, grey):
        with pytest.raises(ValueError, match="28x28"):
            attributions(classifiers["linear"], image, (1,))
    for call in (
        lambda: template(classifiers["cnn"], 1),
        lambda: hidden_units(classifiers["linear"], images[0]),
        lambda: grad_cam(classifiers["nonlinear"], images[0], 1),
        lambda: feature_maps(classifiers["linear"], images[0]),
    ):
        with pytest.raises(ValueError, match="Only a network"):
            call()
    network = build("linear")
    network.layers.append(torch.nn.Sigmoid())
    with pytest.raises(ValueError, match="Sigmoid"):
        integrated_gradients(network, torch.rand(1, 28, 28), (1,))


def test_a_blank_image_has_no_evidence(classifiers):
    nothing = np.zeros((28, 28), np.float32)
    for classifier in classifiers.values():
        (account,) = attributions(classifier, nothing, (3,))
        assert not account.contributions.any() and account.completeness_error == 0
