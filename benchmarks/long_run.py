"""What a long run leaves behind: memory, threads, temporary files.

    python -m benchmarks.long_run [--predictions 20000] [--page-loads 300]

Against `python app.py` on this machine only: predictions as the sketchpad asks for them, by one
visitor after the other; page loads, each with its event stream and first event, as a browser does;
pictures sent and read; trainings; and the reports of one long training, while it runs. Measures
memory, threads, open files and temporary files after the first hundredth of each and at its end.
"""

import base64
import io
import json
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from PIL import Image, ImageDraw

from benchmarks import PROJECT, results
from benchmarks.load import Page, digits, memory_of, values_of
from benchmarks.serving import SERVE_QUIETLY, served

EVENTS_A_VISITOR = 100  # predictions, before the next visitor comes
MAX_GROWTH = 50  # MB


@dataclass(frozen=True)
class Footprint:
    """What a process holds."""

    memory: float  # MB
    threads: int
    open_files: int
    temporary_files: int


def footprint(process: int, temporary: Path) -> Footprint:
    of_process = Path(f"/proc/{process}")
    return Footprint(
        memory_of(process),
        len(list((of_process / "task").iterdir())),
        len(list((of_process / "fd").iterdir())),
        sum(path.is_file() for path in temporary.rglob("*")),
    )


def predict(client: httpx.Client, page: Page, number: int) -> None:
    """The answer to one drawing."""
    visitor = f"visitor{number // EVENTS_A_VISITOR}"
    digit = page.digits[number % len(page.digits)]
    send(client, page.function, values_of(digit.strokes), visitor, page.trigger)


def load_page(client: httpx.Client, page: Page, number: int) -> None:
    """The page, its event stream, and its first event."""
    client.get("/").raise_for_status()
    visitor = f"reader{number}"
    client.get("/config").raise_for_status()
    with client.stream("GET", f"/gradio_api/heartbeat/{visitor}"):
        send(client, page.function, values_of([]), visitor, page.trigger)


def read_picture(client: httpx.Client, page: Page, number: int) -> None:
    """A picture, sent and read."""
    picture = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(picture).line([(40, 40), (150, 40), (90, 150 + number % 40)], "navy", 14)
    content = io.BytesIO()
    picture.save(content, "png")
    told = {"content": base64.b64encode(content.getvalue()).decode()}
    values = ["cnn", "drawings", None]
    send(client, event_named(client, "answer_to_picture"), values, f"sender{number}", told=told)


def train(client: httpx.Client, page: Page, number: int) -> None:
    """A short training, by one visitor who has trained before."""
    settings = ["linear", "article", 4, 1, 0.001, 32, 6_000, number, [], None, None]
    wait_in_queue(client, event_named(client, "begin"), settings, "trainer")
    wait_in_queue(client, event_named(client, "watch"), [None], "trainer")
    wait_in_queue(client, event_named(client, "end"), [None, None, None], "trainer")


