"""What a visitor keeps: over a reload, a server that was away, and in a link that is sent on."""

import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from benchmarks.serving import SERVE_QUIETLY, served
from tests.browser.actions import (
    CROSSED_SEVEN,
    ONE,
    SEVEN,
    answer,
    choose,
    draw,
    open_fold,
    open_tab,
    points_of_strokes,
    sent_by,
    settled,
    strokes,
    type_number,
    wait_for_engine,
)
from tests.browser.conftest import WIDE, visit
from tests.conftest import PROJECT

# What Gradio notes when a page is left, and when its server is away.
LEFT = ("AbortError", "Unexpected error", "TypeError: network error")
AWAY = (*LEFT, "Failed to load resource", "TypeError: Failed to fetch")


@pytest.fixture
def page(browser, address):
    with visit(browser, address, WIDE, expected_errors=LEFT) as page:
        yield page


def is_chosen(page, label, group):
    return expect(page.locator(f"#{group}").get_by_label(label, exact=True)).to_be_checked()


def draw_until_answered(page, drawing):
    """Draw, and give the bars that the page shows of the whole of it."""
    answered = []

    def note(response):
        answered.append(sent_by(response.request))

    page.on("response", note)
    draw(page, drawing)
    whole = points_of_strokes(page)
    while whole not in answered:
        page.wait_for_event("response")
    page.remove_listener("response", note)
    return settled(page, "#answer .bars")


def put_test_image_on_sketchpad(page, number):
    open_tab(page, "Why")
    open_fold(page, "why-image-fold")
    type_number(page, number, "why-image")
    page.locator("#why-image-button").click()
    open_tab(page, "Draw")
    expect(page.locator("#sketchpad .picture")).to_be_visible()


def copied_link(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".status")).to_have_text(re.compile("Link copied"))
    return page.evaluate("navigator.clipboard.readText()")


# ---- reload, Back -----------------------------------------------------------------------------


