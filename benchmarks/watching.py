"""What watching a training costs: the training itself, and who draws meanwhile.

    python -m benchmarks.watching [--rounds 5]

Measures, for the models trained as the page does, in a process of their own:

- how much slower the training is for being watched than the same loop that nobody watches,
  `digitnet.training.trainer.train` in a process of its own, in turn: by a visitor from elsewhere,
  whom all is sent that a browser would be, and by a real Chromium on the very cores that train;
- how late an answer to a drawing comes while a training runs, next to none: of the endpoint
  /predict over HTTP, one after the other, median and 95th percentile.
"""

import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks import PROJECT, results
from benchmarks.browser import FLAGS, choose, find_chromium, open_tab
from benchmarks.long_run import event_named, wait_in_queue
from benchmarks.serving import served
from digitnet.models import MODELS
from digitnet.training.recipes import RECIPES

DRAWING = [[[200, 200], [800, 200], [400, 900]], [[300, 550], [700, 550]]]
PAUSE = 0.03  # seconds between two answers: about what a hand's movements leave
ALONE = 150  # answers asked for while nothing is trained
IMAGES = {"linear": 60_000, "nonlinear": 60_000, "cnn": 20_000}
EPOCHS = {"linear": 5, "nonlinear": 5, "cnn": 4}
# train.py's loop, in a process of its own; prints its seconds, which the page says of its own too.
UNWATCHED = """
import os, sys
from digitnet.mnist import load_mnist
from digitnet.training.recipes import RECIPES
from digitnet.training.trainer import train
from digitnet.training.worker import NICENESS
import dataclasses
model, epochs, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
if hasattr(os, "nice"):
    os.nice(NICENESS)  # as in the page: on a busy machine that makes a difference
recipe = dataclasses.replace(RECIPES["article"].for_model(model), epochs=epochs)
images, labels = load_mnist(train=True)
*_, last = train(model, recipe, images[:count], labels[:count])
print(last.seconds)
"""


def unwatched(model: str) -> float:
    """Seconds of the loop as train.py runs it."""
    arguments = [model, str(EPOCHS[model]), str(IMAGES[model])]
    finished = subprocess.run(
        [sys.executable, "-c", UNWATCHED, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(finished.stdout)


def open_training(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(300_000)
    page.goto(address)
    page.locator("#answer .main").wait_for()
    open_tab(page, "Train it")
    page.locator("#train").wait_for()
    page.wait_for_timeout(6_000)  # as long as a visitor chooses, a process gets ready
    return page


def begin(page: Page, model: str, epochs: int) -> None:
    """Press the button, with the model's numbers."""
    choose(page, model, "model")
    choose(page, "as in the article", "recipe")
    expect(page.locator("#what-is-trained")).to_contain_text(f"{model}, as in the article")
    if not page.locator("#epochs input").is_visible():
        page.locator("#advanced > button").click()
    page.locator("#epochs input").fill(str(epochs))
    page.locator("#images input").fill(str(IMAGES[model]))
    page.locator("#train").click()
    page.locator("#training .test").wait_for(state="hidden")  # what the last training left
    page.locator("#training-answer figure img").wait_for()


def watched(browser: Browser, address: str, model: str) -> float:
    """Seconds of the same training in the page."""
    page = open_training(browser, address)
    begin(page, model, EPOCHS[model])
    page.locator("#training .test").wait_for()
    said = page.locator("#training .status b").inner_text()
    page.context.close()
    return float(said.split("(")[1].split(" s")[0])


def received(address: str, model: str) -> float:
    """Seconds of the same training in the page, whose reports are received, but not drawn."""
    recipe = RECIPES["article"].for_model(model)
    hidden_units = MODELS[model].default_hidden_units
    numbers = [hidden_units, EPOCHS[model], recipe.learning_rate, recipe.batch_size, IMAGES[model]]
    with httpx.Client(base_url=address, timeout=300) as client:
        wait_in_queue(client, event_named(client, "make_ready"), [], "watcher")
        time.sleep(6)  # as long as a visitor chooses, a process gets ready
        settings: list[Any] = [model, "article", *numbers, 0, [], [], None]
        wait_in_queue(client, event_named(client, "begin"), settings, "watcher")
        wait_in_queue(client, event_named(client, "watch"), [None], "watcher")
        said = wait_in_queue(client, event_named(client, "end"), [None, None, None], "watcher")
    seconds = re.search(r"\(([0-9.]+) s\)", json.dumps(said))
    assert seconds, said
    return float(seconds[1])


def answers(address: str, more: Callable[[int], bool]) -> list[float]:
    """Milliseconds of each answer of the endpoint /predict, the model cnn for drawings."""
    body = json.dumps({"data": [DRAWING, None, "cnn", "drawings"]}).encode()
    headers = {"Content-Type": "application/json"}
    times: list[float] = []
    while more(len(times)):
        request = urllib.request.Request(f"{address}/gradio_api/run/predict", body, headers)
        started = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            answer.read()
        times.append(1000 * (time.perf_counter() - started))
        time.sleep(PAUSE)
    return times


def late(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def row(what: str, times: list[float], *ratios: str) -> list[str]:
    return [what, f"{statistics.median(times):.1f} ms", f"{late(times):.1f} ms", *ratios]


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="+", choices=IMAGES, default=["linear", "cnn"])
    options = parser.parse_args()
    with served(PROJECT) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        training = results.Table(
            "Training",
            ["model", "not watched", "watched from elsewhere", "ratio", "on these cores", "ratio"],
            [
                "A visitor from elsewhere is sent all that a browser would be; on these cores, a "
                "browser also draws it on the cores that train. Batches of "
                f"{RECIPES['article'].default.batch_size}."
            ],
        )
        for model in options.models:
            rounds = [
                (unwatched(model), received(address, model), watched(browser, address, model))
                for _ in range(options.rounds)
            ]
            alone, sent, drawn = (statistics.median(times) for times in zip(*rounds, strict=True))
            ratios = [
                statistics.median(times[kind] / times[0] for times in rounds) for kind in (1, 2)
            ]
            training.add(
                *(model, f"{alone:.2f} s", f"{sent:.2f} s", f"{ratios[0]:.3f}"),
                *(f"{drawn:.2f} s", f"{ratios[1]:.3f}"),
            )

        drawing = results.Table(
            "Answers meanwhile",
            ["while", "median", "95th percentile", "ratio of medians", "ratio of percentiles"],
        )
        for model in options.models:
            page = open_training(browser, address)
            answers(address, lambda count: count < 20)  # warm
            calm, busy = [], []
            for _ in range(options.rounds):  # in turn, so that a slow minute slows both
                calm += answers(address, lambda count: count < ALONE // options.rounds)
                begin(page, model, 30)
                busy += answers(address, lambda count: count < ALONE // options.rounds)
                page.locator("#stop").click()
                page.locator("#training .test").wait_for()
            drawing.add(*row("nothing is trained", calm, "", ""))
            medians = statistics.median(busy) / statistics.median(calm)
            percentiles = late(busy) / late(calm)
            drawing.add(*row(f"{model} is trained", busy, f"{medians:.2f}", f"{percentiles:.2f}"))
            page.context.close()
        browser.close()
    results.save(options.results, "watching", "Training in the page", [training, drawing])


if __name__ == "__main__":
    main()
