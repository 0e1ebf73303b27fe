"""Many visitors at once, drawing at real speed, next to a page whose handler does nothing.

    python -m benchmarks.load [--seconds 10] [--visitors 1 8 32 100]

A visitor draws at real speed, and sends what is drawn whenever the pen is lifted, as the sketchpad
does; the browser answers meanwhile. There is a pause between two digits. The requests are those of
the page's own browser. Each answer to a whole digit is compared with what the package says of that
drawing, so that nobody gets another visitor's. Visitors have drawn before the measurement begins.
Both pages run in turn, each in a process of its own, on this machine only.
"""

import asyncio
import os
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from benchmarks import PROJECT, results
from benchmarks.serving import SERVE, served
from digitnet.classifier import load
from digitnet.drawing import parse_drawing
from digitnet.synthetic.writer import write_digits
from digitnet.ui.components.answer import answer
from digitnet.ui.components.sketchpad import SIZE

TICK = 1 / 20  # seconds
POINTS_PER_TICK = 3  # of a drawing, as fast as a hand draws
PAUSE = 0.7  # seconds between two digits
DRAWINGS = 200  # different ones, by the synthetic writer
PAGE = 600  # units, the longest side of a drawing on the sketchpad
TIMEOUT = 30  # seconds, after which an answer counts as an error
# Seconds before the measurement, in which everybody draws too: at a visitor's first event, Gradio
# makes a session, which takes longer than an answer. Visitors seldom come all in the same second.
WARM_UP = 6
# The same components in and out, and nothing between them.
EMPTY = """
import gradio as gr
from digitnet.ui.components.base import View
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.tabs.common import UNQUEUED
with gr.Blocks(analytics_enabled=False) as demo:
    chosen = [gr.Radio(["cnn"]), gr.Radio(["drawings"]), gr.State(None), gr.Checkbox(True)]
    given = [Sketchpad(), *chosen]
    given[0].input(lambda *_: None, given, View("answer"), **UNQUEUED)
demo.launch(server_name="127.0.0.1")
"""


@dataclass
class Measured:
    """What came of one level of load."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # what each was
    wrong: int = 0
    silent: int = 0  # visitors who never got an answer
    digits: int = 0  # whole digits that were answered, and compared
    seconds: float = 0.0
    memory: float = 0.0  # MB
    busy: float = 0.0  # seconds that the server's process spent computing

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds

    def percentile(self, share: int) -> float:
        return statistics.quantiles(self.milliseconds, n=100)[share - 1]


@dataclass(frozen=True)
class Digit:
    """A drawing as it lies on the sketchpad, and what the page must say of it."""

    strokes: list[list[list[int]]]
    said: int | str | None


def digits() -> list[Digit]:
    """Drawings by the synthetic writer, and what the package says of each, asked by nobody else."""
    classifiers = {"cnn": load("cnn", device="cpu")}
    found = []
    for drawing in write_digits(DRAWINGS, seed=11):
        low = np.concatenate(drawing).min(axis=0)
        size = np.ptp(np.concatenate(drawing), axis=0).max()
        strokes = [
            np.rint((np.array(stroke) - low) * PAGE / size + (SIZE - PAGE) / 2).astype(int).tolist()
            for stroke in drawing
        ]
        found.append(Digit(strokes, answer(classifiers, "cnn", parse_drawing(strokes))["digit"]))
    return found


def values_of(strokes: list[list[list[int]]]) -> list:
    """What the sketchpad's event sends: the drawing, and what is chosen beside it.

    That is model, recipe, the visitor's own network (which the server keeps), and the geometry.
    """
    return [strokes, "cnn", "drawings", None, True, None]


async def visit(
    number: int, page: "Page", client: httpx.AsyncClient, until: float, measured: Measured
) -> None:
    """One visitor, who draws one digit after the other."""
    session = f"visitor{number}"
    answers = 0
    await asyncio.sleep(PAUSE * (number % 16) / 16)  # not all at once
    turn = 0
    while time.perf_counter() < until:
        digit = page.digits[(17 * number + turn) % len(page.digits)]
        turn += 1
        for strokes in range(1, len(digit.strokes) + 1):
            await asyncio.sleep(TICK * len(digit.strokes[strokes - 1]) / POINTS_PER_TICK)
            if time.perf_counter() >= until:
                break
            body = {
                "data": values_of(digit.strokes[:strokes]),
                "event_data": {},
                "fn_index": page.function,
                "trigger_id": page.trigger,
                "session_hash": session,
            }
            started = time.perf_counter()
            try:
                response = await client.post("/gradio_api/run/predict", json=body)
                value = response.raise_for_status().json()["data"][0]
            except (httpx.HTTPError, KeyError, ValueError) as error:
                after = time.perf_counter() - started
                measured.errors.append(f"{type(error).__name__} after {after:.2f} s: {error}")
                continue
            measured.milliseconds.append(1000 * (time.perf_counter() - started))
            answers += 1
            if strokes == len(digit.strokes) and page.answers:
                measured.digits += 1
                measured.wrong += value["digit"] != digit.said
        await asyncio.sleep(max(0, min(PAUSE, until - time.perf_counter())))
    measured.silent += answers == 0


@dataclass
class Page:
    """A running page, and what of it the visitors need to know."""

    address: str
    process: int
    digits: list[Digit]
    answers: bool  # whether it does anything
    function: int = 0
    trigger: int = 0

    def learn(self) -> None:
        """Ask the page for the number of the sketchpad's event, as a browser does."""
        config = httpx.get(f"{self.address}/config").json()
        (pad,) = (c["id"] for c in config["components"] if c["props"].get("elem_id") == "sketchpad")
        for event in config["dependencies"]:
            if [pad, "input"] in event["targets"]:
                self.function, self.trigger = event["id"], pad
                return
        raise LookupError("The page has no event of its sketchpad.")

    async def measure(self, visitors: int, seconds: float) -> Measured:
        measured = Measured()
        limits = httpx.Limits(max_connections=visitors, max_keepalive_connections=visitors)
        async with httpx.AsyncClient(
            base_url=self.address, timeout=TIMEOUT, limits=limits
        ) as client:
            started, busy = time.perf_counter(), busy_seconds(self.process)
            await asyncio.gather(
                *(
                    visit(number, self, client, started + seconds, measured)
                    for number in range(visitors)
                )
            )
            measured.seconds = time.perf_counter() - started
            measured.busy = busy_seconds(self.process) - busy
        measured.memory = memory_of(self.process)
        return measured


