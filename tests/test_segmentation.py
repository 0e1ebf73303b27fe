"""Several digits in one picture or drawing."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from digitnet.drawing import parse_drawing
from digitnet.segmentation import segment_drawing, segment_picture
from digitnet.synthetic.writer import write_digits

PAGES = 10


def page_of(images, seed):
    """MNIST digits in a row as dark ink on lit paper: varied size, place, tilt, and a shadow."""
    chance = np.random.default_rng(seed)
    size = 110
    ink = Image.new("L", (180 + 150 * len(images), 420))
    for number, image in enumerate(images):
        side = round(size * chance.uniform(0.85, 1.15))
        digit = Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
        ink.paste(digit, (90 + 150 * number, 150 + int(chance.integers(-12, 13))))
    ink = ink.rotate(chance.uniform(-10, 10), Image.Resampling.BICUBIC)
    rows, columns = np.mgrid[: ink.height, : ink.width] / max(ink.size)
    light = 0.85 - 0.35 * (columns * chance.uniform(0, 1) + rows * chance.uniform(0, 1))
    grain = chance.normal(0, 0.015, light.shape)
    paper = light * (1 - 0.75 * np.asarray(ink) / 255) + grain
    return Image.fromarray(np.clip(paper * 255, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(0.8)
    )


def read(classifier, found):
    return "".join(str(digit.prediction.digit) for digit in classifier.read_digits(found).digits)


@pytest.mark.parametrize("digits", [1, 4])
def test_numbers_on_pages_are_read(digits, classifiers, test_set):
    images, labels = (half.numpy() for half in test_set)
    right = 0
    for seed in range(PAGES):
        chosen = np.random.default_rng(seed).integers(len(images), size=digits)
        found = segment_picture(page_of(images[chosen], seed))
        right += read(classifiers["cnn"], found) == "".join(map(str, labels[chosen]))
        boxes = [digit.box for digit in found]
        assert [box[0] for box in boxes] == sorted(box[0] for box in boxes)
    assert right >= 0.8 * PAGES


def test_one_digit_in_several_strokes_stays_one():
    drawings = list(write_digits(600, seed=21))
    alone = [len(segment_drawing(parse_drawing(drawing))) == 1 for drawing in drawings]
    assert np.mean(alone) > 0.99
    assert np.mean([len(drawing) > 1 for drawing in drawings]) > 0.2  # there are such


def test_digits_drawn_side_by_side_are_told_apart(classifiers):
    written = write_digits(90, seed=22)
    drawings = list(written)
    right = 0
    for first in range(0, 90, 3):
        row, places = [], []
        for number in range(3):
            drawing = drawings[first + number]
            low = min(x for stroke in drawing for x, _ in stroke)
            high = max(x for stroke in drawing for x, _ in stroke)
            start = (places[-1] if places else 0) + 0.35
            row += [[(x - low + start, y) for x, y in stroke] for stroke in drawing]
            places.append(start + high - low)
        expected = "".join(map(str, written.labels[first : first + 3]))
        right += read(classifiers["cnn"], segment_drawing(parse_drawing(row))) == expected
    assert right >= 0.85 * 30


def test_boxes_hold_the_strokes():
    seven, one = [(0, 0), (10, 0), (4, 20)], [(30, 0), (30, 20)]
    found = segment_drawing(parse_drawing([one, seven]))
    assert [digit.box for digit in found] == [(0, 0, 10, 20), (30, 0, 0, 20)]


def test_where_a_drawing_lies_does_not_change_its_groups():
    drawings = list(write_digits(30, seed=23))
    row = [
        [(1000 * (x + 1.5 * number), 1000 * y) for x, y in stroke]
        for number, drawing in enumerate(drawings[:3])
        for stroke in drawing
    ]
    far = [[(x + 1e6, y + 1e6) for x, y in stroke] for stroke in row]
    boxes, moved = (
        np.array([digit.box for digit in segment_drawing(parse_drawing(one))]) for one in (row, far)
    )
    assert len(boxes) == 3
    np.testing.assert_allclose(moved - [1e6, 1e6, 0, 0], boxes, atol=1e-3)


@pytest.mark.parametrize("drawing", [[], [[]], [[], []], [[(0, 0)]], [[(3, 4)], [], [(3, 4)]]])
def test_nothing_is_found_in_nothing(drawing):
    assert segment_drawing(parse_drawing(drawing)) == []
    assert segment_picture(Image.new("L", (60, 40), 200)) == []


def test_a_huge_drawing_is_one_thing():
    (found,) = segment_drawing(parse_drawing([[(1e300, 0), (0, -1e300)], [(1e300, 1e300)]]))
    assert np.isfinite(found.image).all()


def test_too_much_gets_a_sentence():
    with pytest.raises(ValueError, match="strokes; draw one row"):
        segment_drawing(parse_drawing([[(i, 0), (i, 1)] for i in range(2000)]))
    noise = np.random.default_rng(0).random((600, 900)) > 0.97
    with pytest.raises(ValueError, match=r"marks; show one row|digits there"):
        segment_picture(np.where(noise, 0, 255).astype(np.uint8))
