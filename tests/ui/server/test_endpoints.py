"""The endpoints for programs, by each way that docs/deploy.md shows."""

import base64
import json
import shutil
import subprocess

import httpx
import pytest
from anyio.from_thread import start_blocking_portal
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

import digitnet
from digitnet.synthetic.writer import write_digits
from tests.conftest import PROJECT

SEVEN = [[[0, 0], [10, 0], [4, 20]]]


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False)


def picture_of(drawing, tmp_path):
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (200, 300), "white")
    for stroke in drawing:
        points = [(50 + 10 * x, 50 + 10 * y) for x, y in stroke]
        ImageDraw.Draw(picture).line(points, fill="navy", width=12, joint="curve")
    picture.save(tmp_path / "picture.png")
    return (tmp_path / "picture.png").read_bytes()


def test_gradio_client_gets_what_the_package_predicts(client):
    for recipe in digitnet.available_recipes():
        for model in digitnet.available_models():
            expected = digitnet.load(model, recipe).predict(SEVEN)
            found = client.predict(SEVEN, None, model, recipe, api_name="/predict")
            assert (found["digit"], found["is_digit"]) == (expected.digit, expected.is_digit)
            assert found["probabilities"] == pytest.approx(expected.probabilities, abs=1e-4)
            assert found["confidence"] == pytest.approx(expected.confidence, abs=1e-4)


def test_models_are_listed(client):
    listed = client.predict(api_name="/models")
    assert {(entry["model"], entry["recipe"]) for entry in listed} == {
        (model, recipe)
        for recipe in digitnet.available_recipes()
        for model in digitnet.available_models()
    }
    assert {entry["parameters"] for entry in listed} == {3190, 148250}
    assert all(0.8 < entry["test_accuracy"] < 1 for entry in listed)


def test_a_picture_is_read_with_and_without_data_url(client, tmp_path):
    text = base64.b64encode(picture_of(SEVEN, tmp_path)).decode()
    in_lines = base64.encodebytes(picture_of(SEVEN, tmp_path)).decode()  # as `base64 7.png` does
    assert in_lines.count("\n") > 1
    for picture in (text, f"data:image/png;base64,{text}", in_lines):
        assert client.predict(None, picture, api_name="/predict")["digit"] == 7


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl(address):
    body = json.dumps({"data": [SEVEN, None, "cnn", "article"]})
    command = ["curl", "-sS", "-H", "Content-Type: application/json", "-d", body]
    finished = subprocess.run(
        [*command, f"{address}/gradio_api/run/predict"], capture_output=True, text=True, timeout=60
    )
    assert json.loads(finished.stdout)["data"][0]["digit"] == 7, finished.stderr


def test_the_snippets_of_the_api_page_work_as_they_stand(address, client, capsys):
    info = httpx.get(f"{address}/gradio_api/info").json()["named_endpoints"]
    assert set(info) == {"/predict", "/models"}
    for name, endpoint in info.items():
        exec(endpoint["code_snippets"]["python"], {})
        said = capsys.readouterr().out
        assert ("'digit': 7" if name == "/predict" else "'parameters': 3190") in said
    # As the other snippets have it: each parameter's example.
    examples = [parameter["example_input"] for parameter in info["/predict"]["parameters"]]
    assert client.predict(*examples, api_name="/predict")["digit"] == 7
    assert client.predict(api_name="/predict")["digit"] == 7


def test_tools_of_a_language_model(address):
    async def use():
        async with (
            streamable_http_client(f"{address}/gradio_api/mcp/") as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            result = await session.call_tool("predict", {"drawing": SEVEN})
            return tools, result

    with start_blocking_portal() as portal:  # the browser's tests have a loop in this thread
        tools, result = portal.call(use)
    assert set(tools) == {"predict", "models"}
    assert "pen strokes" in tools["predict"].description
    assert not result.isError
    assert '"digit": 7' in result.content[0].text.replace("'", '"')


def test_nothing_else_is_offered(client):
    offered = client.view_api(return_format="dict")
    assert set(offered["named_endpoints"]) == {"/predict", "/models"}
    assert offered["unnamed_endpoints"] == {}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((None, None), "either a drawing or a picture"),
        (([[[0, 0], [1, 9]]], "AAAA"), "either a drawing or a picture"),
        ((SEVEN, None, "vgg"), "no such model"),
        ((SEVEN, None, "../cnn"), "no such model"),
        ((SEVEN, None, "cnn", "secret"), "no such recipe"),
        ((str(PROJECT / "docs" / "page.png"), None), "list of strokes"),
        (([[["a", "b"]]], None), "list of strokes"),
        ((None, str(PROJECT / "docs" / "page.png")), "PNG or JPEG file in base64"),
        ((None, "data:image/svg+xml;base64,PHN2Zy8+"), "PNG or JPEG file in base64"),
    ],
)
def test_bad_input_gets_a_sentence(client, arguments, sentence):
    with pytest.raises(AppError, match=sentence):
        client.predict(*arguments, api_name="/predict")


def test_visitors_at_once_get_their_own_answers(client):
    written = list(zip(write_digits(24, seed=5), write_digits(24, seed=5).labels, strict=True))
    classifier = digitnet.load("cnn", "article")
    expected = [classifier.predict(drawing).digit for drawing, _ in written]
    jobs = [
        client.submit(drawing, None, "cnn", "article", api_name="/predict")
        for drawing, _ in written
    ]
    assert [job.result(timeout=60)["digit"] for job in jobs] == expected
