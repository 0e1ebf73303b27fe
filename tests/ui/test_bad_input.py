"""Each entry point answers malformed input with a result or a sentence."""

import base64

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings

import digitnet
from benchmarks.malformed_inputs import (
    SEVEN,
    package_entry_points,
    page_entry_points,
    pictures,
    png_of,
)
from benchmarks.serving import served
from digitnet.drawing import MOST_POINTS, MOST_STROKES
from digitnet.pictures import MAX_PICTURE_PIXELS
from digitnet.segmentation import find_digits
from tests.conftest import PROJECT

EXAMPLES = 25  # at each entry point; benchmarks/bad_input.py has many more
OF_THE_PACKAGE = [
    *("predict", "to_image", "find_digits_in_drawing", "stages_of", "answer", "arrays"),
    *("pictures", "weights", "names", "metrics.json", "python -m digitnet evaluate", "train.py"),
]
OF_THE_PAGE = ["events of the page", "/predict", "broken requests"]


@pytest.fixture(scope="module")
def address():
    with served(PROJECT) as address:
        yield address


@pytest.fixture(scope="module")
def of_the_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "augmented"
    folder.mkdir()
    return {entry_point.name: entry_point for entry_point in package_entry_points(folder)}


@pytest.fixture(scope="module")
def of_the_page(address):
    return {entry_point.name: entry_point for entry_point in page_entry_points(address)}


def check(entry_point, examples=EXAMPLES):
    bounds = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    bounds(given(entry_point.inputs)(entry_point.call))()


@pytest.mark.parametrize("name", OF_THE_PACKAGE)
def test_the_package_answers_with_a_result_or_a_sentence(of_the_package, name):
    check(of_the_package[name])


@pytest.mark.parametrize("name", OF_THE_PAGE)
def test_the_page_answers_with_a_result_or_a_sentence(of_the_page, name):
    check(of_the_page[name])


def test_no_entry_point_is_left_out(of_the_package, of_the_page):
    assert [*of_the_package, *of_the_page] == OF_THE_PACKAGE + OF_THE_PAGE


# ---- single inputs ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawing", "sentence"),
    [
        ([[(0, 0)] * (MOST_POINTS + 1)], "100,000 points"),
        ([[(0, 0)] * 2] * (MOST_STROKES + 1), "2,000 strokes"),
        # As a table of texts, each with the room of the longest, this would take 4 TB.
        ([["a" * 1_000_000, *["b"] * 1_000_000]], "100,000 points"),
        ([["a" * 1_000_000, *["b"] * 90_000]], "list of strokes"),
        ([[(10**400, 0)]], "list of strokes"),
        ([[(1j, 0)]], "list of strokes"),
        ([[(0, 0), None]], "list of strokes"),
        ([["12", "34"]], "list of strokes"),
        ([[("1", "2")]], "list of strokes"),
    ],
)
def test_a_drawing_that_is_too_much_gets_a_sentence(drawing, sentence):
    with pytest.raises(ValueError, match=sentence):
        digitnet.to_image(drawing)


def test_the_largest_coordinates_make_an_image():
    for drawing in ([[(1e308, -1e308), (-1e308, 1e308)]], [[(0, 0)], [(1e300, 1e300)]]):
        image = digitnet.to_image(drawing)
        assert np.isfinite(image).all() and image.max() > 0.9


@pytest.mark.parametrize("height", [1, 2, 3, 15])
@pytest.mark.parametrize("width", [1, 2, 14, 900])
def test_the_narrowest_pictures_are_read(height, width):
    noise = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    for picture in (noise, noise.T, np.zeros_like(noise)):
        assert np.isfinite(digitnet.to_image(picture)).all()
        assert len(find_digits(picture[:, :20])) <= 20


