"""The page as a visitor uses it."""

import json
import re
import shutil
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import WIDE, served, visit
from tests.conftest import PROJECT

# In shares of the sketchpad.
SEVEN = [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]]
CROSSED_SEVEN = [*SEVEN, [(0.4, 0.5), (0.72, 0.5)]]
ONE = [[(0.5, 0.1), (0.5, 0.9)]]
METRICS = json.loads((PROJECT / "weights" / "baseline" / "metrics.json").read_text())["models"]


def place(page, point):
    box = page.locator(".paper").bounding_box()
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page, strokes, lift=True):
    """Draw with the mouse; the button stays down after the last stroke if `lift` is False."""
    page.locator(".paper").scroll_into_view_if_needed()
    for number, stroke in enumerate(strokes, start=1):
        page.mouse.move(*place(page, stroke[0]))
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*place(page, point), steps=15)
        if lift or number < len(strokes):
            page.mouse.up()


def choose(page, label, group):
    page.locator(f"#{group}").get_by_label(label, exact=True).check()


def answer(page):
    return page.locator("#answer .main .digit")


def strokes(page):
    return page.locator("#sketchpad .ink polyline")


def is_of(request, strokes):
    """Whether `request` sends a drawing of that many strokes."""
    return request.method == "POST" and len(json.loads(request.post_data)["data"][0]) == strokes


def colour(locator, name="color"):
    value = locator.evaluate(f"element => getComputedStyle(element)['{name}']")
    return [float(part) for part in re.findall(r"[\d.]+", value)][:3]


# ---- drawing ----------------------------------------------------------------------------------


def test_the_answer_follows_the_pen(page):
    expect(answer(page)).to_have_text("–")
    draw(page, SEVEN, lift=False)
    expect(answer(page)).to_have_text("7")  # the button is still down
    page.mouse.up()
    expect(answer(page)).to_have_text("7")


def test_one_request_at_a_time_and_the_last_drawing_wins(page):
    in_flight, most, sent = set(), [0], []

    def begin(request):
        if request.method == "POST":
            in_flight.add(request)
            sent.append(request)
            most[0] = max(most[0], len(in_flight))

    page.on("request", begin)
    page.on("requestfinished", lambda request: in_flight.discard(request))
    page.on("requestfailed", lambda request: in_flight.discard(request))
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    page.wait_for_function("() => document.querySelectorAll('#sketchpad polyline').length === 2")
    with page.expect_request(lambda request: is_of(request, strokes=1)):
        page.keyboard.press("Control+z")
    assert most[0] == 1
    last = [json.loads(request.post_data)["data"][0] for request in sent if is_of(request, 2)][-1]
    assert last[1][-1][0] == pytest.approx(720, abs=8)  # where the last stroke ended


