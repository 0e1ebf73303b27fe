"""The picture of the whole network: it shows what PyTorch computes, and writes out the sums."""

import re

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

import digitnet
from digitnet.models import MODELS
from tests.browser.actions import (
    SEVEN,
    answer,
    choose,
    draw,
    points_of_strokes,
    strokes,
    wait_for_engine,
)
from tests.browser.conftest import WIDE, visit

CLOSE = 0.02  # numbers are shown with two decimals


@pytest.fixture(scope="module")
def page_with_a_seven(browser, address):
    """One page for all tests that only look at the network."""
    with visit(browser, address, WIDE) as page:
        wait_for_engine(page)
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
        yield page


@pytest.fixture
def drawn(page_with_a_seven):
    """The page with a 7 on the sketchpad, the network of the cnn and nothing selected in it."""
    page_with_a_seven.mouse.move(0, 0)
    show(page_with_a_seven, "cnn")
    expect(title(page_with_a_seven)).to_have_count(0)
    return page_with_a_seven


def values_of(page, model):
    """What PyTorch computes of the drawing after each layer, the image first."""
    network = digitnet.load(model, device="cpu").network
    value = torch.from_numpy(digitnet.to_image(points_of_strokes(page)))[None, None]
    values = [value]
    with torch.no_grad():
        for layer in network.layers:
            values.append(value := layer(value))
    return network, values


def show(page, model):
    """Choose a model, and wait until the picture is of it: a new picture has nothing selected."""
    choose(page, model, "model")
    expect(page.locator("#answer .sentence b")).to_have_text(model)
    expect(page.locator("#network .maps")).to_have_count(2 if model == "cnn" else 0)


def part(page, column, number):
    return page.locator(f"#network [data-column='{column}'][data-part='{number}']")


def title(page):
    return page.locator("#network .detail .title")


def number(text):
    return float(text.replace("−", "-"))


def terms(page):
    """The terms of the sum that is written out, the bias included, and what they add up to."""
    shown = page.locator("#network .detail .sum-of")
    added = [number(text) for text in shown.locator(".term b").all_inner_texts()]
    return added, number(shown.locator(".total").inner_text())


def pixels(canvas):
    """The brightness of each pixel, ``[H, W]`` in 0..1."""
    size, data = canvas.evaluate(
        """canvas => [[canvas.height, canvas.width], Array.from(
            canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data)]"""
    )
    return np.array(data, float).reshape(*size, 4)[..., 0] / 255


@pytest.mark.parametrize("model", MODELS)
def test_answers_are_the_logits(drawn, model):
    show(drawn, model)
    _, values = values_of(drawn, model)
    expect(drawn.locator("#network .answers .part")).to_have_count(10)
    logits = values[-1][0].tolist()
    expect(part(drawn, 2 if model != "cnn" else 3, 7).locator(".value")).to_have_text(
        f"{logits[7]:+.2f}".replace("-", "−")
    )
    shown = drawn.locator("#network .answers .value").all_inner_texts()
    np.testing.assert_allclose([number(text) for text in shown], logits, atol=CLOSE)
    expect(drawn.locator("#network .answers .best .name")).to_have_text("7")


def test_maps_are_the_layers_outputs(drawn):
    _, values = values_of(drawn, "cnn")
    for column, value, count in ((1, values[2], 16), (2, values[5], 64)):
        maps = value[0].numpy()
        assert len(maps) == count
        for index in range(0, count, 5):
            shown = pixels(part(drawn, column, index).locator("canvas"))
            np.testing.assert_allclose(shown**2, maps[index] / maps.max(), atol=0.02)


