"""What the page gives away, and what it keeps: nothing of the server's, nothing of a visitor's."""

import base64
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from benchmarks.long_run import event_named, wait_in_queue
from benchmarks.malformed_inputs import pictures
from digitnet.ui.server.limits import HEADERS, MAX_BODY_BYTES, MAX_QUEUED
from tests.conftest import PROJECT

SEVEN = [[[0, 0], [10, 0], [4, 20]]]
SECRET = PROJECT / "pyproject.toml"  # a file of the server that no page has in it
TEXT = "explicit_package_bases"  # some of it


@pytest.fixture(scope="module")
def client(address):
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# ---- files of the server ----------------------------------------------------------------------

UP = "../" * 12


@pytest.mark.parametrize(
    "path",
    [
        f"/gradio_api/file={SECRET}",
        f"/gradio_api/file={UP}{SECRET}",
        f"/gradio_api/file/{SECRET}",
        f"/file={SECRET}",
        f"/gradio_api/file=file://{SECRET}",
        "/gradio_api/file=pyproject.toml",
        f"/static/{UP}{SECRET}",
        f"/assets/{UP}{SECRET}",
        f"/svelte/{UP}{SECRET}",
        f"/gradio_api/custom_component/0/client/component/{UP}{SECRET}",
        f"/gradio_api/proxy=file://{SECRET}",
        "/gradio_api/proxy=http://127.0.0.1:1/",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/stream/x/0/0/playlist.m3u8",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/vibe-code/",
        "/gradio_api/dev/reload",
        "/gradio_api/runs",
    ],
)
def test_no_address_opens_a_file_of_the_server(client, path):
    for form in {path, path.replace("../", "..%2f"), path.replace("../", "%2e%2e/")}:
        response = client.get(form)
        assert TEXT not in response.text
        assert 400 <= response.status_code < 500, form


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("door", ["file=", "file/", "proxy="])
def test_the_page_fetches_nothing_for_anybody(client, door, scheme):
    response = client.get(f"/gradio_api/{door}{scheme}://127.0.0.1:1/x")
    assert response.status_code == 404 and response.json()["error"] == "There is nothing here."


def test_modules_of_the_networks_are_asked_for_anew(client):
    """Old ones from the browser's cache may not fit the page."""
    engine = f"/gradio_api/file={(PROJECT / 'digitnet/ui/browser/engine.js').as_posix()}"
    response = client.get(engine)
    assert response.status_code == 200 and response.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path", [SECRET, f"{UP}{SECRET}", "pyproject.toml", "http://127.0.0.1:1/x"]
)
def test_no_event_reads_a_file_that_it_is_told_of(client, path):
    file = {"path": str(path), "orig_name": "x.png", "meta": {"_type": "gradio.FileData"}}
    for event in client.get("/config").json()["dependencies"]:
        count = len(event["inputs"])
        if count == 0:
            continue  # it is told of none
        body = {"data": [file] * count, "fn_index": event["id"], "session_hash": "x"}
        response = client.post("/gradio_api/run/predict", json=body)
        assert response.status_code == 422, event["api_name"]
        assert TEXT not in response.text and base64.b64encode(TEXT.encode()) not in response.content


# ---- what a visitor gives ---------------------------------------------------------------------


def test_drawings_leave_no_file(client, temporary_folder):
    before = files_in(temporary_folder)
    picture = base64.b64encode(pictures()["png"]).decode()
    for data in ([SEVEN, None, "cnn", "drawings"], [None, picture, "cnn", "drawings"]):
        assert client.post("/gradio_api/run/predict", json={"data": data}).status_code == 200
    drawn = send_event(client, "recognise", [SEVEN, "cnn", "drawings", None, True, None])
    assert drawn.status_code == 200
    assert [path.name for path in temporary_folder.iterdir()] == ["gradio"]  # no folder either
    assert files_in(temporary_folder) == before


