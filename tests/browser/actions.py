"""What a visitor does to the page."""

import json
import re
from itertools import pairwise

from benchmarks.browser import (  # noqa: F401
    CROSSED_SEVEN,
    SEVEN,
    choose,
    draw,
    open_tab,
    place,
    wait_for_engine,
)

# In shares of the sketchpad.
ONE = [[(0.5, 0.1), (0.5, 0.9)]]
SCRIBBLE = [[(0.2 + 0.06 * i, 0.25 if i % 2 else 0.75) for i in range(11)]]


def draw_by_touch(page, stroke, lift=True):
    """Draw one stroke with a finger; gives what lifts it, if `lift` is False."""
    touch = page.context.new_cdp_session(page)
    page.locator(".paper").scroll_into_view_if_needed()
    corners = [place(page, point) for point in stroke]
    path = [
        (x0 + (x1 - x0) * step / 12, y0 + (y1 - y0) * step / 12)
        for (x0, y0), (x1, y1) in pairwise(corners)
        for step in range(13)
    ]
    for number, (x, y) in enumerate(path):
        kind = "touchMove" if number else "touchStart"
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})

    def end():
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    return end() if lift else end


def pick(page, option, dropdown):
    """Choose an option of a dropdown list."""
    page.locator(f"#{dropdown} input").click()
    page.get_by_role("option", name=option, exact=True).click()


def switch_theme(page):
    """From light to dark, or back, as Gradio's settings do it."""
    page.evaluate("document.body.classList.toggle('dark')")


def open_fold(page, name):
    page.locator(f"#{name} > button").click()


def type_number(page, number, field):
    """Type a number, key by key: what is typed at once can be lost while the field comes up."""
    box = page.locator(f"#{field} input")
    box.click()
    box.press("ControlOrMeta+a")
    box.press("Delete")
    box.press_sequentially(str(number))


def answer(page):
    return page.locator("#answer .main .digit")


def settled(page, selector):
    """What an element says, once it has said the same for half a second."""
    page.evaluate("window.lastText = null")
    page.wait_for_function(
        """(selector) => {
            const now = performance.now(), text = document.querySelector(selector).innerText;
            if (window.lastText !== text) [window.lastText, window.lastChange] = [text, now];
            return now - window.lastChange > 500;
        }""",
        arg=selector,
    )
    return page.locator(selector).inner_text()


def strokes(page):
    return page.locator("#sketchpad .ink polyline")


def points_of_strokes(page):
    """The points of each stroke that is seen, as the sketchpad sends them."""
    return strokes(page).evaluate_all(
        """lines => lines.map((line) =>
            line.getAttribute("points").split(" ").map((point) => point.split(",").map(Number)))"""
    )


def sent_by(request):
    """The drawing that `request` sends, or an empty list where it sends none."""
    values = json.loads(request.post_data)["data"] if request.method == "POST" else []
    return values[0] if values and isinstance(values[0], list) else []


def is_of(request, strokes):
    """Whether `request` sends a drawing of that many strokes."""
    return len(sent_by(request)) == strokes


def colour(locator, name="color"):
    value = locator.evaluate(f"element => getComputedStyle(element)['{name}']")
    return [float(part) for part in re.findall(r"[\d.]+", value)][:3]
