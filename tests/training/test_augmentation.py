import torch

from digitnet.training.augmentation import augment


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_images_stay_images(test_set):
    images = test_set[0][:500].float() / 255
    changed = augment(images, generator())
    assert changed.shape == images.shape and changed.dtype == torch.float32
    assert changed.min() >= 0 and changed.max() <= 1
    ink = changed.sum((1, 2)) / images.sum((1, 2))
    assert ink.min() > 0.4 and ink.max() < 2.5 and abs(ink.mean() - 1) < 0.15


def test_some_images_stay_and_the_others_change_each_its_own_way(test_set):
    image = test_set[0][0].float() / 255
    changed = augment(image.expand(400, 28, 28), generator())
    same = (changed == image).all(2).all(1)
    assert 0.25 < same.float().mean() < 0.45  # (1 - 0.6) * (1 - 0.15) = 0.34
    others = changed[~same].flatten(1)
    assert len(others.unique(dim=0)) > 0.85 * len(others)


def test_equal_seeds_change_equally(test_set):
    images = test_set[0][:9].float() / 255
    assert torch.equal(augment(images, generator(1)), augment(images, generator(1)))
    assert not torch.equal(augment(images, generator(1)), augment(images, generator(2)))


def test_digits_stay_legible(test_set, baseline):
    """To a network that never saw a distorted digit."""
    images, labels = test_set[0][:1000].float() / 255, test_set[1][:1000]
    digits = baseline["cnn"].logits(augment(images, generator())).argmax(1)
    assert (digits == labels).float().mean() > 0.85
