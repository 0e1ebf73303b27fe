"""A real Chromium, and what a visitor does in it: for the benchmarks and for the tests."""

import shutil
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SEVEN = [[(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]]  # in shares of the sketchpad
CROSSED_SEVEN = [*SEVEN, [(0.4, 0.5), (0.72, 0.5)]]


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome: the system's, else Playwright's own; None without one."""
    for name in SYSTEM_NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def place(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the sketchpad lies in the page, in pixels."""
    box = page.locator(".paper").bounding_box()
    assert box is not None
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page: Page, strokes: list[list[tuple[float, float]]], lift: bool = True) -> None:
    """Draw with the mouse; the button stays down after the last stroke if `lift` is False.

    A few movements along each line are enough: the page draws a frame for each.
    """
    page.locator(".paper").scroll_into_view_if_needed()
    for number, stroke in enumerate(strokes, start=1):
        page.mouse.move(*place(page, stroke[0]))
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*place(page, point), steps=4)
        if lift or number < len(strokes):
            page.mouse.up()


def choose(page: Page, label: str, group: str) -> None:
    """Choose an option of a group of radio buttons; a model by its card, where there is one."""
    option = page.locator(f"#{group}").get_by_label(label, exact=True)
    card = page.locator(f"#answer .card[data-model='{label}']")
    if group == "model" and card.is_visible():
        card.click()
        expect(option).to_be_checked()
    else:
        option.check()


def open_tab(page: Page, name: str) -> None:
    """Open a tab."""
    page.get_by_role("tab", name=name, exact=True).click()


def wait_for_engine(page: Page) -> None:
    """Until the networks in the browser can answer: the weights of the first recipe are there."""
    page.wait_for_function(
        "performance.getEntriesByType('resource')"
        ".filter((one) => one.name.includes('.safetensors') && one.responseEnd).length >= 3"
    )
