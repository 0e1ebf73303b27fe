"""How long a visitor waits, in a real Chromium.

    python -m benchmarks.page [--rounds 5]

Measures median and 95th percentile of: pen movement to changed answer; choosing a model or recipe
to its answer; opening a page of 60 gallery tiles; the first drawing after a start, begun as soon as
the page is there. And how late the first page comes after `python app.py`, next to an empty page
that imports torch and gradio, in turn.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from benchmarks import PROJECT, results
from benchmarks.browser import (
    CROSSED_SEVEN,
    FLAGS,
    SEVEN,
    choose,
    draw,
    find_chromium,
    open_tab,
    place,
    wait_for_engine,
)
from benchmarks.serving import served

WINDOW: ViewportSize = {"width": 1440, "height": 900}
STEPS = 20  # along each side of the 7: long enough that each changes the image
EMPTY_PAGE = (
    "import torch, gradio as gr\nwith gr.Blocks() as demo: pass\ndemo.launch(server_port={})"
)
DEADLINE = 120  # seconds for a page to come

# In the page: the time of an event, and of the change to what an element shows that follows it.
WATCH = """([event, selector]) => {
    const shown = () => {
        const element = document.querySelector(selector);
        return element?.src ?? element?.innerText;
    };
    const before = shown();
    window.began = window.changed = null;
    const note = () => { if (window.began === null) window.began = performance.now(); };
    document.addEventListener(event, note, { capture: true, once: true });
    window.observer?.disconnect();
    window.observer = new MutationObserver(() => {
        if (window.began === null || window.changed !== null || shown() === before) return;
        window.changed = performance.now();
    });
    const options = { subtree: true, childList: true, attributes: true, characterData: true };
    window.observer.observe(document.querySelector("#answer"), options);
}"""


def visitor(browser: Browser) -> BrowserContext:
    """A new visitor, for whom no example draws itself: only what is drawn changes the answer."""
    return browser.new_context(viewport=WINDOW, reduced_motion="reduce")


def waited(page: Page) -> float:
    """Milliseconds from the event to the change that WATCH looks out for."""
    page.wait_for_function("() => window.changed !== null")
    return page.evaluate("window.changed - window.began")


# How the page is hindered while the pen moves: commands of Chrome's protocol, and what undoes them.
NETWORK = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
HINDRANCES: dict[str, tuple[str, dict, dict]] = {
    "": ("Emulation.setCPUThrottlingRate", {"rate": 1}, {"rate": 1}),
    " with 300 ms of network delay": (
        *("Network.emulateNetworkConditions", NETWORK | {"latency": 300}, NETWORK),
    ),
    " on a CPU slowed four times": (*("Emulation.setCPUThrottlingRate", {"rate": 4}, {"rate": 1}),),
    " without network": (
        *("Network.emulateNetworkConditions", NETWORK | {"offline": True}, NETWORK),
    ),
}


def movements(page: Page, hindrance: str = "") -> list[float]:
    """Pen movement to changed answer: down the stem of a 7, one movement after the other.

    What is watched is the step that changes with every movement: MNIST's geometry makes the same
    image of a longer line.
    """
    command, hinder, release = HINDRANCES[hindrance]
    protocol = page.context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send(command, hinder)
    page.keyboard.press("Escape")
    (a, b, c) = SEVEN[0]
    path = [
        (start[0] + (end[0] - start[0]) * t / STEPS, start[1] + (end[1] - start[1]) * t / STEPS)
        for start, end in ((a, b), (b, c))
        for t in range(1, STEPS + 1)
    ]
    page.mouse.move(*place(page, path[0]))
    page.mouse.down()
    for point in path[1:STEPS]:  # the bar of the 7; its first movements are too little ink
        page.mouse.move(*place(page, point))
    page.locator("#answer .main .digit").wait_for()
    times = []
    for point in path[STEPS:]:
        page.evaluate(WATCH, ["pointermove", "#answer [data-stage=squeezed] img"])
        page.mouse.move(*place(page, point))
        times.append(waited(page))
    protocol.send(command, release)
    page.mouse.up()
    return times


def switches(page: Page) -> list[float]:
    """Choosing each model and recipe, to its answer."""
    times = []
    for label, group in [("linear", "model"), ("nonlinear", "model"), ("cnn", "model")] * 3 + [
        ("as in the article", "recipe"),
        ("for drawings", "recipe"),
    ] * 5:
        page.evaluate(WATCH, ["click", "#answer .answer"])
        choose(page, label, group)
        times.append(waited(page))
    return times


def gallery(page: Page) -> float:
    """Opening the tab of test predictions, to 60 tiles."""
    page.evaluate(
        """() => document.addEventListener("click", () => {
            window.began = performance.now();
            window.changed = null;
            const look = () => {
                if (document.querySelectorAll("#gallery .tile img").length === 60)
                    window.changed = performance.now();
                else requestAnimationFrame(look);
            };
            look();
        }, { capture: true, once: true })"""
    )
    open_tab(page, "Test predictions")
    return waited(page)


def first_drawing(browser: Browser) -> float:
    """The first visitor after a start, who draws at once: from the pen to the answer."""
    with served(PROJECT) as address, visitor(browser) as context:
        page = context.new_page()
        page.goto(address)
        page.locator("#answer .seen img").wait_for()
        page.evaluate(WATCH, ["pointerdown", "#answer .main .digit"])
        draw(page, CROSSED_SEVEN)
        return waited(page)


def first_page(command: list[str], port: int) -> float:
    """Seconds from starting `command` to its first page."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        while time.perf_counter() - started < DEADLINE:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                    return time.perf_counter() - started
            except OSError:
                time.sleep(0.02)
        raise TimeoutError(f"{command} served no page.")
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def row(name: str, times: list[float]) -> list[str]:
    slowest = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    return [name, f"{statistics.median(times):.0f} ms", f"{slowest:.0f} ms"]


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    measured: dict[str, list[float]] = {}
    with served(PROJECT) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for _ in range(options.rounds):
            context = visitor(browser)
            page = context.new_page()
            page.goto(address)
            page.locator("#answer .main").wait_for()
            wait_for_engine(page)
            waits = {}
            for hindrance in HINDRANCES:
                name = f"pen movement, changed answer{hindrance}"
                waits[name] = movements(page, hindrance)
            page.reload()  # it connects again by itself, but not at once
            wait_for_engine(page)
            waits |= {
                "model or recipe chosen, its answer": switches(page),
                "gallery opened, 60 tiles": [gallery(page)],
            }
            for name, times in waits.items():
                measured.setdefault(name, []).extend(times)
            context.close()
        browser.close()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        measured["page started, first drawing"] = [
            first_drawing(browser) for _ in range(options.rounds)
        ]
        browser.close()
    waiting = results.Table("Waiting", ["from, to", "median", "95th percentile"])
    for name, times in measured.items():
        waiting.add(*row(name, times))

    starts: dict[str, list[float]] = {"app.py": [], "empty page": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, times in starts.items():
                port = free_port()
                empty = Path(folder) / "empty.py"
                empty.write_text(EMPTY_PAGE.format(port))
                app = ["app.py", "--no-browser", "--host", "127.0.0.1", "--port", str(port)]
                arguments = app if name == "app.py" else [str(empty)]
                times.append(first_page([sys.executable, *arguments], port))
    ratios = [ours / empty for ours, empty in zip(*starts.values(), strict=True)]
    starting = results.Table(
        "First page after the start",
        ["`python app.py`", "an empty page that imports torch and gradio", "ratio"],
    )
    seconds = [f"{statistics.median(times):.1f} s" for times in starts.values()]
    starting.add(*seconds, f"{statistics.median(ratios):.2f}")
    results.save(options.results, "page", "Waiting for the page", [waiting, starting])


if __name__ == "__main__":
    main()
