"""What the Why tab shows, without a browser."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import digitnet
from digitnet.classifier import Classifier
from digitnet.drawing import parse_drawing
from digitnet.models import build
from digitnet.synthetic.writer import write_styles
from digitnet.ui.components.evidence import rounded, signed
from digitnet.ui.components.maps import AGAINST, FOR, INK, marked_map, sheet, signed_map
from digitnet.ui.components.parts import MAX_UNITS, parts
from digitnet.ui.resources import load_resources
from digitnet.ui.tabs.common import subject_of
from digitnet.ui.tabs.why import explanation
from digitnet.weights import Metadata

SEVEN = [[(0, 0), (10, 0), (4, 20)]]


def number(text):
    return float(text.replace("−", "-"))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9), st.floats(-0.02, 0.02))
def test_rounded_terms_sum_to_the_rounded_total(terms, error):
    total = sum(terms) + error
    shown = [float(f"{term:.2f}") for term in rounded(terms, total)]
    assert sum(shown) == pytest.approx(round(total, 2), abs=1e-6)
    assert all(abs(a - b) < 0.08 for a, b in zip(shown, terms, strict=True))


def test_signs_are_shown():
    assert [signed(value) for value in (1.234, -0.5, 0.001, -0.001)] == [
        "+1.23",
        "−0.50",
        "0.00",
        "0.00",
    ]


@pytest.mark.parametrize("recipe", ["drawings", "article"])
@pytest.mark.parametrize("name", digitnet.available_models())
@pytest.mark.parametrize("digit", [None, 7, 1])
def test_the_figures_shown_add_up(classifiers, article, name, recipe, digit):
    chosen = {"drawings": classifiers, "article": article}[recipe]
    shown, inside = explanation(chosen, name, parse_drawing(SEVEN), digit)
    assert shown["digit"] == inside["digit"] == (shown["predicted"] if digit is None else digit)
    assert shown["rival"] != shown["digit"] and shown["model"] == name
    assert shown["predicted"] == chosen[name].predict(SEVEN).digit
    *terms, together, logit = ([number(value) for value in row["values"]] for row in shown["rows"])
    np.testing.assert_allclose(np.sum(terms, axis=0), together, atol=1e-6)
    np.testing.assert_allclose(together, logit, atol=0.011)
    expected = chosen[name].logits(torch.from_numpy(digitnet.to_image(SEVEN))[None])[0]
    assert logit[:2] == pytest.approx(
        [float(expected[shown["digit"]]), float(expected[shown["rival"]])], abs=0.006
    )
    by_pixels, by_pieces = shown["maps"], shown["pieces"]["figures"]
    for column, pixels, pieces in zip((0, 2), by_pixels, by_pieces, strict=True):
        change = together[column] - terms[0][column]
        assert number(pixels["for"]) + number(pixels["against"]) == pytest.approx(change, abs=1e-6)
        summed = [number(value) for value in pieces["description"].split(", ")]
        assert sum(summed) == pytest.approx(change, abs=0.005 * len(summed) + 0.01)
        assert len(pieces["numbers"]) >= 2
    if name == "linear":
        assert number(inside["pixels"]) + number(inside["bias"]) == pytest.approx(
            number(inside["logit"]), abs=1e-6
        )
    if name == "nonlinear":
        summed = sum(number(unit["contribution"]) for unit in inside["units"]) + number(
            inside["bias"]
        )
        assert summed == pytest.approx(number(inside["logit"]), abs=1e-6)
    if name != "cnn":
        assert number(inside["logit"]) == logit[0]


@pytest.mark.parametrize("width", [1, 5, 64])
def test_wide_networks_show_the_units_that_push_most(width):
    torch.manual_seed(1)
    metadata = Metadata("nonlinear", "article", width, 0.1)
    classifier = Classifier(build("nonlinear", width), metadata, torch.device("cpu"))
    shown = parts(classifier, digitnet.to_image(SEVEN), 2)
    assert len(shown["units"]) == min(width, MAX_UNITS) and shown["count"] == width
    pushes = [number(unit["contribution"]) for unit in shown["units"]]
    summed = sum(pushes) + number(shown["rest"]) + number(shown["bias"])
    assert summed == pytest.approx(number(shown["logit"]), abs=1e-6)


def test_a_model_that_is_not_there_and_subjects_that_are_none(classifiers):
    seven = parse_drawing(SEVEN)
    apart = [*SEVEN, [(x + 60, y) for x, y in SEVEN[0]]]
    for sentence, *asked in (
        ("not available", {}, "cnn", seven),
        ("not available", classifiers, None, seven),
        ("Draw a digit", classifiers, "cnn", []),
        ("several digits on the sketchpad", classifiers, "cnn", parse_drawing(apart)),
    ):
        with pytest.raises(ValueError, match=sentence):
            explanation(*asked)
    with pytest.raises(ValueError, match="whole number from 0 to 9"):
        explanation(classifiers, "cnn", seven, 10)


def test_a_test_image_that_is_none_gets_a_sentence():
    with pytest.raises(ValueError, match="whole number from 0 to 9,999"):
        subject_of(load_resources(), {"test_image": 10_000})


def test_removed_strokes_are_marked_among_all(classifiers):
    """The strokes shown are those drawn, and some of them, not all, are dotted."""
    for style in ("5 detached bar", "7 crossbar", "4 open", "1 long flag and foot"):
        (drawing,) = write_styles((style,), seed=0)
        for name in classifiers:
            change = explanation(classifiers, name, parse_drawing(drawing))[0]["counterfactual"]
            if change.get("by_strokes"):
                gone = [stroke["removed"] for stroke in change["strokes"]]
                assert len(gone) == len(drawing) and 0 < sum(gone) < len(gone)
                return
    pytest.fail("no style is one in which a stroke changes an answer")


def test_colours_say_for_and_against_in_proportion():
    values = np.array([[2.0, 1.0, 0.0, -2.0, -9.0]])
    shown = signed_map(values, 2.0, np.ones((1, 5)))
    np.testing.assert_array_equal(shown[0, 0], FOR)
    np.testing.assert_allclose(shown[0, 1], (FOR + INK) / 2, atol=0.5)
    np.testing.assert_array_equal(shown[0, 2], INK)
    np.testing.assert_array_equal(shown[0, 3:], [AGAINST, AGAINST])
    assert not signed_map(np.zeros((2, 2)), 0.0).any()


def test_what_is_erased_is_pink_and_the_rest_grey():
    image = np.array([[1.0, 1.0, 0.0]])
    shown = marked_map(image, np.array([[1.0, 0.0, 0.0]])).astype(int)
    assert np.ptp(shown[0, 0]) == 0 and shown[0, 0, 0] > 200
    assert shown[0, 1, 0] - shown[0, 1, 1] > 80
    assert not shown[0, 2].any()


def test_a_sheet_has_its_maps_in_rows():
    maps = np.arange(5, dtype=float)[:, None, None] * np.ones((5, 2, 3))
    shown = sheet(maps, columns=3)
    assert shown.shape == (2 * 3 - 1, 3 * 4 - 1)
    assert shown[0, 0] == 0 and shown[3, 4] == 255
    assert shown[0, 4] == 128  # a quarter of the greatest


def test_a_network_goes_by_the_name_it_has_on_the_page(classifiers):
    shown, inside = explanation({"yours": classifiers["nonlinear"]}, "yours", parse_drawing(SEVEN))
    assert shown["model"] == "yours" and inside["units"]


def test_what_is_no_digit_says_so(classifiers):
    zigzag = [[(x, 500 * (x // 60 % 2)) for x in range(0, 661, 60)]]
    assert not classifiers["cnn"].predict(zigzag).is_digit
    shown, _ = explanation(classifiers, "cnn", parse_drawing(zigzag))
    assert shown["rejected"] and shown["not"] and shown["digit"] == shown["predicted"]
