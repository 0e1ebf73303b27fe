"""Adversarial perturbations; the oracles are gradients by hand and the bounds themselves."""

import pytest
import torch
from torch.nn import functional

from digitnet.attacks import accuracy_under_attack, noisy_fgsm, pgd
from digitnet.cpu import fast_forward
from digitnet.evaluation import as_batch
from digitnet.models import available_models

SIZE = 0.1


@pytest.fixture(scope="module")
def batch(train_set):
    return as_batch(train_set[0][:64]), train_set[1][:64]


@pytest.mark.parametrize("name", available_models())
def test_pixels_change_by_at_most_the_size_and_the_loss_grows(classifiers, batch, name):
    network = classifiers[name].network
    images, labels = batch
    forward = fast_forward(network, torch.device("cpu"))
    made = pgd(forward, images, labels, SIZE, torch.Generator().manual_seed(0))
    assert (made - images).abs().max() <= SIZE + 1e-6
    assert made.min() >= 0 and made.max() <= 1
    with torch.no_grad():
        before, after = (functional.cross_entropy(network(x), labels) for x in (images, made))
        start = torch.rand(images.shape, generator=torch.Generator().manual_seed(0))
        noise = (images + SIZE * (2 * start - 1)).clamp(0, 1)
        random = functional.cross_entropy(network(noise), labels)
    assert after > max(before, random)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_noisy_step_is_the_sign_of_the_gradient_at_the_noise(classifiers, batch):
    """Each image's own size: noise of twice that, then a step of it."""
    network = classifiers["linear"].network
    images, labels = batch
    sizes = torch.linspace(0, SIZE, len(images)).reshape(-1, 1, 1, 1)
    made = noisy_fgsm(network, images, labels, sizes, torch.Generator().manual_seed(1))
    noise = 2 * torch.rand(images.shape, generator=torch.Generator().manual_seed(1)) - 1
    noisy = (images + 2 * sizes * noise).clamp(0, 1).requires_grad_()
    functional.cross_entropy(network(noisy), labels).backward()
    network.zero_grad(set_to_none=True)
    expected = (noisy.detach() + sizes * noisy.grad.sign()).clamp(0, 1)
    torch.testing.assert_close(made, expected)
    assert torch.equal(made[0], images[0])


def test_accuracy_falls_with_the_size(classifiers, train_set):
    network, images, labels = classifiers["cnn"].network, train_set[0][:60], train_set[1][:60]
    plain, small, large = (
        accuracy_under_attack(network, images, labels, size) for size in (0, 0.1, 0.3)
    )
    with torch.no_grad():
        right = network(as_batch(images)).argmax(1) == labels
    assert plain == pytest.approx(right.float().mean().item())
    assert plain > small > large
