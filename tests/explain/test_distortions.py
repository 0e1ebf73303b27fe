"""Each distortion against what it says of itself, by another way of computing it."""

import math

import numpy as np
import pytest
import torch

from digitnet.explain.distortions import DISTORTIONS
from digitnet.explain.robustness import Curve, accuracy_on, curve_of


@pytest.fixture(scope="module")
def images(test_set):
    return test_set[0][:20].float() / 255


@pytest.fixture
def bar():
    """A bar across the field, 4 pixels high."""
    image = torch.zeros(1, 28, 28)
    image[:, 12:16] = 1
    return image


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=list(DISTORTIONS))
def test_images_stay_images_and_the_identity_changes_nothing(distortion, images):
    before = images.clone()
    for value in distortion.values(5):
        changed = distortion(images, value)
        assert changed.shape == images.shape and changed.dtype == torch.float32
        assert changed.min() >= 0 and changed.max() <= 1
        assert torch.equal(changed, distortion(images, value))
        assert torch.equal(changed, images) == (value == distortion.identity)
    assert torch.equal(images, before)


@pytest.mark.parametrize("distortion", DISTORTIONS.values(), ids=list(DISTORTIONS))
def test_values_span_the_range(distortion, images):
    few = distortion.values(8)
    for values in (few, distortion.values()):
        assert values[0] == distortion.low and values[-1] == distortion.high
        assert distortion.identity in values and len(values) >= 8
        assert np.ptp(np.diff(values)) < 1e-5
    assert set(few) <= set(distortion.values())
    for value in (distortion.low - 1, distortion.high + 1, math.nan):
        with pytest.raises(ValueError, match=distortion.name):
            distortion(images, value)


def test_a_quarter_turn_is_clockwise(images):
    turned = DISTORTIONS["rotate"](images, 90)
    assert torch.allclose(turned, images.rot90(-1, (1, 2)), atol=1e-4)


@pytest.mark.parametrize("pixels", [3, -5])
def test_a_shift_moves_the_columns(images, pixels):
    shifted = DISTORTIONS["shift"](images, pixels)
    expected = torch.zeros_like(images)
    if pixels > 0:
        expected[:, :, pixels:] = images[:, :, :-pixels]
    else:
        expected[:, :, :pixels] = images[:, :, -pixels:]
    assert torch.allclose(shifted, expected, atol=1e-4)


@pytest.mark.parametrize("factor", [0.6, 1.5])
def test_scaling_scales_distances_from_the_middle(factor):
    places = torch.arange(28) + 0.5 - 14
    disc = (7 - torch.hypot(places, places[:, None])).clamp(0, 1)[None]
    scaled = DISTORTIONS["scale"](disc, factor)
    assert scaled.sum() / disc.sum() == pytest.approx(factor**2, rel=0.03)


@pytest.mark.parametrize("pixels", [-3, -2, -0.5, 1, 4])
def test_a_stroke_becomes_so_much_thicker(bar, pixels):
    column = DISTORTIONS["stroke thickness"](bar, pixels)[0, :, 14]
    assert column.sum().item() == pytest.approx(4 + pixels, abs=1e-5)


def test_noise_has_its_deviation_and_is_another_for_each_image():
    grey = torch.full((50, 28, 28), 0.5)
    noise = DISTORTIONS["noise"](grey, 0.1) - grey
    assert noise.std().item() == pytest.approx(0.1, rel=0.02)
    assert abs(noise.mean().item()) < 0.002
    assert not torch.equal(noise[0], noise[1])


def test_blur_spreads_a_dot_without_losing_ink():
    dot = torch.zeros(1, 28, 28)
    dot[0, 14, 14] = 1
    spread = DISTORTIONS["blur"](dot, 1.5)[0]
    places = torch.arange(28) - 14.0
    assert spread.sum().item() == pytest.approx(1, abs=1e-4)
    for axis in (0, 1):
        variance = (spread.sum(axis) * places**2).sum().item()
        assert variance == pytest.approx(1.5**2, rel=0.03)  # cut off at three deviations


def test_occlusion_is_a_square_in_the_middle(images):
    hidden = DISTORTIONS["occlusion"](images, 10)
    assert (hidden[:, 9:19, 9:19] == 0).all()
    outside = torch.ones(28, 28, dtype=torch.bool)
    outside[9:19, 9:19] = False
    assert torch.equal(hidden[:, outside], images[:, outside])
    assert (DISTORTIONS["occlusion"](images, 28) == 0).all()


def test_a_curve_is_what_the_classifier_says(classifiers, images):
    classifier, distortion = classifiers["cnn"], DISTORTIONS["rotate"]
    curve = curve_of(classifier, images[0], distortion)
    for at in (0, 18, 30):
        changed = distortion(images[:1], curve.values[at])[0].numpy()
        (prediction,) = classifier.predict_images(changed[None])
        assert np.allclose(curve.probabilities[at], prediction.probabilities, atol=1e-4)
        assert curve.answers[at] == prediction.answer
    assert curve.answers[18] == 7  # upright


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([7, 7, 7, 7, 7], []),
        ([1, 7, 7, 7, 7], [-2]),
        ([7, None, 7, 7, 4], [-1, 2]),
        ([1, 2, 7, 4, 7], [-1, 1]),  # that it recovers counts for nothing
        ([7, 7, 4, 7, 7], [0]),
    ],
)
def test_where_a_curve_gives_way(answers, expected):
    curve = Curve([-2, -1, 0, 1, 2], np.zeros((5, 10)), answers)
    assert curve.failure_points(0, 7) == expected


def test_accuracy_counts_refusals_as_wrong(classifiers, test_set):
    images, labels = test_set[0][:200].float() / 255, test_set[1][:200]
    classifier = classifiers["cnn"]
    turned = DISTORTIONS["rotate"](images, 90)
    pairs = list(zip(classifier.predict_images(turned), labels.tolist(), strict=True))
    probable = sum(prediction.digit == label for prediction, label in pairs)
    refused = sum(
        prediction.digit == label and not prediction.is_digit for prediction, label in pairs
    )
    assert refused > 0
    assert accuracy_on(classifier, turned, labels) == (probable - refused) / 200
    assert accuracy_on(classifier, images, labels) > 0.97
