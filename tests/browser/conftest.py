"""A real Chromium to visit the page with."""

import contextlib
import functools
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from benchmarks.browser import FLAGS, find_chromium
from tests.browser.find_browser import INSTALL_LINE

WIDE = {"viewport": {"width": 1440, "height": 900}}
PATIENCE = 20_000  # milliseconds; a machine that does other things besides is slow
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items):
    """Mark the tests of this folder, so that ``-m "not browser"`` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    if path is None:
        pytest.fail(f"No Chromium found; install one with: {INSTALL_LINE}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@functools.cache
def context_of(browser, has_touch, is_mobile):
    """The context of all pages on such a device.

    It has a profile on the disk, in which the browser keeps scripts that it has compiled. In a
    context without one it compiles them again for each page.
    """
    context = browser.browser_type.launch_persistent_context(
        "", executable_path=find_chromium(), args=FLAGS, has_touch=has_touch, is_mobile=is_mobile
    )
    context.set_default_timeout(PATIENCE)
    return context


@contextlib.contextmanager
def visit(browser, address, device, theme="light", expected_errors=(), motion="reduce"):
    """A page at `address` that fails the test on any error in the browser's console, except those
    that begin with one of `expected_errors`.

    Where `motion` is "no-preference", examples are animated, and one draws itself first.
    """
    context = context_of(browser, device.get("has_touch"), device.get("is_mobile"))
    page = context.new_page()
    page.set_viewport_size(device["viewport"])
    page.emulate_media(
        color_scheme=theme, reduced_motion=motion, forced_colors=device.get("forced_colors")
    )
    errors = []

    def note(message):
        if message.type == "error":
            errors.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address if "#" in address else f"{address}/?__theme={theme}")
    page.locator("#answer .seen img").wait_for()
    try:
        yield page
    finally:
        page.close()
        context.clear_cookies()
        context.clear_permissions()
        context.set_offline(False)
    assert [error for error in errors if not error.startswith(tuple(expected_errors))] == []


@pytest.fixture
def page(browser, address):
    with visit(browser, address, WIDE) as page:
        yield page


@pytest.fixture
def phone(browser, address):
    with visit(browser, address, PHONE) as page:
        yield page
