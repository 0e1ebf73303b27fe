import numpy as np
import pytest

from digitnet.drawing import to_image
from digitnet.stages import stages_of
from digitnet.synthetic.writer import write_digits

SQUARE = [[(100, 100), (300, 100), (300, 300), (100, 300), (100, 100)]]


def extent(image):
    """First and last inked row and column."""
    rows, columns = np.nonzero(image.max(1) > 0.5)[0], np.nonzero(image.max(0) > 0.5)[0]
    return rows[0], rows[-1], columns[0], columns[-1]


def test_each_stage_does_what_it_says():
    stages = stages_of(SQUARE, size=1000)
    assert extent(stages.squeezed) == pytest.approx((2, 8, 2, 8), abs=1)  # 28 pixels a canvas
    assert extent(stages.cropped) == (0, 27, 0, 27)
    assert extent(stages.fitted) == (4, 23, 4, 23)  # 20 pixels in the middle
    assert extent(stages.centred) == pytest.approx((4, 23, 4, 23), abs=1)


def test_the_last_stage_is_what_the_models_see():
    for drawing in write_digits(50, seed=3):
        np.testing.assert_array_equal(stages_of(drawing, 1).centred, to_image(drawing))


def test_only_the_squeezed_stage_depends_on_the_place():
    here = stages_of(SQUARE, 1000)
    there = stages_of([[(x + 500, y + 400) for x, y in SQUARE[0]]], 1000)
    assert np.abs(here.squeezed - there.squeezed).max() > 0.5
    for name in ("cropped", "fitted", "centred"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), atol=1e-4)


def test_nothing_drawn_is_black_and_far_away_is_not_seen():
    assert not any(image.any() for image in vars(stages_of([], 1000)).values())
    far = stages_of([[(1e300, 1e300), (2e300, -1e300)]], 1000)
    assert np.isfinite(far.squeezed).all() and far.centred.any()


def test_what_is_no_drawing_gets_a_sentence():
    with pytest.raises(ValueError, match="list of strokes"):
        stages_of([["a"]], 1000)
