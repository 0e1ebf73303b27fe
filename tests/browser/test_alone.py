"""The page by itself: nothing beyond the server that it comes from."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.actions import SEVEN, answer, draw, open_tab
from tests.browser.conftest import WIDE

ATTEMPTS = 3  # a busy machine may paint one of two pictures late, a missing file changes every one


def settled_picture(page):
    """A screenshot that the next one equals: nothing is on its way any more."""
    before = None
    for _ in range(30):
        picture = page.screenshot(animations="disabled")
        if picture == before:
            return picture
        before = picture
    raise AssertionError("The page never came to rest.")


def tour(browser, address, alone):
    """Visit all of the page; gives a picture of its first tab, and which other hosts were asked."""
    context = browser.new_context(**WIDE, reduced_motion="reduce")
    page = context.new_page()
    asked = set()

    def pass_or_block(route):
        host = urlsplit(route.request.url).netloc
        if host == urlsplit(address).netloc or not host:
            return route.continue_()
        asked.add(host)
        return route.abort() if alone else route.continue_()

    page.route("**/*", pass_or_block)
    page.goto(address)
    page.locator("#answer .seen img").wait_for()
    page.evaluate("document.fonts.ready")
    picture = settled_picture(page)
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    tabs = page.get_by_role("tab").all_inner_texts()
    for name in tabs:
        open_tab(page, name)
        expect(page.get_by_role("tab", name=name, exact=True)).to_have_attribute(
            "aria-selected", "true"
        )
    fonts = page.evaluate("[...document.fonts].map((font) => font.family)")
    context.close()
    return picture, asked, fonts


def test_with_every_other_origin_blocked_the_page_is_the_same(browser, address):
    for _ in range(ATTEMPTS):
        blocked, asked, fonts = tour(browser, address, alone=True)
        assert asked == set()  # so that there is nothing whose absence could change its looks
        open_to_all, _, others = tour(browser, address, alone=False)
        assert fonts == others
        if blocked == open_to_all:
            return
    pytest.fail("The page looks different where every other origin is blocked.")
