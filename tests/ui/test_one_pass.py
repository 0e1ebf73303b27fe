"""A drawing is parsed once, where it comes in, and its strokes are grouped once."""

import contextlib
import sys
from collections import Counter

import pytest

from digitnet.__main__ import main
from digitnet.drawing import parse_drawing
from digitnet.segmentation import group_strokes
from digitnet.ui.components.answer import answer
from digitnet.ui.components.sketchpad import sketchpad_value
from digitnet.ui.resources import Resources
from digitnet.ui.server.endpoints import make_predict
from digitnet.ui.tabs.why import explanation

SEVEN = [[[200, 200], [800, 200], [400, 900]]]
FIVE = [[[300, 100], [300, 400], [600, 500], [500, 800], [200, 800]], [[300, 100], [650, 90]]]
ROW = [[[100, 100], [300, 100], [200, 400]], [[600, 100], [600, 400]], [[800, 100], [800, 400]]]


@contextlib.contextmanager
def counted(*functions):
    """Count the calls of functions, however they were imported."""
    names = {function.__code__: function.__name__ for function in functions}
    calls = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code in names:
            calls[names[frame.f_code]] += 1

    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(None)


@pytest.mark.parametrize("drawing", [SEVEN, FIVE, ROW])
@pytest.mark.parametrize("geometry", [True, False])
def test_from_the_sketchpad_to_the_answer(classifiers, drawing, geometry):
    with counted(parse_drawing, group_strokes) as calls:
        shown = answer(classifiers, "cnn", sketchpad_value(drawing), geometry)
    assert shown["several"] == (geometry and drawing is ROW)
    assert calls == Counter(parse_drawing=1, group_strokes=int(geometry))


@pytest.mark.parametrize("drawing", [SEVEN, FIVE])
def test_from_the_sketchpad_to_the_explanation(classifiers, drawing):
    with counted(parse_drawing, group_strokes) as calls:
        explanation(classifiers, "linear", sketchpad_value(drawing))
    assert calls == Counter(parse_drawing=1, group_strokes=1)


def test_from_the_endpoint_to_the_prediction(classifiers):
    predict = make_predict(Resources(classifiers={"drawings": classifiers}))
    with counted(parse_drawing) as calls:
        assert predict(SEVEN, model="cnn", recipe="drawings")["digit"] == 7
    assert calls == Counter(parse_drawing=1)


def test_from_a_file_to_the_accuracy(tmp_path, capsys):
    path = tmp_path / "drawings.jsonl"
    path.write_text(f'{{"label": 7, "strokes": {SEVEN}}}\n' * 3)
    with counted(parse_drawing) as calls:
        assert main(["evaluate", str(path)]) == 0
    assert calls == Counter(parse_drawing=3)
