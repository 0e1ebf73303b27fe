import numpy as np
import pytest
from PIL import Image

from digitnet.synthetic.__main__ import main
from digitnet.synthetic.allographs import DIGITS
from digitnet.synthetic.styles import NON_DIGIT_KINDS, NOT_A_DIGIT
from digitnet.synthetic.writer import write_digits, write_non_digits


@pytest.fixture(scope="module")
def digits():
    return write_digits(2000, seed=5)


def test_equal_seeds_write_equal_drawings(digits):
    again, other = write_digits(2000, seed=5), write_digits(2000, seed=6)
    assert np.array_equal(digits.points, again.points)
    assert np.array_equal(digits.labels, again.labels)
    assert not np.array_equal(digits.points, other.points)


def test_all_digits_in_all_their_styles(digits):
    assert np.bincount(digits.labels, minlength=10).min() > 140
    written = {digits.style_names[style] for style in write_digits(20_000, seed=1).styles}
    assert written == {f"{digit} {name}" for digit, names in DIGITS.items() for name in names}


def test_a_style_belongs_to_its_digit(digits):
    for label, style in zip(digits.labels, digits.styles, strict=True):
        assert digits.style_names[style].startswith(f"{label} ")


def test_drawings_are_what_the_arrays_say(digits):
    assert len(list(digits)) == len(digits) == 2000
    for number in range(50):
        drawing = digits.drawing(number)
        assert np.allclose(np.concatenate(drawing), digits.points[number])
        assert sum(len(stroke) - 1 for stroke in drawing) == digits.pen_down[number].sum()
    assert np.isfinite(digits.points).all()


def test_a_network_that_saw_only_mnist_reads_the_writer(digits, classifiers):
    """People's digits are all it knows, so the writer's must look like people's."""
    usual = [number for number in range(len(digits)) if digits.labels[number] not in (1, 9)]
    predictions = classifiers["cnn"].predict_batch([digits.drawing(n) for n in usual])
    read = [p.digit == digits.labels[n] for n, p in zip(usual, predictions, strict=True)]
    assert np.mean(read) > 0.9


@pytest.mark.parametrize("kind", NON_DIGIT_KINDS)
def test_non_digits_are_of_the_kind_asked_for(kind):
    drawings = write_non_digits(40, seed=2, kinds=[kind])
    assert set(drawings.labels) == {NOT_A_DIGIT}
    assert all(drawings.style_names[style].startswith(kind) for style in drawings.styles)


def test_wrong_requests_get_a_sentence():
    with pytest.raises(ValueError, match="count must be 0 or more"):
        write_digits(-1, seed=0)
    for kinds in ([], ["runes"]):
        with pytest.raises(ValueError, match="letters"):
            write_non_digits(1, seed=0, kinds=kinds)
    assert len(write_digits(0, seed=0)) == 0


def test_contact_sheet_has_a_row_a_style(tmp_path, digits):
    main([str(tmp_path / "sheet.png"), "--samples-per-allograph", "2"])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 48 * len(digits.style_names)
