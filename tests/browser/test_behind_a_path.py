"""The page where a proxy serves it, below a path that the proxy keeps or strips."""

import pytest
from playwright.sync_api import expect

from tests.browser.actions import CROSSED_SEVEN, answer, draw, open_tab
from tests.browser.conftest import WIDE


@pytest.mark.parametrize("way", ["kept", "stripped"])
def test_the_page_works_below_a_path(browser, address_behind_a_path, way):
    address = address_behind_a_path
    with browser.new_context(**WIDE) as context:
        page = context.new_page()
        asked, errors = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        if way == "stripped":
            page.route(
                f"{address}/digits/**",
                lambda route: route.continue_(url=route.request.url.replace("/digits/", "/", 1)),
            )
        page.goto(f"{address}/digits/")
        draw(page, CROSSED_SEVEN)
        expect(answer(page)).to_have_text("7")
        open_tab(page, "Why")  # by way of the queue
        page.locator("#evidence .piecewise svg").first.wait_for()
        assert errors == []
        events = [url for url in asked if "/gradio_api/" in url]
        assert events and all(url.startswith(f"{address}/digits/") for url in events)
