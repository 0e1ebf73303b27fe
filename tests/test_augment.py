import torch

from digitnet.augment import augment


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_images_stay_images(test_set):
    images = test_set[0][:500].float() / 255
    changed = augment(images, generator())
    assert changed.shape == images.shape and changed.dtype == torch.float32
    assert changed.min() >= 0 and changed.max() <= 1
    ink = changed.sum((1, 2)) / images.sum((1, 2))
    assert ink.min() > 0.4 and ink.max() < 2.5 and abs(ink.mean() - 1) < 0.15


def test_each_image_changes_its_own_way(test_set):
    changed = augment(test_set[0][:1].expand(50, 28, 28).float() / 255, generator())
    assert torch.cdist(changed.flatten(1), changed.flatten(1)).fill_diagonal_(9).min() > 0.5


def test_equal_seeds_change_equally(test_set):
    images = test_set[0][:9].float() / 255
    assert torch.equal(augment(images, generator(1)), augment(images, generator(1)))
    assert not torch.equal(augment(images, generator(1)), augment(images, generator(2)))


def test_digits_stay_legible(test_set, classifiers):
    """To a network that never saw a distorted digit."""
    images, labels = test_set[0][:1000].float() / 255, test_set[1][:1000]
    digits = classifiers["cnn"].logits(augment(images, generator())).argmax(1)
    assert (digits == labels).float().mean() > 0.85