def send_event(client, function, data, visitor="x", **told):
    """Send an event as the page does; gives its answer."""
    body = {"data": data, "fn_index": event_named(client, function), "session_hash": visitor}
    return client.post("/gradio_api/run/predict", json=body | {"event_data": told})


def send_picture(client, content, visitor="x"):
    """Send a picture as the page does; gives what the page is told, by component."""
    address = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    data = ["cnn", "drawings", None]
    response = send_event(client, "answer_to_picture", data, visitor, content=address)
    return dict(
        zip(("answer", "sketchpad", "state", "input"), response.json()["data"], strict=True)
    )


@pytest.mark.parametrize("kind", ["png", "html"])
def test_a_picture_leaves_no_file(client, temporary_folder, kind):
    before = files_in(temporary_folder)
    content = {"png": pictures()["png"], "html": b"<script>alert(1)</script>"}[kind]
    told = send_picture(client, content)
    if kind == "png":
        assert told["answer"]["digit"] == 7 and told["input"] == {}
    else:
        assert told["input"]["problem"].startswith("This picture could not be read")
    assert files_in(temporary_folder) == before


def test_visitors_who_send_the_same_picture_all_get_an_answer(client):
    with ThreadPoolExecutor(5) as visitors:
        told = visitors.map(
            lambda number: send_picture(client, pictures()["png"], f"visitor{number}"), range(15)
        )
        assert [one["answer"]["digit"] for one in told] == [7] * 15


def test_a_picture_is_its_visitors_only(client):
    send_picture(client, pictures()["png"], "y")
    asked = [{"picture": True}, "linear", "drawings", None, True, None]
    (answer,) = send_event(client, "recognise", asked, "y").json()["data"]
    assert answer["model"] == "linear" and answer["digit"] is not None
    (answer,) = send_event(client, "recognise", asked, "z").json()["data"]
    assert "no longer here" in answer["problem"]


def test_a_training_leaves_no_file(client, temporary_folder):
    before = files_in(temporary_folder)
    settings = ["linear", "article", 4, 1, 0.001, 32, 600, 0, [], None, None]
    wait_in_queue(client, event_named(client, "begin"), settings, "trainer")
    wait_in_queue(client, event_named(client, "watch"), [None], "trainer")
    told = wait_in_queue(client, event_named(client, "end"), [None, None, None], "trainer")
    assert "base64," in told[0]["file"]  # what the visitor may download
    assert files_in(temporary_folder) == before


@pytest.mark.parametrize("name", ["x.png", ".."])
@pytest.mark.parametrize("end", [b"\r\n--x--\r\n", b""])
def test_nothing_can_be_uploaded(client, temporary_folder, name, end):
    before = files_in(temporary_folder)
    head = f'--x\r\ncontent-disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    body = head.encode() + b"0000" + end
    response = client.post("/gradio_api/upload", content=body, headers=headers)
    assert response.status_code == 404
    assert files_in(temporary_folder) == before


# ---- limits and headers -----------------------------------------------------------------------


def test_the_limits_are_those_of_the_page(client):
    assert client.get("/config").json()["max_file_size"] == MAX_BODY_BYTES


def test_the_queue_takes_no_more_than_its_limit():
    """Without its startup events Gradio takes nothing out of the queue again."""
    import app  # here: it loads all models

    page = gr.mount_gradio_app(FastAPI(), app.demo, path="")
    events = app.demo.config["dependencies"]
    (reading,) = (one["id"] for one in events if one["api_name"] == "models")
    body = {"data": [], "fn_index": reading, "session_hash": "x"}
    client = TestClient(page)
    statuses = [
        client.post("/gradio_api/queue/join", json=body).status_code for _ in range(MAX_QUEUED + 1)
    ]
    assert statuses == [200] * MAX_QUEUED + [503]


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/gradio_api/info", "/nothing"])
def test_every_answer_has_the_headers(client, path):
    found = client.get(path).headers
    for name, value in HEADERS:
        assert found[name.decode()] == value.decode()
    assert "x-frame-options" not in found  # a Space is shown in a frame
    assert "frame-ancestors" not in found["content-security-policy"]
