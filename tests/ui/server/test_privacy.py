"""What the page gives away, and what it keeps: nothing of the server's, nothing of a visitor's."""

import base64
import re

import httpx
import pytest
from packaging.requirements import Requirement

from benchmarks.malformed_inputs import pictures
from benchmarks.serving import served
from digitnet.ui.server.limits import HEADERS, MOST_BYTES, MOST_QUEUED, QUEUE_PAUSE, Page
from tests.conftest import PROJECT

SEVEN = [[[0, 0], [10, 0], [4, 20]]]
SECRET = PROJECT / "pyproject.toml"  # a file of the server that no page has in it
TEXT = "explicit_package_bases"  # some of it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the page's process may put files for a while."""
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def client(folder):
    environment = {"TMPDIR": str(folder), "GRADIO_TEMP_DIR": str(folder / "gradio")}
    with served(PROJECT, environment) as address, httpx.Client(base_url=address) as client:
        client.timeout = 60
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
    ],
)
def test_no_address_opens_a_file_of_the_server(client, path):
    for form in {path, path.replace("../", "..%2f"), path.replace("../", "%2e%2e/")}:
        response = client.get(form)
        assert TEXT not in response.text
        assert 400 <= response.status_code < 500, form


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


def test_drawings_leave_no_file(client, folder):
    events = client.get("/config").json()["dependencies"]
    (first,) = (one["id"] for one in events if one["api_name"] == "recognise")
    before = files_in(folder)
    picture = base64.b64encode(pictures()["png"]).decode()
    for data in ([SEVEN, None, "cnn", "augmented"], [None, picture, "cnn", "augmented"]):
        assert client.post("/gradio_api/run/predict", json={"data": data}).status_code == 200
    body = {"data": [SEVEN, "cnn", "augmented", None, True], "fn_index": first, "session_hash": "x"}
    assert client.post("/gradio_api/run/predict", json=body).status_code == 200
    assert files_in(folder) == before


@pytest.mark.parametrize("kind", ["png", "html"])
def test_an_upload_is_deleted_when_it_was_read(client, folder, kind):
    content = {"png": pictures()["png"], "html": b"<script>alert(1)</script>"}[kind]
    (path,) = client.post("/gradio_api/upload", files={"files": ("x.png", content)}).json()
    assert files_in(folder)
    events = client.get("/config").json()["dependencies"]
    (event,) = (one["id"] for one in events if one["api_name"] == "read_picture")
    file = {"path": path, "orig_name": "x.png", "meta": {"_type": "gradio.FileData"}}
    body = {"data": ["cnn", "augmented", None, file], "fn_index": event, "session_hash": "x"}
    response = client.post("/gradio_api/run/predict", json=body)
    assert response.status_code == (200 if kind == "png" else 422)
    assert [one for one in files_in(folder) if one.read_bytes() == content] == []


# ---- limits and headers -----------------------------------------------------------------------


def test_too_large_an_upload_is_refused_and_not_kept(client, folder):
    before = files_in(folder)
    response = client.post("/gradio_api/upload", files={"files": ("x", b"0" * (MOST_BYTES + 1))})
    assert response.status_code == 413 and "at most 20 MB" in response.json()["error"]
    assert files_in(folder) == before


def test_an_upload_that_breaks_off_is_not_kept(client, folder):
    before = files_in(folder)

    def half():
        yield b'--x\r\ncontent-disposition: form-data; name="files"; filename="x"\r\n\r\n0000'
        raise ConnectionError

    headers = {"content-type": "multipart/form-data; boundary=x"}
    with pytest.raises(ConnectionError):
        client.post("/gradio_api/upload", content=half(), headers=headers)
    client.get("/config")  # the server has had its turn
    assert files_in(folder) == before


def test_the_limits_are_those_of_the_page(client):
    assert client.get("/config").json()["max_file_size"] == MOST_BYTES


def test_the_queue_is_limited_and_looked_at_with_pauses():
    with Page() as page:
        pass
    assert (page._queue.max_size, page._queue.sleep_when_free) == (MOST_QUEUED, QUEUE_PAUSE)


@pytest.mark.parametrize("path", ["/", "/config", "/theme.css", "/gradio_api/info", "/nothing"])
def test_every_answer_has_the_headers(client, path):
    found = client.get(path).headers
    for name, value in HEADERS:
        assert found[name.decode()] == value.decode()
    assert "x-frame-options" not in found  # a Space is shown in a frame
    assert "frame-ancestors" not in found["content-security-policy"]


# ---- dependencies -----------------------------------------------------------------------------


def test_every_dependency_is_imported():
    """What the project asks for, it uses itself."""
    names = {"pillow": "PIL", "huggingface-hub": "huggingface_hub"}
    code = "".join(
        path.read_text() for path in [*PROJECT.glob("*.py"), *(PROJECT / "digitnet").rglob("*.py")]
    )
    for line in (PROJECT / "requirements.txt").read_text().splitlines():
        name = Requirement(line).name
        module = names.get(name, name)
        assert re.search(rf"^\s*(import|from) {module}\b", code, re.MULTILINE), name