def memory_of(process: int) -> float:
    """Megabytes of a process that are in memory, where /proc says so; else NaN."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return float("nan")
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def busy_seconds(process: int) -> float:
    """Seconds that a process has computed, where /proc says so; else NaN."""
    try:
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return float("nan")
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(process: int) -> None:
    """Wait while a page just started recognises the test images; a minute at most."""
    for _ in range(60):
        before = busy_seconds(process)
        time.sleep(1)
        if not busy_seconds(process) - before > 0.1:
            return
    raise TimeoutError("The page computes, though nobody asks it for anything.")


def row(name: str, visitors: int, found: Measured) -> list[str]:
    return [
        *(str(visitors), name, f"{found.rate:.1f}"),
        *(f"{found.percentile(50):.0f} ms", f"{found.percentile(95):.0f} ms"),
        f"{found.rate / visitors:.2f}",
        f"{1000 * found.busy / len(found.milliseconds):.1f} ms",
        *(str(len(found.errors)), str(found.silent), f"{found.wrong} of {found.digits}"),
        f"{found.memory:.0f} MB",
    ]


def main() -> None:
    parser = results.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="at each level (%(default)s)")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 8, 32, 100])
    options = parser.parse_args()
    table = results.Table(
        "",
        [
            *("visitors", "page", "answers a second", "median", "95th percentile"),
            "requests a second, a visitor",
            *("computing, an answer", "errors", "without answer", "wrong", "memory"),
        ],
        [
            "Each visitor draws at real speed and sends the drawing whenever the pen is lifted, on "
            f'the same machine as the page; {options.seconds:g} s a row. "empty" is a page whose '
            "handler does nothing."
        ],
    )
    drawings = digits()
    for visitors in options.visitors:
        rates = []
        for name, command in {
            "digitnet": SERVE,
            "empty": (sys.executable, "-c", EMPTY),
        }.items():
            with served(PROJECT, command=command) as address:
                page = Page(address, address.process, drawings, answers=name == "digitnet")
                page.learn()
                wait_until_idle(page.process)
                asyncio.run(page.measure(visitors, WARM_UP))
                found = asyncio.run(page.measure(visitors, options.seconds))
            rates.append(found.rate)
            table.add(*row(name, visitors, found))
            for error in found.errors:
                print(error, file=sys.stderr)
        table.add(visitors, "ratio", f"{rates[0] / rates[1]:.2f}", *[""] * 8)
    results.save(options.results, "load", "Many visitors", [table])


if __name__ == "__main__":
    main()
