"""`python app.py`: how it starts, where it can be served, and what is shown of it."""

import re
import subprocess
import sys

import httpx
import pytest

from digitnet.ui.server.limits import CLOSED
from tests.conftest import PROJECT

TWO_STROKES = [[[250, 200], [750, 200], [450, 850]], [[400, 500], [720, 500]]]

# Stands in for what serves the page, and asks it what a first visitor would.
FIRST_DRAWING = """
import sys
import gradio as gr
from fastapi import FastAPI
from fastapi.testclient import TestClient
import app

heavy = {{"torchvision", "matplotlib", "train"}}
heavy |= {{"digitnet.training.loop", "digitnet.training.trainer"}}
print(sorted(heavy & set(sys.modules)))

def launch(page, **options):
    client = TestClient(gr.mount_gradio_app(FastAPI(), page, path=""))
    (event,) = (e["id"] for e in page.config["dependencies"] if e["api_name"] == "recognise")
    data = [{drawing}, "cnn", "drawings", None, True, None]
    body = {{"data": data, "fn_index": event, "session_hash": "x"}}
    before = set(sys.modules)
    answer = client.post("/gradio_api/run/predict", json=body).json()
    assert answer["data"][0]["digit"] == 7, answer
    slow = ("matplotlib", "numpy", "scipy", "torch", "PIL")
    print([name for name in set(sys.modules) - before if name.startswith(slow)])
    sys.exit()

gr.Blocks.launch = launch
sys.argv[1:] = ["--no-browser"]
app.main()
"""


def test_the_page_imports_nothing_heavy_and_the_first_drawing_nothing_at_all():
    code = FIRST_DRAWING.format(drawing=TWO_STROKES)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=300
    )
    assert ended.stdout.splitlines() == ["[]", "[]"], ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def client(address_behind_a_path):
    with httpx.Client(base_url=address_behind_a_path, timeout=60, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/digits"])
def test_behind_a_path_the_page_works_and_closed_doors_are_closed(client, prefix):
    """Whether the proxy strips the path or keeps it."""
    page = client.get(f"{prefix}/")
    (script,) = re.findall(r'src="\./(assets/index-[^"]+\.js)"', page.text)
    assert client.get(f"{prefix}/{script}").status_code == 200
    assert client.get(f"{prefix}/config").json()["root"].endswith("/digits")
    body = {"data": [TWO_STROKES, None, "cnn", "drawings"]}
    answer = client.post(f"{prefix}/gradio_api/run/predict", json=body).json()
    assert answer["data"][0]["digit"] == 7
    for door in CLOSED:
        for ask in (client.get, client.post):
            refusal = ask(f"{prefix}/gradio_api/{door}")
            assert refusal.status_code == 404
            assert refusal.json()["error"] == "There is nothing here."


def test_the_preview_is_of_the_page_and_not_of_gradio(client):
    headers = {"x-forwarded-host": "example.org", "x-forwarded-proto": "https"}
    page = client.get("/digits/", headers=headers).text
    head = page[: page.index("<style>")]
    tags = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', head))
    assert tags["og:title"] == "digitnet" and "<title>digitnet</title>" in head
    assert tags["og:description"] == tags["description"] and "Draw a digit" in tags["description"]
    assert tags["og:url"] == "https://example.org/digits/"
    assert tags["og:image"] == "https://example.org/digits/preview.png"
    assert page.count('property="og:title"') == 1 and "@Gradio" not in page
    assert "header-image" not in page
    picture = client.get("/digits/preview.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content == (PROJECT / "docs" / "page.png").read_bytes()
    icon = client.get("/digits/favicon.ico")
    assert icon.content == (PROJECT / "digitnet" / "ui" / "icon.png").read_bytes()


def test_what_a_header_says_is_no_html(client):
    page = client.get("/", headers={"x-forwarded-host": 'x"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


def test_the_footer_offers_what_a_visitor_can_use(client):
    assert client.get("/config").json()["footer_links"] == ["api", "gradio"]