def test_a_reload_keeps_drawing_model_recipe_and_tab(page):
    choose(page, "linear", "model")
    choose(page, "as in the article", "recipe")
    page.locator("#geometry input").uncheck()
    bars = draw_until_answered(page, CROSSED_SEVEN)
    page.reload()
    expect(strokes(page)).to_have_count(2)
    is_chosen(page, "linear", "model")
    is_chosen(page, "as in the article", "recipe")
    expect(page.locator("#geometry input")).not_to_be_checked()
    expect(page.locator("#answer .bars")).to_have_text(bars, use_inner_text=True)
    page.keyboard.press("Control+z")  # stroke by stroke, as before
    expect(strokes(page)).to_have_count(1)
    open_tab(page, "Why")
    page.goto("about:blank")
    page.go_back()
    expect(page.get_by_role("tab", name="Why")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#evidence .piecewise svg").first).to_be_visible()
    choose(page, "nonlinear", "model")  # what is open follows the choice
    expect(page.locator("#evidence")).to_contain_text("nonlinear")
    open_tab(page, "Draw")
    expect(strokes(page)).to_have_count(1)


def test_a_reload_keeps_a_test_image(page):
    put_test_image_on_sketchpad(page, 0)
    expect(answer(page)).to_have_text("7")
    page.reload()
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    expect(answer(page)).to_have_text("7")


def test_a_browser_that_stores_nothing_still_draws(browser, address):
    """As it may be within another page."""
    context = browser.new_context(**WIDE)
    context.add_init_script(
        """Object.defineProperty(window, "sessionStorage", {
            get() { throw new DOMException("", "SecurityError"); } });"""
    )
    page = context.new_page()
    page.goto(address)
    page.locator("#answer .seen img").wait_for()
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    context.close()


# ---- a server that is away for a while --------------------------------------------------------


def test_the_page_recovers_from_a_gap_in_the_network(browser, address):
    with visit(browser, address, WIDE, expected_errors=AWAY) as page:
        choose(page, "linear", "model")
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
        page.context.set_offline(True)
        with page.expect_event("requestfailed"):
            draw(page, CROSSED_SEVEN[1:])
        page.context.set_offline(False)
        with page.expect_event("load"):
            pass
        expect(strokes(page)).to_have_count(2)
        expect(answer(page)).to_have_text("7")
        is_chosen(page, "linear", "model")


def test_the_page_recovers_from_a_restart_of_the_server(browser):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = (*SERVE_QUIETLY, "--port", port)
    with served(PROJECT, command=command) as address:
        context = browser.new_context(**WIDE)
        page = context.new_page()
        page.goto(address)
        page.locator("#answer .seen img").wait_for()
        choose(page, "as in the article", "recipe")
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
    page.evaluate("window.isTheFirst = true")
    with page.expect_event("requestfailed"):
        draw(page, CROSSED_SEVEN[1:])
    with served(PROJECT, command=command):
        page.wait_for_function("() => !window.isTheFirst", timeout=60_000)
        expect(strokes(page)).to_have_count(2)
        expect(answer(page)).to_have_text("7")
        is_chosen(page, "as in the article", "recipe")
        page.keyboard.press("Escape")
        draw(page, ONE)
        expect(answer(page)).to_have_text("1")
        context.close()


def test_what_a_proxy_could_not_pass_on_is_sent_again(browser, address):
    with visit(browser, address, WIDE, expected_errors=AWAY) as page:
        page.route("**/run/**", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway"))
        with page.expect_response(lambda response: response.status == 502):
            draw(page, SEVEN)
        page.unroute_all(behavior="wait")
        expect(answer(page)).to_have_text("7")


# ---- links ------------------------------------------------------------------------------------


def test_a_link_gives_the_same_answer(page, browser):
    choose(page, "linear", "model")
    choose(page, "as in the article", "recipe")
    bent = [(0.31, 0.22), (0.52, 0.18), (0.73, 0.21), (0.62, 0.5), (0.47, 0.6), (0.44, 0.87)]
    bars = draw_until_answered(page, [bent, CROSSED_SEVEN[1]])
    with visit(browser, copied_link(page), WIDE) as other:
        is_chosen(other, "linear", "model")
        is_chosen(other, "as in the article", "recipe")
        expect(strokes(other)).to_have_count(2)
        expect(other.locator("#answer .bars")).to_have_text(bars, use_inner_text=True)
        choose(other, "cnn", "model")
        other.wait_for_function("() => location.hash === ''")  # it shows something else now


def test_a_link_to_a_model_that_is_not_here_opens_the_drawing(page, browser):
    """Such as one that was trained in the page, which is gone after a reload."""
    draw_until_answered(page, SEVEN)
    link = copied_link(page)
    assert "model=cnn" in link and "geometry=true" in link
    link = link.replace("model=cnn", "model=yours").replace("geometry=true", "geometry=perhaps")
    with visit(browser, link, WIDE) as other:
        expect(answer(other)).to_have_text("7")
        is_chosen(other, "cnn", "model")
        other.keyboard.press("Escape")
        wait_for_engine(other)
        draw(other, ONE, lift=False)
        expect(answer(other)).to_have_text("1")  # the browser's own answer


def test_a_link_holds_a_test_image(page, browser):
    put_test_image_on_sketchpad(page, 9_999)
    expect(answer(page)).to_have_text("6")
    link = copied_link(page)
    assert "#image=9999&" in link
    with visit(browser, link, WIDE) as other:
        expect(other.locator("#sketchpad .picture")).to_be_visible()
        expect(answer(other)).to_have_text("6")
        other.evaluate("link => { location.hash = link }", link.replace("9999", "0").split("#")[1])
        expect(answer(other)).to_have_text("7")  # a link opened in the page that is there


def test_within_another_page_the_link_is_in_a_field(browser, address):
    """A Space is shown within a page of another site, which may not write to the clipboard."""
    frame = f"<iframe src='{address}' style='width: 100%; height: 1400px'></iframe>"

    class Outer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(frame.encode())

        def log_message(self, *_):
            pass

    outer = ThreadingHTTPServer(("127.0.0.1", 0), Outer)
    threading.Thread(target=outer.serve_forever, daemon=True).start()
    context = browser.new_context(**WIDE, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"http://localhost:{outer.server_port}/")
    inner = page.frame_locator("iframe")
    inner.locator(".example[aria-label*='crossbar']").click()
    expect(inner.locator("#answer .main .digit")).to_have_text("7")
    inner.get_by_role("button", name="Copy link").click()
    field = inner.get_by_label("Link to what is on the sketchpad")
    expect(field).to_be_visible()
    expect(field).to_have_value(re.compile(f"^{re.escape(address)}/#drawing="))
    expect(inner.locator(".status")).to_contain_text("Copy this link")
    link = field.input_value()
    inner.locator(".clear").click()
    expect(field).to_be_hidden()
    context.close()
    outer.shutdown()
    with visit(browser, link, WIDE) as other:
        expect(answer(other)).to_have_text("7")
