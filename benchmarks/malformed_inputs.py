"""Malformed inputs, and the entry points that may receive them: for the tests and a benchmark.

Each must be answered by a result or by one sentence that says what is wrong.
"""

import contextlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import digitnet
import train
from digitnet.__main__ import main as command_line
from digitnet.drawing import Strokes, parse_drawing
from digitnet.hub.push import files_to_push
from digitnet.metrics import read_metrics
from digitnet.models import build
from digitnet.segmentation import segment_drawing, segment_picture
from digitnet.stages import preprocessing_stages
from digitnet.ui.components.answer import answer, read_picture
from digitnet.weights import Metadata, load_weights, save_weights

SEVEN = [[[0, 0], [10, 0], [4, 20]]]


@dataclass(frozen=True)
class EntryPoint:
    """A function, command or address that receives input.

    Attributes
    ----------
    inputs : what is generated for it
    call : sends it one input; raises AssertionError, or whatever the project raises, unless the
        answer is a result or one sentence
    """

    name: str
    inputs: st.SearchStrategy
    call: Callable[[Any], None]


# ---- inputs -----------------------------------------------------------------------------------

ODD_NUMBERS = [0, -1, 10**9, 10**400, 1e300, -1e308, 5e-324, float("nan"), float("inf")]
ODD_TEXTS = ["", "7", "nan", "\0", "../cnn", "/etc/passwd", "{{value}}", "${alert(1)}", "cnn\n"]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(),
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=20),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)
NUMBERS = st.one_of(st.integers(-2000, 2000), st.floats(-1e4, 1e4), st.sampled_from(ODD_NUMBERS))
POINTS = st.lists(NUMBERS, min_size=2, max_size=2)
DRAWINGS = st.lists(st.lists(POINTS | JSON, max_size=12) | JSON, max_size=5)
FILE_OF_THE_SERVER = {
    "path": "/etc/passwd",
    "url": None,
    "orig_name": "x.png",
    "meta": {"_type": "gradio.FileData"},
}
SENT = st.one_of(
    DRAWINGS,
    JSON,
    st.just(FILE_OF_THE_SERVER),
    st.just(FILE_OF_THE_SERVER | {"path": "http://127.0.0.1:1/x.png"}),
    st.sampled_from(["cnn", "linear", "drawings", "article", "all", "every image", True, 1, 3]),
)


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """`content`, cut short, with some bytes changed, or with a piece of it left out."""
    changed = bytearray(content)
    for place in draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        changed[place] = draw(st.integers(0, 255))
    begin, end = sorted(draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    how = draw(st.sampled_from(["changed", "cut", "gap"]))
    return bytes(
        {"changed": changed, "cut": changed[:end]}.get(how, changed[:begin] + changed[end:])
    )


def file_of(picture: Image.Image, kind: str, **options: Any) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


def pictures() -> dict[str, bytes]:
    """A small 7 in many kinds of files."""
    seven = Image.new("RGB", (60, 80), "white")
    ImageDraw.Draw(seven).line([(12, 12), (48, 12), (26, 70)], fill="navy", width=6)
    turned = Image.Exif()
    turned[0x0112] = 6
    grey = seven.convert("L")
    return {
        "png": file_of(seven, "png"),
        "jpeg": file_of(seven, "jpeg", exif=turned),
        "webp": file_of(seven, "webp"),
        "tiff": file_of(seven, "tiff"),
        "bmp": file_of(seven, "bmp"),
        "ppm": file_of(seven, "ppm"),
        "animated gif": file_of(seven, "gif", save_all=True, append_images=[seven.rotate(9)]),
        "animated png": file_of(seven, "png", save_all=True, append_images=[seven.rotate(9)]),
        "palette": file_of(seven.quantize(4), "png"),
        "transparent": file_of(Image.merge("LA", [grey, grey.point(lambda v: 255 - v)]), "png"),
        "16 bit": file_of(Image.fromarray(np.asarray(grey, np.uint16) * 257), "png"),
        "cmyk": file_of(seven.convert("CMYK"), "jpeg"),
    }


def png_of(width: int, height: int, colours: bytes = b"") -> bytes:
    """A PNG file that says it is that large, whatever it holds."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(colours)),
            chunk(b"IEND", b""),
        ]
    )


# ---- entry points -------------------------------------------------------------------------------


def one_sentence(said: str) -> None:
    assert said.strip() and len(said) < 1500 and "Traceback" not in said, said


def answered(function: Callable[..., Any], *arguments: Any) -> None:
    """Call; what is raised must be a ValueError that says something."""
    with np.errstate(all="raise", under="ignore"):
        try:
            function(*arguments)
        except ValueError as error:
            one_sentence(str(error))


def parsed_first(function: Callable[[Strokes], Any]) -> Callable[[Any], Any]:
    """`function` of a drawing that is parsed before, as the page does it."""
    return lambda drawing: function(parse_drawing(drawing))


def finished(function: Callable[[list[str]], int], *arguments: str) -> None:
    """Call a command line; it ends with a status, and says one line if that is not 0."""
    said = io.StringIO()
    status: Any
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = function(list(arguments))
        except SystemExit as ended:
            status = ended.code
    assert status in (0, 2), (status, said.getvalue())
    if status:
        one_sentence(said.getvalue())


def posted(client: httpx.Client, path: str, content: bytes, kind: str = "application/json") -> None:
    """Send to a running page; the status is 200 or 4xx, the latter with a sentence."""
    response = client.post(path, content=content, headers={"content-type": kind})
    assert response.status_code == 200 or 400 <= response.status_code < 500, (
        response.status_code,
        response.text,
    )
    if response.status_code != 200:
        one_sentence(response.text)


def package_entry_points(folder: Path) -> Iterator[EntryPoint]:
    """The public functions and command lines; `folder` is for files."""
    classifiers = {name: digitnet.load(name) for name in digitnet.available_models()}
    yield EntryPoint("predict", DRAWINGS | JSON, lambda x: answered(classifiers["cnn"].predict, x))
    yield EntryPoint("to_image", DRAWINGS | JSON, lambda x: answered(digitnet.to_image, x))
    # What the page does with a drawing, beside that.
    of_strokes: dict[str, Callable[[Strokes], Any]] = {
        "segment_drawing": segment_drawing,
        "preprocessing_stages": lambda strokes: preprocessing_stages(strokes, 1000),
        "answer": lambda strokes: answer(classifiers, "cnn", strokes),
    }
    for name, function in of_strokes.items():
        yield EntryPoint(name, DRAWINGS, partial(answered, parsed_first(function)))

    arrays = st.builds(
        lambda shape, kind, seed: np.asarray(
            np.random.default_rng(seed).uniform(-10, 300, shape)
        ).astype(kind),
        st.lists(st.integers(0, 30), max_size=4).map(tuple),
        st.sampled_from(["f2", "f4", "f8", "u1", "i2", "i8", "?", "c8", "U3"]),
        st.integers(0, 99),
    )
    yield EntryPoint("arrays", arrays, lambda x: answered(digitnet.to_image, x))

    picture = folder / "picture"

    def look(content: bytes) -> None:
        picture.write_bytes(content)
        for function in (digitnet.to_image, segment_picture, read_picture):
            answered(function, picture)

    files = pictures()
    broken = st.sampled_from(sorted(files)).flatmap(lambda kind: mutated(files[kind]))
    yield EntryPoint("pictures", broken | st.binary(max_size=200), look)

    weights = folder / "linear.safetensors"
    save_weights(build("linear"), Metadata("linear", "drawings", 4, 0.5), weights)
    saved = weights.read_bytes()
    head = 8 + int.from_bytes(saved[:8], "little")

    def load(content: bytes) -> None:
        weights.write_bytes(content)
        answered(load_weights, weights)
        answered(lambda: digitnet.load("linear", source=weights))

    header = mutated(saved[:head]).map(lambda start: start + saved[head:])
    yield EntryPoint("weights", mutated(saved) | header, load)
    names = st.text(max_size=20) | st.sampled_from(ODD_TEXTS)
    here = str(folder)  # a folder that exists: nothing is asked of the Hub
    yield EntryPoint(
        "names",
        st.tuples(names, names, names),
        lambda x: answered(digitnet.load, *x, here),
    )

    metrics = {"models": {"linear": {"test_accuracy": 0.5, "parameters": 3190}}}

    def measure(content: bytes) -> None:
        (folder / "metrics.json").write_bytes(content)
        answered(read_metrics, folder)
        answered(files_to_push, "someone/digits", folder.parent)

    text = mutated(json.dumps(metrics).encode())
    shapes = st.builds(
        lambda key, value: json.dumps(
            {"models": {"linear": {"test_accuracy": 0.5, "parameters": 3190, key: value}}}
        ).encode(),
        st.sampled_from(
            ["test_accuracy", "parameters", "training_curve", "reliability", "test_drawings"]
        )
        | st.sampled_from(["recipe", "versions", "test_loss", "calibration_error", "device"]),
        JSON,
    )
    yield EntryPoint(
        "metrics.json", text | shapes | JSON.map(lambda x: json.dumps(x).encode()), measure
    )

    lines = folder / "drawings.jsonl"

    def evaluate(content: bytes) -> None:
        lines.write_bytes(content)
        finished(command_line, "evaluate", str(lines), "--models", "linear")

    line = st.builds(
        lambda label, strokes: json.dumps({"label": label, "strokes": strokes}).encode(),
        JSON | st.integers(0, 9),
        DRAWINGS,
    )
    whole = json.dumps({"label": 7, "strokes": SEVEN}).encode() + b"\n"
    yield EntryPoint("python -m digitnet evaluate", line | mutated(2 * whole), evaluate)
    options = ["epochs", "batch-size", "learning-rate", "hidden-units", "seed", "device", "models"]
    options += ["recipe", "min-accuracy", "push-to-hub", "revision"]
    # The last one is wrong, whatever the first is: nothing is trained here.
    yield EntryPoint(
        "train.py",
        st.tuples(st.sampled_from(options), names),
        lambda x: finished(train.main, f"--{x[0]}={x[1]}", "--seed=never"),
    )


def page_entry_points(address: str) -> Iterator[EntryPoint]:
    """What a running page accepts, from its endpoints to the events of all its tabs."""
    client = httpx.Client(base_url=address, timeout=60)
    events = client.get("/config").json()["dependencies"]

    def fire(sent: tuple[int, list, Any]) -> None:
        number, values, event = sent
        body = {"fn_index": number, "data": values, "event_data": event, "session_hash": "odd"}
        posted(client, "/gradio_api/run/predict", json.dumps(body).encode())

    def of_event(event: dict[str, Any]) -> st.SearchStrategy:
        count = len(event["inputs"])
        values = st.lists(SENT, min_size=count, max_size=count) | st.lists(SENT, max_size=count + 1)
        names = ["index", "actual", "predicted", "value", "content"]
        details = st.dictionaries(st.sampled_from(names), JSON)
        return st.tuples(st.just(event["id"]), values, details | JSON)

    yield EntryPoint("events of the page", st.sampled_from(events).flatmap(of_event), fire)

    arguments = st.tuples(DRAWINGS | JSON, st.none() | JSON, SENT, SENT) | st.lists(
        SENT, max_size=5
    )
    yield EntryPoint(
        "/predict",
        arguments,
        lambda x: posted(client, "/gradio_api/run/predict", json.dumps({"data": list(x)}).encode()),
    )
    whole = json.dumps({"data": [SEVEN, None, "cnn", "drawings"], "fn_index": 0}).encode()
    paths = ["run/predict", "run/models", "call/predict", "call/v2/predict", "queue/join", "cancel"]
    paths += ["upload", "reset", "api/predict", "process_recording", "stream/1", "vibe-code/"]
    kinds = ["application/json", "multipart/form-data; boundary=x", "text/plain", ""]
    yield EntryPoint(
        "broken requests",
        st.tuples(
            st.sampled_from(paths), mutated(whole) | st.binary(max_size=99), st.sampled_from(kinds)
        ),
        lambda x: posted(client, f"/gradio_api/{x[0]}", x[1], x[2]),
    )