def watch(client: httpx.Client, page: Page, count: int, temporary: Path) -> list[Footprint]:
    """The page's footprints after some of a training's reports, and after `count`.

    Each report has 64 hidden units' weights, 200 KB, in it.
    """
    settings = ["nonlinear", "article", 64, 30, 0.001, 8, 60_000, 0, [], None, None]
    wait_in_queue(client, event_named(client, "begin"), settings, "watcher")
    body = {"data": [None], "fn_index": event_named(client, "watch"), "session_hash": "watcher"}
    client.post("/gradio_api/queue/join", json=body | {"event_data": None}).raise_for_status()
    at = [max(10, count // 100), count]
    found = []
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": "watcher"}) as told:
        reports = (line for line in told.iter_lines() if '"process_generating"' in line)
        for number, _ in enumerate(reports, start=1):
            if number in at:
                found.append(footprint(page.process, temporary))
            if len(found) == len(at):
                return found
    raise RuntimeError(f"The training was over before {count} reports.")


def event_named(client: httpx.Client, function: str) -> int:
    """The number of the page's event that calls `function`."""
    events = client.get("/config").json()["dependencies"]
    return next(one["id"] for one in events if one["api_name"] == function)


def wait_in_queue(client: httpx.Client, event: int, values: list, visitor: str) -> list:
    """Send an event through the queue, and wait until it is done; gives what it gave."""
    body = {"data": values, "fn_index": event, "session_hash": visitor, "event_data": None}
    client.post("/gradio_api/queue/join", json=body).raise_for_status()
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": visitor}) as told:
        for line in told.iter_lines():
            if not line.startswith("data:"):
                continue
            message = json.loads(line[5:])
            if message["msg"] == "process_completed":
                if not message["success"]:
                    raise RuntimeError(f"The page could not do this: {message['output']}")
                return message["output"]["data"]
    raise RuntimeError("The page broke off.")


def send(
    client: httpx.Client,
    event: int,
    values: list,
    visitor: str,
    trigger: int | None = None,
    told: dict[str, str] | None = None,
) -> None:
    body = {"data": values, "fn_index": event, "session_hash": visitor, "trigger_id": trigger}
    client.post(
        "/gradio_api/run/predict", json=body | {"event_data": told or {}}
    ).raise_for_status()


# What a visitor does, and how often by default.
ROUNDS: dict[str, tuple[Callable[[httpx.Client, Page, int], None], int]] = {
    "predictions": (predict, 20_000),
    "page loads": (load_page, 300),
    "pictures": (read_picture, 300),
    "trainings": (train, 20),
}
REPORTS = 600  # of the long training, which the page ends after five minutes


def run(
    page: Page, temporary: Path, counts: dict[str, int], reports: int
) -> dict[str, list[Footprint]]:
    """Do each round that often; its footprints after the first hundredth, and at its end.

    Parameters
    ----------
    page : served with `temporary` as its folder for temporary files
    counts : by the name of a round
    reports : of the long training at the end
    """
    found = {}
    with httpx.Client(base_url=page.address, timeout=60) as client:
        load_page(client, page, -1)
        for _ in range(20):
            predict(client, page, 0)
        for name, count in counts.items():
            act = ROUNDS[name][0]
            begun = None
            for number in range(count):
                act(client, page, number)
                if number == max(1, count // 100) - 1:
                    begun = footprint(page.process, temporary)
            assert begun is not None
            found[name] = [begun, footprint(page.process, temporary)]
        found["reports"] = watch(client, page, reports, temporary)
    return found


def main() -> None:
    parser = results.parser(__doc__)
    for name, (_, usual) in ROUNDS.items():
        parser.add_argument(
            f"--{name.replace(' ', '-')}", type=int, default=usual, metavar="N", dest=name
        )
    parser.add_argument("--reports", type=int, default=REPORTS, metavar="N")
    options = parser.parse_args()
    counts = {name: getattr(options, name) for name in ROUNDS}
    reports = options.reports
    table = results.Table(
        "",
        ["what", "memory", "growth", "threads", "open files", "temporary files"],
        [
            "From after the first hundredth of each to its end. Each page load and picture is by a "
            "visitor of its own."
        ],
    )
    too_much = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {"TMPDIR": folder, "GRADIO_TEMP_DIR": folder}
        with served(PROJECT, environment, SERVE_QUIETLY) as address:
            page = Page(address, address.process, digits(), answers=True)
            page.learn()
            found = run(page, Path(folder), counts, reports)
    counts["reports"] = reports
    for name, (begun, ended) in found.items():
        growth = ended.memory - begun.memory
        table.add(
            f"{counts[name]:,} {name}",
            f"{begun.memory:.0f} to {ended.memory:.0f} MB",
            f"{growth:+.0f} MB",
            f"{begun.threads} to {ended.threads}",
            f"{begun.open_files} to {ended.open_files}",
            f"{begun.temporary_files} to {ended.temporary_files}",
        )
        if growth > MAX_GROWTH:
            too_much.append(name)
    results.save(options.results, "long_run", "A long run", [table])
    if too_much:
        sys.exit(f"{', '.join(too_much)}: memory grew by more than {MAX_GROWTH} MB.")


if __name__ == "__main__":
    main()
