"""The smallest nudges: what they claim, and against closed forms where there are some."""

import numpy as np
import pytest
import torch

import digitnet
from digitnet.classifier import Classifier
from digitnet.explain.adversarial import NORMS, smallest_perturbations
from digitnet.models import available_models, build
from digitnet.weights import Metadata

COUNT = 6
SCRIBBLE = [[(i, i % 2 * 8) for i in range(11)]]
ORDERS = {"l2": 2, "linf": np.inf}


@pytest.fixture(scope="module")
def images(test_set):
    return test_set[0][:COUNT].float() / 255


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("model", available_models())
@pytest.mark.parametrize("recipe", ["classifiers", "article"])
def test_a_nudged_image_is_answered_with_the_target(recipe, model, norm, images, test_set, request):
    classifier = request.getfixturevalue(recipe)[model]
    targets = (test_set[1][:COUNT] + 1) % 10
    nudges = smallest_perturbations(classifier, images, targets, norm)
    assert nudges.images.min() >= 0 and nudges.images.max() <= 1
    assert nudges.found.sum() >= COUNT - 2
    for index, image in enumerate(nudges.images):
        added = (image - images[index]).numpy().ravel()
        if not nudges.found[index]:
            assert nudges.sizes[index] == np.inf and not added.any()
            continue
        # Alone, not in the batch in which it was found.
        (prediction,) = classifier.predict_images(image[None])
        assert prediction.answer == targets[index]
        size = np.linalg.norm(added, ORDERS[norm])
        assert size == pytest.approx(nudges.sizes[index].item(), rel=1e-3)
        assert size <= NORMS[norm] * 1.001


def linear_classifier():
    """A random linear map of its own, as a digit classifier."""
    network = build("linear", 10)
    torch.manual_seed(3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return Classifier(network.eval(), Metadata("linear", "article", 10, 0.1), torch.device("cpu"))


@pytest.mark.parametrize("norm", NORMS)
def test_the_distance_to_a_linear_boundary(norm):
    classifier = linear_classifier()
    # Grey all over: no pixel comes near 0 or 1.
    image = torch.full((1, 28, 28), 0.5)
    logits = classifier.logits(image)[0]
    first, second = logits.topk(2).indices.tolist()
    with torch.no_grad():  # the others stay behind these two
        last = classifier.network.layers[2]
        last.bias[first] += 0.8
        last.bias[second] += 0.4
        last.weight *= 20
        last.bias *= 20
    logits = classifier.logits(image)[0]
    weights = classifier.network.layers[2].weight @ classifier.network.layers[1].weight
    across = (weights[first] - weights[second]).detach()
    dual = across.norm() if norm == "l2" else across.abs().sum()
    distance = ((logits[first] - logits[second]) / dual).item()
    nudges = smallest_perturbations(classifier, image, torch.tensor([second]), norm)
    assert nudges.found.all()
    assert 0.999 * distance <= nudges.sizes.item() <= 1.1 * distance


def test_a_refusal_is_no_answer(classifiers):
    """To what the model takes for no digit, it must come to say the target, and that it is one."""
    classifier = classifiers["cnn"]
    scribble = torch.from_numpy(digitnet.to_image(SCRIBBLE))[None]
    (before,) = classifier.predict_images(scribble)
    assert not before.is_digit
    # Its most probable digit already, but refused.
    nudges = smallest_perturbations(classifier, scribble, torch.tensor([before.digit]), "l2")
    (after,) = classifier.predict_images(nudges.images)
    assert nudges.found.all() and nudges.sizes.item() > 0
    assert after.answer == before.digit


def test_what_is_answered_already_needs_no_nudge(classifiers, images, test_set):
    nudges = smallest_perturbations(classifiers["cnn"], images, test_set[1][:COUNT], "linf")
    assert nudges.found.all() and (nudges.sizes == 0).all()
    assert torch.equal(nudges.images, images)


def test_what_lies_beyond_the_bound_is_not_found(images, monkeypatch, classifiers, test_set):
    monkeypatch.setitem(NORMS, "l2", 0.05)
    images, targets = images[:2], (test_set[1][:2] + 5) % 10
    nudges = smallest_perturbations(classifiers["cnn"], images, targets, "l2")
    assert not nudges.found.any() and torch.equal(nudges.images, images)


def test_an_unknown_norm_is_named(classifiers, images):
    with pytest.raises(ValueError, match="no norm 'l7'; choose one of l2, linf"):
        smallest_perturbations(classifiers["cnn"], images, torch.zeros(COUNT).long(), "l7")