def test_undo_and_clear_by_button_and_key(page):
    undo = page.get_by_role("button", name="Undo")
    clear = page.get_by_role("button", name="Clear")
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    draw(page, CROSSED_SEVEN)
    expect(strokes(page)).to_have_count(2)
    expect(page.locator(".pad .help")).to_be_hidden()
    undo.click()
    expect(strokes(page)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(strokes(page)).to_have_count(0)
    expect(answer(page)).to_have_text("–")
    draw(page, CROSSED_SEVEN)
    clear.click()
    expect(strokes(page)).to_have_count(0)
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    page.keyboard.press("Escape")
    expect(strokes(page)).to_have_count(0)
    expect(answer(page)).to_have_text("–")
    expect(page.locator(".pad .help")).to_be_visible()


def test_a_tap_is_a_dot_that_is_seen(page):
    page.mouse.click(*place(page, (0.5, 0.5)))
    expect(strokes(page)).to_have_count(1)
    assert strokes(page).evaluate("dot => dot.getTotalLength()") == 0
    expect(answer(page)).not_to_have_text("–")


def test_nobody_agrees_or_disagrees_about_nothing(page):
    for other in page.locator("#answer .others li").all():
        expect(other).not_to_have_class(re.compile("agrees"))


def test_models_are_chosen_and_the_others_stay_in_sight(page):
    draw(page, SEVEN)
    for name in METRICS:
        choose(page, name, "model")
        expect(page.locator("#answer .says b")).to_have_text(name)
        others = page.locator("#answer .others li")
        expect(others).to_have_count(2)
        said = {other.get_attribute("data-model") for other in others.all()}
        assert said == set(METRICS) - {name}
        for other in others.all():
            agrees = other.get_attribute("data-digit") == answer(page).inner_text()
            expect(other.locator(".verdict")).to_have_text("✓ agrees" if agrees else "✗ disagrees")


def test_ten_probabilities_sum_to_one(page):
    draw(page, ONE)
    expect(answer(page)).to_have_text("1")
    shown = page.locator("#answer .bars .percent").all_inner_texts()
    assert len(shown) == 10
    assert sum(float(text.rstrip(" %")) for text in shown) == pytest.approx(100, abs=0.6)


# ---- the gallery ------------------------------------------------------------------------------


def test_gallery_shows_right_and_wrong_in_counts_marks_and_colours(page):
    page.get_by_role("tab", name="Test predictions").click()
    tiles = page.locator("#gallery .tile")
    expect(tiles).to_have_count(60)
    for name, entry in METRICS.items():
        choose(page, name, "model")
        # A borderline image may fall either way on another processor.
        near = [round(entry["test_accuracy"] * 10_000) + off for off in range(-2, 3)]
        summaries = "|".join(f"{right:,} right, {10_000 - right:,} wrong" for right in near)
        expect(page.locator("#gallery .summary b")).to_have_text(re.compile(summaries))
    choose(page, "right", "outcome")
    expect(page.locator("#gallery .tile.wrong")).to_have_count(0)
    red, green, _ = colour(tiles.first.locator(".caption"))
    assert green > red
    choose(page, "wrong", "outcome")
    expect(page.locator("#gallery .tile.right")).to_have_count(0)
    red, green, _ = colour(tiles.first.locator(".caption"))
    assert red > green
    for tile in tiles.all()[:10]:
        mark, predicted, actual = re.fullmatch(
            r"(.) Predicted (\d) \| Actual (\d)", tile.locator(".caption").inner_text()
        ).groups()
        assert mark == "✗" and predicted != actual


def test_gallery_filters_by_true_digit_and_turns_pages(page, test_set):
    page.get_by_role("tab", name="Test predictions").click()
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#gallery .pages")).to_have_text("page 2 of 167")
    expect(page.locator("#gallery .tile").first).to_have_attribute("title", "Test image 60")
    page.locator("#page input").fill("999")
    page.locator("#page input").press("Enter")
    expect(page.locator("#gallery .pages")).to_have_text("page 167 of 167")
    expect(page.locator("#gallery .tile")).to_have_count(10_000 - 166 * 60)
    page.get_by_role("button", name="Previous page").click()
    expect(page.locator("#gallery .pages")).to_have_text("page 166 of 167")
    page.locator("#true-digit input").click()
    page.get_by_role("option", name="4", exact=True).click()
    fours = int((test_set[1] == 4).sum())
    expect(page.locator("#gallery .pages")).to_have_text(f"page 1 of {-(-fours // 60)}")
    for caption in page.locator("#gallery .caption").all_inner_texts():
        assert caption.endswith("Actual 4")


def test_accuracies_and_a_grid_of_the_data_set(page):
    page.get_by_role("tab", name="Models").click()
    shown = page.locator("#accuracy li .percent").all_inner_texts()
    assert shown == [f"{100 * entry['test_accuracy']:.2f} %" for entry in METRICS.values()]
    tiles = page.locator("#grid .tile")
    expect(tiles).to_have_count(16)
    before = tiles.first.get_attribute("title"), tiles.last.get_attribute("title")
    page.get_by_role("button", name="Sixteen others").click()
    expect(tiles.first).not_to_have_attribute("title", before[0])
    assert re.fullmatch(r"\d - [a-z]+", tiles.first.inner_text().strip())


# ---- a phone, and a page that lacks something -------------------------------------------------


def test_a_finger_draws_on_a_phone_without_scrolling_it(phone):
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    touch = phone.context.new_cdp_session(phone)
    phone.locator(".paper").scroll_into_view_if_needed()
    scrolled = phone.evaluate("scrollY")
    (stroke,) = SEVEN
    corners = [place(phone, point) for point in stroke]
    path = [
        (x0 + (x1 - x0) * step / 12, y0 + (y1 - y0) * step / 12)
        for (x0, y0), (x1, y1) in pairwise(corners)
        for step in range(13)
    ]
    for number, (x, y) in enumerate(path):
        kind = "touchMove" if number else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    expect(answer(phone)).to_have_text("7")  # the finger is still down
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(strokes(phone)).to_have_count(1)
    assert phone.evaluate("scrollY") == scrolled
    for tab in ("Test predictions", "Models"):
        phone.get_by_role("tab", name=tab).click()
        expect(phone.locator(".tile:visible").first).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_page_starts_without_some_weights(browser, tmp_path):
    shutil.copy(PROJECT / "app.py", tmp_path)
    shutil.copytree(PROJECT / "digitnet", tmp_path / "digitnet")
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    shutil.copytree(PROJECT / "weights", tmp_path / "weights")
    shutil.rmtree(tmp_path / "weights" / "augmented", ignore_errors=True)
    baseline = tmp_path / "weights" / "baseline"
    (baseline / "nonlinear.safetensors").unlink()
    (baseline / "linear.safetensors").write_bytes(b"broken")
    (baseline / "metrics.json").write_text("[")
    with served(tmp_path) as address, visit(browser, address, WIDE) as page:
        problems = " ".join(page.locator(".problem").all_inner_texts())
        assert "nonlinear.safetensors is missing; run python train.py" in problems
        assert "linear.safetensors is not a whole safetensors file" in problems
        assert "metrics.json is not readable JSON" in problems
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
