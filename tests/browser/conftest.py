"""The page as `python app.py` serves it, and a real Chromium to visit it with."""

import contextlib
import os
import re
import subprocess
import sys
import threading

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.find_browser import INSTALL_LINE, find
from tests.conftest import PROJECT

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WIDE = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


@contextlib.contextmanager
def served(folder):
    """Run app.py of `folder` on a free port of this machine; gives its address."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--no-browser", "--host", "127.0.0.1"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        printed = ""
        for line in process.stdout:
            printed += line
            if address := re.search(r"http://127\.0\.0\.1:\d+", line):
                break
        assert address, printed
        threading.Thread(target=process.stdout.read, daemon=True).start()  # or the pipe fills
        yield address[0]
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def address():
    with served(PROJECT) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    path = find()
    if path is None:
        pytest.fail(f"No Chromium found; install one with: {INSTALL_LINE}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def visit(browser, address, device, theme="light"):
    """A page at `address` that fails the test on any error in the browser's console."""
    context = browser.new_context(**device, color_scheme=theme)
    context.set_default_timeout(20_000)
    page = context.new_page()
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{address}/?__theme={theme}")
    page.locator("#answer .seen img").wait_for()
    yield page
    context.close()
    assert errors == []


@pytest.fixture(params=["light", "dark"])
def page(browser, address, request):
    with visit(browser, address, WIDE, request.param) as page:
        yield page


@pytest.fixture(params=["light", "dark"])
def phone(browser, address, request):
    with visit(browser, address, PHONE, request.param) as page:
        yield page
