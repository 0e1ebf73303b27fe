"""What draws: a pen, fingers, a mouse and the keyboard; and how strokes are taken back."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import (
    CROSSED_SEVEN,
    ONE,
    SEVEN,
    answer,
    draw,
    open_fold,
    place,
    points_of_strokes,
    sent_by,
    strokes,
    type_number,
)
from tests.browser.conftest import PHONE, WIDE, visit


@pytest.fixture
def tablet(browser, address):
    """A page with what touches its screen: `fingers` and `stylus` take both."""
    with visit(browser, address, {"viewport": PHONE["viewport"], "has_touch": True}) as page:
        page.locator(".paper").scroll_into_view_if_needed()
        yield page, page.context.new_cdp_session(page)


def fingers(tablet, *points, kind="touchMove"):
    """Send the fingers that touch the screen, in shares of the sketchpad."""
    page, devtools = tablet
    places = [place(page, point) for point in points]
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def draw_by_finger(tablet, stroke):
    fingers(tablet, stroke[0], kind="touchStart")
    for point in stroke[1:]:
        fingers(tablet, point)
    fingers(tablet, kind="touchEnd")


def stylus(tablet, stroke, lift=True):
    """Draw a stroke with a pen."""
    page, devtools = tablet
    kinds = ["mousePressed", *["mouseMoved"] * (len(stroke) - 1)]
    for kind, point in zip(kinds, stroke, strict=True):
        x, y = place(page, point)
        event = {"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1}
        devtools.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})
    if lift:
        lift_stylus(tablet, stroke[-1])


def lift_stylus(tablet, point):
    page, devtools = tablet
    x, y = place(page, point)
    event = {"type": "mouseReleased", "x": x, "y": y, "button": "left", "clickCount": 1}
    devtools.send("Input.dispatchMouseEvent", {**event, "pointerType": "pen"})


# ---- who draws --------------------------------------------------------------------------------


def test_a_pen_takes_over_from_the_palm_that_landed_first(tablet):
    page, _ = tablet
    fingers(tablet, (0.8, 0.9), kind="touchStart")
    fingers(tablet, (0.8, 0.8))
    expect(strokes(page)).to_have_count(1)
    stylus(tablet, SEVEN[0], lift=False)
    expect(strokes(page)).to_have_count(1)
    fingers(tablet, (0.7, 0.8))
    fingers(tablet, kind="touchEnd")
    lift_stylus(tablet, SEVEN[0][-1])
    expect(answer(page)).to_have_text("7")
    (line,) = points_of_strokes(page)
    assert max(x for x, _ in line) < 780, "the palm's ink is gone"
    draw_by_finger(tablet, [(0.1, 0.1), (0.9, 0.9)])  # once a pen was seen, touch draws no more
    stylus(tablet, CROSSED_SEVEN[1])
    expect(strokes(page)).to_have_count(2)
    expect(answer(page)).to_have_text("7")


def test_a_second_finger_draws_nothing_and_takes_the_first_ones_stroke(tablet):
    page, _ = tablet
    draw_by_finger(tablet, SEVEN[0])
    expect(strokes(page)).to_have_count(1)
    fingers(tablet, (0.2, 0.2), kind="touchStart")
    fingers(tablet, (0.3, 0.3))
    expect(strokes(page)).to_have_count(2)
    fingers(tablet, (0.3, 0.3), (0.8, 0.8), kind="touchStart")
    fingers(tablet, (0.4, 0.3), (0.8, 0.5))
    expect(strokes(page)).to_have_count(1)
    fingers(tablet, kind="touchEnd")
    expect(strokes(page)).to_have_count(1)
    expect(answer(page)).to_have_text("7")


def test_a_second_finger_beside_the_sketchpad_cancels_too(tablet):
    page, _ = tablet
    fingers(tablet, (0.2, 0.2), kind="touchStart")
    fingers(tablet, (0.3, 0.3))
    fingers(tablet, (0.3, 0.3), (0.5, 1.05), kind="touchStart")
    expect(strokes(page)).to_have_count(0)
    fingers(tablet, kind="touchEnd")


def test_a_cancelled_stroke_goes(tablet):
    page, _ = tablet
    draw_by_finger(tablet, SEVEN[0])
    fingers(tablet, (0.2, 0.5), kind="touchStart")
    fingers(tablet, (0.9, 0.5))
    expect(strokes(page)).to_have_count(2)
    fingers(tablet, kind="touchCancel")
    expect(strokes(page)).to_have_count(1)
    expect(answer(page)).to_have_text("7")


# ---- what counts ------------------------------------------------------------------------------


def test_ink_outside_the_sketchpad_does_not_count(page):
    """A 1 whose stroke leaves to the left and comes back: outside it would make it a 4."""
    sent = []
    page.on(
        "request", lambda request: sent.extend([drawing] if (drawing := sent_by(request)) else [])
    )
    around = [(0.5, 0.15), (0.5, 0.9), (-0.3, 0.9), (-0.3, 0.4), (0.02, 0.4)]
    draw(page, [[*around, (-0.3, 0.4)]])
    expect(strokes(page)).to_have_count(2)
    whole = points_of_strokes(page)
    while whole not in sent:
        page.wait_for_event("request")
    page.mouse.move(*place(page, (0.5, 1.2)))
    seen = points_of_strokes(page)
    assert all(0 <= number <= 1000 for line in seen for point in line for number in point)
    assert [line[-1][0] for line in seen] == [0, 0], "both end at the left edge"
    assert sent[-1] == seen
    page.keyboard.press("Control+z")  # one stroke of the pen, however often it left
    expect(strokes(page)).to_have_count(0)
    # Down and out at the lower edge, sideways where nobody sees it.
    draw(page, [[(0.5, 0.1), (0.5, 1.3), (-0.9, 1.3)]])
    expect(answer(page)).to_have_text("1")


def test_too_little_ink_is_not_yet_a_digit(page):
    page.evaluate(
        """() => {
            const answer = document.querySelector("#answer");
            const note = () => said.add(answer.querySelector(".digit").innerText);
            window.said = new Set();
            new MutationObserver(note).observe(answer, {
                subtree: true, childList: true, characterData: true, attributes: true });
        }"""
    )
    with page.expect_response(lambda response: sent_by(response.request)):
        page.mouse.click(*place(page, (0.5, 0.5)))
    expect(strokes(page)).to_have_count(1)
    assert strokes(page).evaluate("dot => dot.getTotalLength()") == 0
    wobbly = [(0.5, 0.5), (0.53, 0.51), (0.54, 0.54), (0.51, 0.53), (0.5, 0.5)]
    page.keyboard.press("Escape")
    draw(page, [wobbly])
    page.keyboard.press("Escape")
    draw(page, ONE)
    expect(answer(page)).to_have_text("1")
    assert page.evaluate("[...said].sort().join()") == "1,–"


# ---- taking back ------------------------------------------------------------------------------


def test_everything_can_be_taken_back_and_done_again(page):
    undo, redo, clear = (
        page.get_by_role("button", name=name) for name in ("Undo", "Redo", "Clear")
    )
    expect(redo).to_be_disabled()
    draw(page, CROSSED_SEVEN)
    clear.click()
    expect(strokes(page)).to_have_count(0)
    undo.click()
    expect(strokes(page)).to_have_count(2)
    undo.click()
    expect(strokes(page)).to_have_count(1)
    redo.click()
    expect(strokes(page)).to_have_count(2)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+Z")
    expect(strokes(page)).to_have_count(2)
    page.keyboard.press("Control+y")  # what was cleared, again
    expect(strokes(page)).to_have_count(0)
    expect(redo).to_be_disabled()
    page.keyboard.press("Control+z")
    expect(answer(page)).to_have_text("7")
    page.keyboard.press("Control+z")
    draw(page, ONE)
    expect(redo).to_be_disabled()  # something else was drawn


def test_a_test_image_comes_back_after_a_stroke_on_it(page):
    page.get_by_role("tab", name="Why", exact=True).click()
    open_fold(page, "why-image-fold")
    type_number(page, 0, "why-image")
    page.locator("#why-image-button").click()
    page.get_by_role("tab", name="Draw", exact=True).click()
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    expect(answer(page)).to_have_text("7")
    draw(page, ONE)
    expect(answer(page)).to_have_text("1")
    page.keyboard.press("Control+z")
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    expect(strokes(page)).to_have_count(0)
    expect(answer(page)).to_have_text("7")
    page.keyboard.press("Control+y")
    expect(page.locator("#sketchpad .picture")).to_be_hidden()
    expect(answer(page)).to_have_text("1")


def test_keys_work_while_another_control_has_the_focus(page):
    for focused in ("#geometry input", "#recipe input:checked", ".undo"):
        draw(page, CROSSED_SEVEN)
        page.locator(focused).focus()
        page.keyboard.press("Control+z")
        expect(strokes(page)).to_have_count(1)
        page.keyboard.press("Control+Shift+z")
        expect(strokes(page)).to_have_count(2)
        page.keyboard.press("Escape")
        expect(strokes(page)).to_have_count(0)


# ---- the keyboard -----------------------------------------------------------------------------


def test_a_keyboard_draws(page):
    page.locator(".paper").focus()
    expect(page.locator(".cursor")).to_be_visible()
    keys = page.keyboard

    def go(key, times):
        for _ in range(times):
            keys.press(key)

    go("ArrowLeft", 10)
    go("ArrowUp", 12)
    expect(strokes(page)).to_have_count(0)
    keys.press("Space")
    expect(page.locator(".status")).to_contain_text("Pen down")
    go("ArrowRight", 20)
    keys.down("ArrowDown")  # two at once: slanting
    go("ArrowLeft", 12)
    keys.up("ArrowDown")
    go("ArrowDown", 12)
    keys.press("Space")
    expect(page.locator(".status")).to_have_text("Pen up.")
    expect(answer(page)).to_have_text("7")
    go("ArrowRight", 5)
    expect(strokes(page)).to_have_count(1)
    (line,) = points_of_strokes(page)
    assert line[:2] == [[250, 200], [750, 200]]
    assert page.evaluate("scrollY") == 0
    keys.press("Control+z")
    expect(strokes(page)).to_have_count(0)
    draw(page, SEVEN)
    expect(page.locator(".cursor")).to_be_hidden()


def test_listeners_go_with_the_sketchpad(browser, address):
    """Gradio may take a component off the page; what it listened to elsewhere must not remain."""
    context = browser.new_context(**WIDE)
    context.add_init_script(
        """window.listening = [];
        for (const target of [window, document]) {
            const [add, remove] = [target.addEventListener, target.removeEventListener];
            target.addEventListener = function (type, listener, ...rest) {
                listening.push([type, listener]);
                return add.call(this, type, listener, ...rest);
            };
            target.removeEventListener = function (type, listener, ...rest) {
                listening = listening.filter(([t, l]) => t !== type || l !== listener);
                return remove.call(this, type, listener, ...rest);
            };
        }"""
    )
    page = context.new_page()
    page.goto(address)
    page.locator("#answer .seen img").wait_for()
    of_hash = "listening.filter(([type]) => type === 'hashchange').length"
    before = page.evaluate(of_hash)
    assert before > 0
    page.evaluate("document.querySelector('#sketchpad').remove(); location.hash = '#elsewhere'")
    page.wait_for_function(f"{of_hash} === {before - 1}")
    context.close()
