"""Break it: a digit distorted by a slider, and nudged."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from digitnet.explain.distortions import DISTORTIONS
from tests.browser.actions import (
    SCRIBBLE,
    SEVEN,
    answer,
    choose,
    draw,
    draw_by_touch,
    open_fold,
    open_tab,
    pick,
)

ZERO = [
    [(0.5 + 0.22 * np.sin(turn), 0.5 - 0.35 * np.cos(turn)) for turn in np.linspace(0, 6.28, 13)]
]
TWO_ONES = [[(0.2, 0.2), (0.2, 0.8)], [(0.8, 0.2), (0.8, 0.8)]]


def rows(page):
    return page.locator("#distorted tbody tr")


def caption(page):
    return page.locator("#distorted figcaption")


def title(page):
    return page.locator("#curves figcaption")


def slide(page, key, times=1):
    handle = page.locator("#amount input[type=range]")
    for _ in range(times):
        handle.press(key)


def slider_line(page):
    """Where across the chart the slider's line stands."""
    return page.locator("#curves polyline").last.get_attribute("points").split(",")[0]


def break_seven(page):
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Break it")
    expect(rows(page)).to_have_count(3)


def test_it_asks_for_one_digit_first(page):
    open_tab(page, "Break it")
    expect(page.locator("#nothing-to-break")).to_contain_text("Draw a digit")
    expect(page.locator("#find")).to_be_hidden()
    open_tab(page, "Draw")
    draw(page, TWO_ONES)
    expect(answer(page)).to_have_text("11")
    open_tab(page, "Break it")
    expect(page.locator("#nothing-to-break")).to_contain_text("leave only one")
    expect(page.locator("#find")).to_be_hidden()


