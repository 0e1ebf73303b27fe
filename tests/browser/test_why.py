"""Why a model answers as it does, as a visitor asks for it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import (
    CROSSED_SEVEN,
    SEVEN,
    answer,
    choose,
    draw,
    draw_by_touch,
    open_fold,
    open_tab,
    settled,
    strokes,
    type_number,
)

INSIDE = {"linear": ".product img", "nonlinear": ".unit", "cnn": ".layer"}
PARTS = {"linear": 3, "nonlinear": 4, "cnn": 2}


def number(text):
    return float(text.replace("−", "-"))


def column(page, which):
    """The figures of one column of the account, from top to bottom."""
    return [
        number(text)
        for text in page.locator(f"#evidence tbody td:nth-child({which})").all_inner_texts()
    ]


def maps(page):
    return page.locator("#evidence .map img")


def lay_test_image(page, number):
    open_fold(page, "why-image-fold")
    type_number(page, number, "why-image")
    page.locator("#why-image-button").click()


def check_account(page):
    for which in (2, 3, 4):
        *terms, together, logit = column(page, which)
        assert sum(terms) == pytest.approx(together, abs=1e-6)
        assert together == pytest.approx(logit, abs=0.011)
    error = re.fullmatch(
        r"(?:less than )?([\d.]+) %", page.locator("#evidence .error").inner_text()
    )
    assert float(error[1]) < 1


def test_a_drawing_is_explained_by_every_model(page):
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Why")
    open_fold(page, "engineers")
    for name, selector in INSIDE.items():
        choose(page, name, "model")
        expect(page.locator("#evidence .question b").first).to_have_text(name)
        expect(page.locator(f"#parts {selector}")).to_have_count(PARTS[name])
        expect(maps(page)).to_have_count(2)
        expect(page.locator("#evidence .piecewise")).to_have_count(2)
        expect(page.locator("#evidence .piecewise svg").first).to_be_visible()
        assert page.locator("#evidence .piecewise .line").count() >= 20
        assert all(number(text) for text in page.locator("#evidence text").all_text_contents())
        expect(maps(page).first).to_be_hidden()  # they are one click away
        check_account(page)
        said = page.locator("#evidence .predicted").inner_text()
        expect(page.locator("#evidence .asked")).to_have_text("Why?")
        expect(page.locator("#evidence thead th").first).to_have_text(said)
        if name != "cnn":
            logit = page.locator("#parts .logit").inner_text()
            assert number(logit) == column(page, 2)[-1]
    expect(page.locator("#parts .cam img")).to_be_visible()


def test_why_not_another_digit(page):
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Why")
    expect(page.locator("#evidence .asked")).to_have_text("Why?")
    own = column(page, 2)
    drawn = maps(page).first.get_attribute("src")
    choose(page, "1", "why-digit")
    expect(page.locator("#evidence .asked")).to_have_text("Why not 1?")
    expect(page.locator("#evidence thead th")).to_have_text(["1", "7", "1 rather than 7"])
    assert maps(page).first.get_attribute("src") != drawn
    assert column(page, 3) == own
    check_account(page)
    assert column(page, 4)[-1] < 0  # or it would be the answer
    choose(page, "its answer", "why-digit")
    expect(page.locator("#evidence .asked")).to_have_text("Why?")
    expect(maps(page).first).to_have_attribute("src", drawn)


def test_the_recipe_changes_the_explanation(page):
    draw(page, SEVEN)
    open_tab(page, "Why")
    expect(maps(page)).to_have_count(2)
    drawn = maps(page).first.get_attribute("src")
    choose(page, "as in the article", "recipe")
    expect(maps(page).first).not_to_have_attribute("src", drawn)
    check_account(page)


def test_what_would_change_its_mind_is_shown_before_and_after(page):
    draw(page, SEVEN)
    choose(page, "linear", "model")
    open_tab(page, "Why")
    change = page.locator("#evidence .counterfactual")
    expect(change.locator(".before")).to_be_visible()
    expect(change.locator(".after")).to_be_visible()
    before = page.locator("#evidence .predicted").inner_text()
    assert change.locator(".digit").inner_text() != before
    expect(change.locator(".new")).to_have_text(f"a {change.locator('.digit').inner_text()}")
    expect(change).to_contain_text(
        re.compile(r"pink (piece|pieces|ink) \(\d+ % of (all|the) ink\)")
    )


def test_a_stroke_without_which_it_is_another_digit_is_dotted(page):
    page.locator(".example[aria-label*='two circles']").click()
    expect(strokes(page)).to_have_count(2)
    expect(answer(page)).to_have_text("8")
    open_tab(page, "Why")
    change = page.locator("#evidence .counterfactual")
    expect(change).to_contain_text("dotted stroke")
    expect(change.locator(".before polyline")).to_have_count(2)
    expect(change.locator(".before .removed")).to_have_count(1)
    expect(change.locator(".digit")).to_have_text("0")


def test_a_test_image_by_number(page, test_set):
    open_tab(page, "Why")
    expect(page.locator("#evidence .empty")).to_have_text(re.compile("Draw a digit"))
    page.get_by_role("button", name="Use a 4").click()
    expect(page.locator("#evidence .predicted")).to_have_text("4")
    expect(page.locator("#why-starters")).to_be_hidden()
    open_tab(page, "Draw")
    expect(answer(page)).to_have_text("4")
    open_tab(page, "Why")
    lay_test_image(page, 4)
    expect(page.locator("#evidence .predicted")).to_have_text(str(test_set[1][4].item()))
    check_account(page)
    type_number(page, 0, "why-image")
    page.locator("#why-image input").press("Enter")
    expect(page.locator("#evidence .predicted")).to_have_text(str(test_set[1][0].item()))
    open_tab(page, "Draw")
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    expect(answer(page)).to_have_text(str(test_set[1][0].item()))


def test_several_digits_and_none_get_a_sentence(page):
    draw(page, [[(x / 3 + off, y) for x, y in SEVEN[0]] for off in (0, 0.6)])
    expect(answer(page)).to_have_text("77")
    open_tab(page, "Why")
    expect(page.locator("#evidence .empty")).to_contain_text("several digits")
    expect(page.locator("#parts .parts")).to_have_count(0)
    open_tab(page, "Draw")
    page.get_by_role("button", name="Clear").click()
    expect(answer(page)).to_have_text("–")
    open_tab(page, "Why")
    expect(page.locator("#evidence .empty")).to_contain_text("Draw a digit")


def test_nothing_is_explained_while_another_tab_is_open(page):
    """What the tab shows stays as it was until it is opened again."""
    draw(page, SEVEN)
    open_tab(page, "Why")
    expect(maps(page)).to_have_count(2)
    open_tab(page, "Draw")
    choose(page, "linear", "model")
    expect(page.locator("#answer .sentence b")).to_have_text("linear")
    page.get_by_role("button", name="Undo").click()
    expect(strokes(page)).to_have_count(0)
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).not_to_have_text("–")
    expect(page.locator("#evidence .question b").first).to_have_text("cnn")
    open_tab(page, "Why")
    expect(page.locator("#evidence .question b").first).to_have_text("linear")


def test_on_a_phone(phone):
    (stroke,) = SEVEN
    draw_by_touch(phone, stroke)
    expect(answer(phone)).to_have_text("7")
    open_tab(phone, "Why")
    expect(phone.locator("#evidence .asked")).to_have_text("Why?")
    open_fold(phone, "engineers")
    expect(phone.locator("#parts .cam img")).to_be_visible()  # explained before it was open
    for name, selector in INSIDE.items():
        choose(phone, name, "model")
        expect(phone.locator(f"#parts {selector}")).to_have_count(PARTS[name])
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    choose(phone, "3", "why-digit")
    expect(phone.locator("#evidence .asked")).to_have_text("Why not 3?")
    box = phone.locator("#evidence .piecewise svg").first.bounding_box()
    assert box["width"] > 250
    check_account(phone)
    lay_test_image(phone, 8)
    expect(phone.locator("#evidence .question")).to_contain_text("Why not 3?")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_last_of_quick_choices_is_explained(page):
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Why")
    expect(page.locator("#evidence .asked")).to_have_text("Why?")
    open_fold(page, "engineers")
    page.evaluate(
        """async () => {
            for (const name of ["nonlinear", "cnn", "nonlinear", "cnn", "linear"]) {
                document.querySelector(`#model input[value="${name}"]`).click();
                await new Promise(requestAnimationFrame);
            }
        }"""
    )
    expect(page.locator("#evidence .question b").first).to_have_text("linear")
    expect(page.locator(f"#parts {INSIDE['linear']}")).to_have_count(PARTS["linear"])


def test_an_answer_that_was_overtaken_does_not_come_last(page):
    """The request for the image is held up on its way, while another model is chosen."""
    draw(page, SEVEN)
    open_tab(page, "Why")
    expect(page.locator("#evidence .predicted")).to_have_text("7")
    held = []

    def explains(request):
        """Whether it asks for the explanation of a test image."""
        values = (request.post_data_json or {}).get("data", [])
        return len(values) > 2 and isinstance(values[0], dict) and "test_image" in values[0]

    def hold_the_first(route):
        if explains(route.request) and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/queue/join*", hold_the_first)
    open_fold(page, "why-image-fold")
    type_number(page, 8, "why-image")
    with page.expect_request(lambda request: "queue/join" in request.url and explains(request)):
        page.locator("#why-image-button").click()
    choose(page, "linear", "model")
    held[0].continue_()
    expect(page.locator("#evidence .question b").first).to_have_text("linear")
    assert settled(page, "#evidence .question").startswith("linear")
