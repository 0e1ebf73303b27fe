import numpy as np
import pytest

from digitnet.drawing import parse_drawing, to_image
from digitnet.stages import preprocessing_stages
from digitnet.synthetic.writer import write_digits

SQUARE = [[(100, 100), (300, 100), (300, 300), (100, 300), (100, 100)]]


def extent(image):
    """First and last inked row and column."""
    rows, columns = np.nonzero(image.max(1) > 0.5)[0], np.nonzero(image.max(0) > 0.5)[0]
    return rows[0], rows[-1], columns[0], columns[-1]


def test_each_stage_does_what_it_says():
    stages = preprocessing_stages(parse_drawing(SQUARE), size=1000)
    assert extent(stages.squeezed) == pytest.approx((2, 8, 2, 8), abs=1)  # 28 pixels a canvas
    assert extent(stages.cropped) == (0, 27, 0, 27)
    assert extent(stages.fitted) == (4, 23, 4, 23)  # 20 pixels in the middle
    assert extent(stages.centred) == pytest.approx((4, 23, 4, 23), abs=1)


def test_the_last_stage_is_what_the_models_see():
    for drawing in write_digits(50, seed=3):
        stages = preprocessing_stages(parse_drawing(drawing), 1)
        np.testing.assert_array_equal(stages.centred, to_image(drawing))


def test_only_the_squeezed_stage_depends_on_the_place():
    here = preprocessing_stages(parse_drawing(SQUARE), 1000)
    moved = parse_drawing([[(x + 500, y + 400) for x, y in SQUARE[0]]])
    there = preprocessing_stages(moved, 1000)
    assert np.abs(here.squeezed - there.squeezed).max() > 0.5
    for name in ("cropped", "fitted", "centred"):
        np.testing.assert_allclose(getattr(here, name), getattr(there, name), atol=1e-4)


def test_nothing_drawn_is_black_and_far_away_is_not_seen():
    assert not any(image.any() for image in vars(preprocessing_stages([], 1000)).values())
    far = preprocessing_stages(parse_drawing([[(1e300, 1e300), (2e300, -1e300)]]), 1000)
    assert np.isfinite(far.squeezed).all() and far.centred.any()
