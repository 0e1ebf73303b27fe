"""Contributions of pieces of the ink."""

import numpy as np
import pytest
import torch

import digitnet
from digitnet.drawing import images_of_strokes, parse_drawing
from digitnet.explain.attribution import attributions
from digitnet.explain.pieces import PIECES, pieces_of_image, pieces_of_strokes
from digitnet.rendering import STROKE_WIDTH
from digitnet.synthetic.writer import write_digits


def circle_of_strokes(count):
    angles = np.linspace(0, 2 * np.pi, count + 1)
    corners = 100 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return [corners[i : i + 2].tolist() for i in range(count)]


DRAWINGS = {
    "a digit": next(iter(write_digits(1, seed=3))),
    "two strokes": [[(0, 0), (30, 0)], [(0, 30), (30, 30), (30, 90)]],
    "a dot beside a line": [[(0, 0), (0, 50)], [(10, 10), (10, 10)]],
    "500 strokes": circle_of_strokes(500),
}


@pytest.mark.parametrize("name", digitnet.available_models())
@pytest.mark.parametrize("drawing", DRAWINGS)
def test_pieces_sum_to_the_logit(classifiers, drawing, name):
    strokes = parse_drawing(DRAWINGS[drawing])
    (image,) = images_of_strokes([strokes])
    (logits,) = classifiers[name].logits(torch.from_numpy(image)[None]).tolist()
    for pieces in (pieces_of_strokes(strokes, image), pieces_of_image(image)):
        for digit, attribution in enumerate(attributions(classifiers[name], image, range(10))):
            total = attribution.blank + pieces.sums(attribution).sum()
            assert total == pytest.approx(logits[digit], abs=0.01)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_each_pixel_belongs_to_the_nearest_point_of_the_path(drawing):
    strokes = parse_drawing(DRAWINGS[drawing])
    (image,) = images_of_strokes([strokes])
    pieces = pieces_of_strokes(strokes, image)
    assert ((pieces.owner >= 0) == (image > 0)).all()
    assert 1 <= len(pieces.paths) <= PIECES + len(strokes[:PIECES])
    for row, column in np.argwhere(image > 0):
        centre = (column + 0.5, row + 0.5)
        distances = [
            min(np.hypot(*(path - centre).T).min() for path in paths) for paths in pieces.paths
        ]
        own = distances[pieces.owner[row, column]]
        assert own == pytest.approx(min(distances), abs=1e-6)
        assert own < STROKE_WIDTH  # the path lies where the ink is


def test_pieces_of_a_stroke_follow_each_other():
    strokes = parse_drawing([[(0, 0), (0, 100)]])
    (image,) = images_of_strokes([strokes])
    pieces = pieces_of_strokes(strokes, image)
    assert len(pieces.paths) == PIECES
    middle = pieces.owner[:, 14]
    assert (np.diff(middle[middle >= 0]) >= 0).all()


def test_pieces_of_an_image_are_connected(test_set):
    from scipy import ndimage

    for image in test_set[0][:10].numpy().astype(np.float32) / 255:
        pieces = pieces_of_image(image)
        assert ((pieces.owner >= 0) == (image > 0)).all()
        assert 2 <= len(pieces.paths) <= PIECES
        whole = ndimage.label(image > 0, np.ones((3, 3)))[1]
        if whole == 1:
            for number in range(len(pieces.paths)):
                assert ndimage.label(pieces.owner == number, np.ones((3, 3)))[1] == 1
