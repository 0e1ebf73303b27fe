"""Adversarial perturbations; the oracles are gradients by hand and the bounds themselves."""

import pytest
import torch
from torch.nn import functional

from digitnet.attacks import accuracy_under_attack, attack
from digitnet.cpu import fast_forward
from digitnet.evaluation import as_batch
from digitnet.models import available_models

SIZE = 0.1


@pytest.fixture(scope="module")
def batch(train_set):
    return as_batch(train_set[0][:64]), train_set[1][:64]


@pytest.mark.parametrize("steps", [1, 20])
@pytest.mark.parametrize("name", available_models())
def test_pixels_change_by_at_most_the_size_and_the_loss_grows(classifiers, batch, name, steps):
    network = classifiers[name].network
    images, labels = batch
    forward = fast_forward(network, torch.device("cpu"))
    made = attack(forward, images, labels, SIZE, torch.Generator().manual_seed(0), steps)
    assert (made - images).abs().max() <= SIZE + 1e-6
    assert made.min() >= 0 and made.max() <= 1
    with torch.no_grad():
        before, after = (functional.cross_entropy(network(x), labels) for x in (images, made))
        start = torch.rand(images.shape, generator=torch.Generator().manual_seed(0))
        noise = (images + SIZE * (2 * start - 1)).clamp(0, 1)
        random = functional.cross_entropy(network(noise), labels)
    assert after > max(before, random)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_one_step_of_a_linear_network_is_the_sign_of_its_gradient(classifiers, batch):
    """From any start, 1.25 sizes along the sign and back into the bounds."""
    network = classifiers["linear"].network
    images, labels = batch
    rng = torch.Generator().manual_seed(1)
    made = attack(network, images, labels, SIZE, rng)
    start = torch.rand(images.shape, generator=torch.Generator().manual_seed(1))
    low, high = (images - SIZE).clamp(0, 1), (images + SIZE).clamp(0, 1)
    begun = (low + start * (high - low)).requires_grad_()
    functional.cross_entropy(network(begun), labels).backward()
    network.zero_grad(set_to_none=True)
    expected = (begun.detach() + 1.25 * SIZE * begun.grad.sign()).clamp(low, high)
    torch.testing.assert_close(made, expected)


def test_accuracy_falls_with_the_size(classifiers, train_set):
    network, images, labels = classifiers["cnn"].network, train_set[0][:200], train_set[1][:200]
    plain, small, large = (
        accuracy_under_attack(network, images, labels, size) for size in (0, 0.05, 0.3)
    )
    with torch.no_grad():
        right = network(as_batch(images)).argmax(1) == labels
    assert plain == pytest.approx(right.float().mean().item())
    assert plain > small > large
