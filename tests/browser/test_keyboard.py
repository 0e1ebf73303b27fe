"""The page by keyboard alone, and in the colours of the visitor's system."""

from playwright.sync_api import expect

from tests.browser.actions import (
    SEVEN,
    answer,
    choose,
    colour,
    draw,
    open_fold,
    open_tab,
    type_number,
)
from tests.browser.conftest import WIDE, visit

LANDSCAPE = {"viewport": {"width": 740, "height": 360}, "has_touch": True, "is_mobile": True}
NARROW = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}


def radio(page, group, label):
    return page.locator(f"#{group}").get_by_label(label, exact=True)


def tab(page, name):
    return page.get_by_role("tab", name=name, exact=True)


def test_a_group_of_radios_is_one_stop_with_arrow_keys(page):
    draw(page, SEVEN)
    open_tab(page, "Why")
    question = page.locator("#evidence .question b").first
    expect(radio(page, "model", "cnn")).to_have_attribute("name", "model")  # grouped by page.js
    radio(page, "model", "cnn").focus()
    page.keyboard.press("ArrowLeft")
    expect(radio(page, "model", "nonlinear")).to_be_checked()
    expect(question).to_have_text("nonlinear")
    page.keyboard.press("ArrowLeft")
    expect(question).to_have_text("linear")
    page.keyboard.press("Shift+Tab")
    expect(radio(page, "recipe", "for drawings")).to_be_focused()
    label = page.locator("#recipe label", has=page.locator(":focus"))
    assert label.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    expect(radio(page, "model", "linear")).to_be_focused()
    page.keyboard.press("Tab")
    expect(tab(page, "Why")).to_be_focused()
    for label, name in (("Test predictions", "outcome"), ("Break it", "distortion")):
        open_tab(page, label)
        expect(page.locator(f"#{name} input").first).to_be_visible()
        names = page.locator(f"#{name} input").evaluate_all("all => all.map((one) => one.name)")
        assert len(names) > 1 and len(set(names)) == 1


def test_the_tabs_stay_in_place_on_a_phone(phone):
    before = tab(phone, "Why").bounding_box()["y"]
    open_tab(phone, "Why")
    expect(tab(phone, "Why")).to_have_attribute("aria-selected", "true")
    assert tab(phone, "Why").bounding_box()["y"] == before


def test_a_model_is_chosen_by_its_card(page):
    """On the tab Draw, by the keyboard; the radio buttons of the other tabs follow."""
    draw(page, SEVEN)
    expect(radio(page, "model", "cnn")).to_be_hidden()
    card = page.locator("#answer .card[data-model=linear]")
    card.press("Enter")
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#answer .sentence b")).to_have_text("linear")
    open_tab(page, "Why")
    expect(radio(page, "model", "linear")).to_be_visible()
    expect(radio(page, "model", "linear")).to_be_checked()
    expect(page.locator("#evidence .question b").first).to_have_text("linear")


def test_tabs_are_one_stop_with_arrow_keys(page):
    tab(page, "Draw").focus()
    page.keyboard.press("ArrowRight")
    expect(tab(page, "Why")).to_be_focused()
    expect(tab(page, "Draw")).to_have_attribute("aria-selected", "true")  # not opened by passing
    page.keyboard.press("Enter")
    expect(tab(page, "Why")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("End")
    expect(tab(page, "Your hand")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tab(page, "Draw")).to_be_focused()
    expect(tab(page, "Why")).to_have_attribute("tabindex", "0")
    expect(tab(page, "Draw")).to_have_attribute("tabindex", "-1")


def test_the_focus_stays_where_a_pressed_button_was(page):
    open_tab(page, "Test predictions")
    tile = page.locator("#gallery .tile").first
    tile.focus()
    page.keyboard.press("Enter")
    page.locator("#take").press("Enter")
    expect(tab(page, "Draw")).to_be_focused()
    choose(page, "linear", "model")
    choose(page, "as in the article", "recipe")
    open_tab(page, "Train it")
    open_fold(page, "advanced")
    type_number(page, 30, "epochs")
    page.locator("#train").press("Enter")
    expect(page.locator("#stop")).to_be_focused()
    expect(page.locator("#training-answer figure img")).to_be_visible(timeout=90_000)
    page.keyboard.press("Enter")
    expect(page.locator("#train")).to_be_focused(timeout=90_000)


def test_forced_colours_show_bars_tab_and_choice(browser, address):
    with visit(browser, address, WIDE | {"forced_colors": "active"}) as page:
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
        best = page.locator("#answer .best .fill")
        background = colour(page.locator("body"), "backgroundColor")
        assert colour(best, "backgroundColor") != background
        chosen, other = tab(page, "Draw"), tab(page, "Why")
        width = "one => getComputedStyle(one).borderBottomWidth"
        assert chosen.evaluate(width) == "4px" != other.evaluate(width)
        ring = "one => getComputedStyle(one.closest('label')).outlineStyle"
        assert radio(page, "model", "cnn").evaluate(ring) == "solid"
        assert radio(page, "model", "linear").evaluate(ring) == "none"


def test_a_phone_on_its_side_shows_paper_and_answer(browser, address):
    with visit(browser, address, LANDSCAPE) as page:
        page.locator(".paper").scroll_into_view_if_needed()
        expect(page.locator(".paper")).to_be_in_viewport(ratio=1)
        expect(page.locator("#answer .main")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 740


def test_a_narrow_phone_cuts_no_label(browser, address):
    cut = """all => all.filter((one) => one.scrollWidth > one.clientWidth + 1)
        .filter((one) => one.checkVisibility()).map((one) => one.innerText)"""
    outside = """all => all.filter((one) => one.getBoundingClientRect().right > innerWidth)
        .map((one) => one.innerText)"""
    with visit(browser, address, NARROW) as page:
        assert page.locator("label, .tools button").evaluate_all(cut) == []
        assert page.locator("label, #answer :is(td, th, .percent)").evaluate_all(outside) == []
        open_tab(page, "Test predictions")
        page.locator("#confusion-fold > button").click()
        cells = page.locator("#confusion button")
        expect(cells).to_have_count(100)
        assert cells.evaluate_all(outside) == [] == cells.evaluate_all(cut)
        open_tab(page, "Compare")
        expect(page.locator("#comparison .more")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