def test_the_sum_of_a_cell_is_written_out(drawn):
    network, values = values_of(drawn, "cnn")
    canvas = part(drawn, 2, 35).locator("canvas")
    side = canvas.bounding_box()["width"] / 15
    row, column = 3, 8
    canvas.hover(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})
    expect(title(drawn)).to_have_text("Map 36 of 64")
    added, total = terms(drawn)
    window = values[3][0, 35, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    assert total == pytest.approx(window.max().item(), abs=CLOSE)
    assert sum(added) == pytest.approx(total, abs=0.05)
    result = number(drawn.locator("#network .detail .result").inner_text())
    assert result == pytest.approx(values[5][0, 35, row, column].item(), abs=CLOSE)
    # The patches that it was computed from are framed, down to the ink.
    assert drawn.locator("#network .maps .patch:visible").count() == 16 + 1
    expect(part(drawn, 0, 0).locator(".patch")).to_be_visible()
    bias = network.layers[2].bias[35].item()
    assert added[-1] == pytest.approx(bias, abs=CLOSE)


@pytest.mark.parametrize("model", MODELS)
def test_pointing_at_an_answer_shows_what_speaks_for_it(drawn, model):
    show(drawn, model)
    drawn.locator("#network .answers .part").nth(3).hover()
    expect(title(drawn)).to_have_text("The answer 3")
    network, values = values_of(drawn, model)
    shares = (network.layers[-1].weight[3] * values[-2][0]).detach()
    added, total = terms(drawn)
    assert total == pytest.approx(values[-1][0, 3].item(), abs=CLOSE)
    expected = (
        [shares[shares > 0].sum().item(), shares[shares < 0].sum().item()]
        if model == "cnn"
        else shares.tolist()
    )
    np.testing.assert_allclose(sorted(added[:-1]), sorted(expected), atol=CLOSE)
    expect(drawn.locator("#network .detail")).to_contain_text("softmax")


def test_a_unit_that_the_relu_shuts_is_marked(drawn):
    show(drawn, "nonlinear")
    _, values = values_of(drawn, "nonlinear")
    shut = [value == 0 for value in values[3][0].tolist()]
    units = drawn.locator("#network .units .part")
    expect(units).to_have_count(4)
    assert ["shut" in unit.get_attribute("class").split() for unit in units.all()] == shut
    assert drawn.locator("#network .lines line").count() == 40


def test_it_changes_with_each_movement_of_the_pen(page):
    wait_for_engine(page)
    seen = part(page, 0, 0).locator("canvas")
    draw(page, SEVEN, lift=False)
    expect(page.locator("#network .network")).not_to_have_class(re.compile("idle"))
    assert pixels(seen).max() > 0.9
    page.mouse.up()
    expect(answer(page)).to_have_text("7")
    image = digitnet.to_image(points_of_strokes(page))
    np.testing.assert_allclose(pixels(seen) ** 2, image, atol=0.02)


def test_it_comes_back_after_a_model_that_the_browser_does_not_have(drawn):
    network = drawn.locator("#network .network")
    drawn.evaluate(
        """() => window.dispatchEvent(new CustomEvent("digitnet:seen", {
            detail: { image: null, model: "another", recipe: "drawings", values: null } }))"""
    )
    expect(network).to_be_hidden()
    show(drawn, "nonlinear")
    expect(network).to_be_visible()


def test_its_hint_is_not_read_out_at_each_movement(page):
    wait_for_engine(page)
    draw(page, SEVEN)
    expect(page.locator("#network .detail")).to_contain_text("Point at a map")
    page.evaluate(
        """() => {
            window.written = 0;
            new MutationObserver((changes) => (window.written += changes.length)).observe(
                document.querySelector("#network .detail"), { subtree: true, childList: true });
        }"""
    )
    draw(page, [[(0.4, 0.5), (0.72, 0.5)]])
    expect(strokes(page)).to_have_count(2)
    expect(answer(page)).to_have_text("7")
    assert page.evaluate("written") == 0


def test_it_is_explored_by_keyboard(drawn):
    part(drawn, 1, 0).focus()
    drawn.keyboard.press("ArrowRight")
    expect(title(drawn)).to_have_text("Map 2 of 16")
    drawn.keyboard.press("ArrowDown")
    expect(title(drawn)).to_have_text("Map 6 of 16")
    place = drawn.locator("#network .detail p").first
    before = place.inner_text()
    row, column = map(int, re.search(r"Row (\d+), column (\d+)", before).groups())
    drawn.keyboard.press("Shift+ArrowUp")
    expect(place).to_contain_text(f"Row {max(row - 1, 1)}, column {column}")
    drawn.keyboard.press("Tab")
    expect(title(drawn)).to_have_text("Map 1 of 64")
    drawn.keyboard.press("Tab")
    expect(title(drawn)).to_have_text("The answer 0")
    drawn.keyboard.press("Escape")
    expect(title(drawn)).to_have_count(0)
    expect(strokes(drawn)).to_have_count(1)  # the drawing is still there


def test_it_is_explored_by_touch(phone):
    wait_for_engine(phone)
    draw(phone, SEVEN)
    expect(answer(phone)).to_have_text("7")
    phone.locator("#network .answers .part").nth(7).tap()
    expect(title(phone)).to_have_text("The answer 7")
    expect(title(phone)).to_be_in_viewport()
    part(phone, 1, 3).tap()
    expect(title(phone)).to_have_text("Map 4 of 16")


def test_a_card_chooses_its_model(drawn):
    drawn.locator("#answer [data-model=linear]").click()
    expect(drawn.locator("#model").get_by_label("linear", exact=True)).to_be_checked()
    expect(drawn.locator("#answer .sentence b")).to_have_text("linear")
    expect(drawn.locator("#network .units .part")).to_have_count(4)
    expect(drawn.locator("#answer .no-digit")).to_contain_text("always guesses")