def test_the_slider_distorts_and_the_curves_show_where_models_give_way(page):
    break_seven(page)
    expect(title(page)).to_contain_text("Probability of 7")
    expect(caption(page)).to_have_text("0 degrees clockwise")
    upright = page.locator("#distorted img").get_attribute("src")
    before = slider_line(page)
    slide(page, "ArrowRight", 3)
    expect(caption(page)).to_have_text("+15 degrees clockwise")
    assert page.locator("#distorted img").get_attribute("src") != upright
    assert float(slider_line(page)) > float(before)
    # As many dots on the curves as values in the table, and no 7 at the end of the range.
    ways = page.locator("#distorted .failure-points").all_inner_texts()
    values = [value for text in ways for value in re.findall(r"[−+]?\d+", text)]
    assert page.locator("#curves circle").count() == len(values) > 0
    first = re.findall(r"\+\d+", rows(page).last.locator(".failure-points").inner_text())[0]
    slide(page, "ArrowRight", int(first) // 5 - 4)
    expect(caption(page)).to_have_text(f"+{int(first) - 5} degrees clockwise")
    expect(rows(page).last).to_have_class(re.compile("right"))
    slide(page, "ArrowRight")
    expect(caption(page)).to_have_text(f"{first} degrees clockwise")
    expect(rows(page).last).to_have_class(re.compile("wrong"))


def test_a_number_out_of_range_leaves_no_old_picture(page):
    break_seven(page)
    curves = page.locator("#curves polyline").count()
    field = page.locator("#amount input[type=number]")
    field.fill("")
    expect(page.locator("#distorted .problem")).to_have_text(
        "This must be a number from -90 to 90."
    )
    expect(page.locator("#distorted img")).to_have_count(0)
    expect(page.locator("#curves polyline")).to_have_count(curves - 1)  # without the slider's line
    field.fill("15")
    expect(caption(page)).to_have_text("+15 degrees clockwise")
    expect(page.locator("#distorted .problem")).to_have_count(0)


def test_every_distortion_has_its_slider(page):
    break_seven(page)
    for name, distortion in DISTORTIONS.items():
        choose(page, name, "distortion")
        expect(page.locator("#curves .name").first).to_have_text(distortion.unit)
        expect(page.locator("#amount")).to_contain_text(distortion.unit)
        untouched = page.locator("#distorted img").get_attribute("src")
        slide(page, "ArrowRight")
        value = round(distortion.identity + distortion.step, 6)
        expect(caption(page)).to_have_text(re.compile(rf"^\+?{value:g} "))
        slide(page, "End")
        expect(caption(page)).to_have_text(re.compile(rf"^\+?{distortion.high:g} "))
        expect(page.locator("#distorted img")).not_to_have_attribute("src", untouched)


def test_another_true_digit_model_and_recipe(page):
    break_seven(page)
    curve = page.locator("#curves polyline").first
    of_seven = curve.get_attribute("points")
    pick(page, "2", "truth")
    expect(title(page)).to_contain_text("Probability of 2")
    expect(page.locator("#distorted .failure-points").first).to_have_text("the start")
    pick(page, "automatic", "truth")
    expect(curve).to_have_attribute("points", of_seven)
    choose(page, "linear", "model")
    expect(page.locator("#distorted .chosen")).to_have_attribute("data-model", "linear")
    choose(page, "as in the article", "recipe")
    expect(curve).not_to_have_attribute("points", of_seven)


def test_a_test_image_has_its_label(page):
    open_tab(page, "Test predictions")
    choose(page, "all", "outcome")
    open_fold(page, "filters")
    pick(page, "test set", "order")
    page.locator("#gallery .tile[data-index='8']").click()
    page.get_by_role("button", name="Take it to the Draw tab").click()
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    open_tab(page, "Break it")
    expect(title(page)).to_contain_text("Probability of 5")  # its label


@pytest.mark.parametrize("recipe", ["for drawings", "as in the article"])
def test_the_smallest_nudge_misleads_the_chosen_model(page, recipe):
    break_seven(page)
    choose(page, recipe, "recipe")
    pick(page, "2", "target")
    page.locator("#find").click()
    ways = page.locator("#nudge .way")
    expect(ways).to_have_count(2)
    for way in ways.all():
        assert way.locator("img").count() == 3
        sizes = [float(size) for size in way.locator(".size b").all_inner_texts()]
        assert 0 < sizes[1] <= 1 and sizes[1] <= sizes[0]  # no pixel's change exceeds the L2 norm
        expect(way.locator("[data-model=cnn] .predicted")).to_have_text("2")
        for model in ("linear", "nonlinear"):
            row = way.locator(f"[data-model={model}]")
            fooled = row.locator(".predicted").inner_text() == "2"
            expected = "fooled too" if fooled else "not fooled"
            expect(row.locator(".verdict")).to_have_text(expected)
    l2, linf = (
        [float(size) for size in way.locator(".size b").all_inner_texts()] for way in ways.all()
    )
    assert l2[0] < linf[0] and linf[1] < l2[1]  # each is smaller in its own norm
    # What was found for one model is not shown for another.
    choose(page, "linear", "model")
    expect(ways).to_have_count(0)


def test_no_nudge_to_what_is_said_already(page):
    break_seven(page)
    pick(page, "7", "target")
    page.locator("#find").click()
    expect(page.locator("#nudge")).to_contain_text("cnn predicts 7 already")


def test_the_headline_names_a_zero(page):
    draw(page, ZERO)
    expect(answer(page)).to_have_text("0")
    open_tab(page, "Break it")
    page.locator("#find").click()
    expect(page.locator("#nudge .headline")).to_have_text("Still a 0 to you; cnn says 3.")


def test_a_refused_drawing_gives_way_at_the_start(page):
    draw(page, SCRIBBLE)
    expect(answer(page)).to_have_text("?")
    open_tab(page, "Break it")
    expect(rows(page).last.locator(".predicted b")).to_have_text("no digit")
    expect(rows(page).last.locator(".failure-points")).to_have_text("the start")


def test_on_a_phone(phone):
    draw_by_touch(phone, SEVEN[0])
    expect(answer(phone)).to_have_text("7")
    open_tab(phone, "Break it")
    expect(rows(phone)).to_have_count(3)
    choose(phone, "blur", "distortion")
    expect(phone.locator("#amount")).to_contain_text("Blur")
    slide(phone, "ArrowRight", 2)
    expect(caption(phone)).to_have_text(re.compile(r"^0\.2 pixels"))
    phone.locator("#find").tap()
    expect(phone.locator("#nudge .way")).to_have_count(2)
    for part in ("#distorted", "#curves", "#nudge"):
        box = phone.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