@pytest.mark.parametrize("kind", pictures())
def test_every_kind_of_picture_is_read(classifiers, tmp_path, kind):
    (tmp_path / "x").write_bytes(pictures()[kind])
    image = digitnet.to_image(tmp_path / "x")
    if kind != "jpeg":  # that one is turned by 90 degrees
        assert classifiers["cnn"].predict_images(image[None])[0].digit == 7


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(1)</script>"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
NO_PICTURES = {
    "nothing": (b"", "none of PNG"),
    "svg": (SVG, "none of PNG"),
    "html": (HTML, "none of PNG"),
    "a page for a printer": (EPS, "none of PNG"),  # Pillow would run Ghostscript
    "30,000 x 30,000": (png_of(30_000, 30_000), "could not be read|smaller than"),
    "5,001 x 5,000": (png_of(5001, 5000), f"smaller than {MAX_PICTURE_PIXELS:,}"),
    "truncated": (pictures()["png"][:100], "could not be read"),
    "only a header": (png_of(28, 28), "could not be read"),
}


@pytest.mark.parametrize("kind", NO_PICTURES)
def test_what_is_no_picture_gets_a_sentence_unread(tmp_path, kind):
    content, sentence = NO_PICTURES[kind]
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        digitnet.to_image(tmp_path / "x.png")


def test_a_pipe_is_no_picture(tmp_path):
    import os

    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names here")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="There is no picture"):
        digitnet.to_image(tmp_path / "pipe")


# ---- over the network -------------------------------------------------------------------------


def status_and_sentence(address, data, path="/gradio_api/run/predict", **more):
    response = httpx.post(address + path, json={"data": data} | more, timeout=60)
    return response.status_code, response.json().get("error")


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        ([SEVEN, None, "vgg", "augmented"], 422, "no such model"),
        ([SEVEN], 422, "not what the page sends"),
        ([[[[1, 2]] * 200_000], None, "cnn", "augmented"], 413, "at most 100,000 points"),
        ([None, "A" * 20_000_001, "cnn", "augmented"], 413, "at most 20 MB"),
        (
            [None, base64.b64encode(png_of(30_000, 30_000)).decode(), "cnn", "augmented"],
            422,
            "PNG or JPEG",
        ),
    ],
)
def test_the_endpoint_answers_with_a_status_and_a_sentence(address, data, status, sentence):
    found = status_and_sentence(address, data)
    assert found[0] == status and sentence in found[1]


def test_an_unknown_function_is_no_fault_of_the_server(address):
    for number in (-1, 10**9):
        status, sentence = status_and_sentence(address, [], fn_index=number)
        assert status == 422 and "no such function" in sentence


def test_the_log_holds_nothing_of_what_was_sent(tmp_path):
    """Gradio's own messages would: of a missing value, or of one that is not in a list."""
    secret = "1234.5678"
    with served(PROJECT, log=tmp_path / "log") as address:
        drawing = [[[float(secret), 7], [8, 9]]]
        for data in ([drawing, None, "cnn", "augmented"], [drawing], [drawing, None, secret, 1]):
            status_and_sentence(address, data)
        status_and_sentence(address, [drawing, secret, secret, None, True], fn_index=0)
        status_and_sentence(address, [drawing], fn_index=0)
        log = (tmp_path / "log").read_text()
    assert secret not in log and "Traceback" not in log


def test_a_picture_that_is_none_is_refused_in_the_page(address):
    """Uploaded as the page uploads it, then named as the page names it."""
    with httpx.Client(base_url=address, timeout=60) as client:
        events = client.get("/config").json()["dependencies"]
        (reading,) = (one for one in events if one["api_name"] == "read_picture")
        for name, (content, _) in NO_PICTURES.items():
            (path,) = client.post("/gradio_api/upload", files={"files": ("x.png", content)}).json()
            file = {"path": path, "orig_name": "x.png", "meta": {"_type": "gradio.FileData"}}
            body = {"data": ["cnn", "augmented", None, file], "fn_index": reading["id"]}
            response = client.post("/gradio_api/run/predict", json=body | {"session_hash": "x"})
            assert response.status_code == 422, name
            assert response.json()["error"], name
