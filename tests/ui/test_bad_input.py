"""Each entry point answers malformed input with a result or a sentence."""

import base64
import sys

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from PIL import Image, ImageDraw

import digitnet
from benchmarks.malformed_inputs import (
    SEVEN,
    package_entry_points,
    page_entry_points,
    pictures,
    png_of,
)
from digitnet.drawing import MAX_DRAWING_POINTS, MAX_STROKES
from digitnet.pictures import MAX_PICTURE_PIXELS
from digitnet.reading.rows import MAX_DIGITS
from digitnet.segmentation import segment_picture
from tests.processes import run_code

EXAMPLES = 25  # at each entry point; benchmarks/bad_input.py has many more
OF_THE_PACKAGE = [
    *("predict", "to_image", "segment_drawing", "preprocessing_stages", "answer", "arrays"),
    *("pictures", "weights", "names", "metrics.json", "python -m digitnet evaluate", "train.py"),
]
OF_THE_PAGE = ["events of the page", "/predict", "broken requests"]


@pytest.fixture(scope="module")
def of_the_package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights") / "drawings"
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

    def call(given_input):
        entry_point.call(given_input)

    bounds(given(entry_point.inputs)(call))()


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
        ([[(0, 0)] * (MAX_DRAWING_POINTS + 1)], "100,000 points"),
        ([[(0, 0)] * 2] * (MAX_STROKES + 1), "2,000 strokes"),
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


def nested(depth):
    points = [1.0, 2.0]
    for _ in range(depth):
        points = [points]
    return points


@pytest.mark.parametrize(
    ("drawing", "sentence"),
    [
        (nested(33), "list of strokes"),
        (nested(60), "list of strokes"),
        (nested(500), "list of strokes"),
        (memoryview(b"123"), "list of strokes"),
        (memoryview(np.zeros((28, 28), np.uint8)), "list of strokes"),
        (bytearray(b"123"), "list of strokes"),
        (np.zeros((28, 28), int).tolist(), "pixels of an image as a NumPy array"),
        (np.zeros((28, 28, 3), int).tolist(), "pixels of an image as a NumPy array"),
        ([0] * 784, "pixels of an image as a NumPy array"),
    ],
)
def test_what_is_no_drawing_is_told_what_to_pass(classifiers, drawing, sentence):
    for function in (digitnet.to_image, classifiers["linear"].predict):
        with pytest.raises(ValueError, match=sentence):
            function(drawing)


@pytest.mark.parametrize(
    "images",
    [
        *(np.zeros((28, 28)), np.zeros((1, 27, 28)), np.zeros((1, 1, 28, 28)), np.zeros((0,))),
        *([[1], [2, 3]], None, "images", np.array([["a"]])),
    ],
)
def test_images_of_another_shape_get_a_sentence(classifiers, images):
    for classifier in classifiers.values():
        with pytest.raises(ValueError, match=r"\[N, 28, 28\]"):
            classifier.predict_images(images)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"model": ["cnn"]}, "choose one of linear, nonlinear, cnn"),
        ({"source": 5}, "source is"),
        ({"source": ""}, "source is"),
        ({"source": "a" * 5000}, "source is"),
        ({"source": "a\0b"}, "source is|missing"),
        ({"source": ["weights"]}, "source is"),
        ({"recipe": ["drawings"]}, "choose one of"),
        ({"device": 1.5}, "There is no device"),
    ],
)
def test_odd_arguments_of_load_get_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        digitnet.load(**({"model": "cnn"} | arguments))


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
        assert len(segment_picture(picture[:, :20])) <= MAX_DIGITS


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


# Decodes a picture three times at once; the result is how much that adds to the memory, in MB.
# glibc keeps what a thread frees for that thread, unless M_ARENA_MAX (-8) is 1.
DECODE_THREE_TIMES = """
import ctypes
import resource
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
from digitnet.pictures import open_picture

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

ctypes.CDLL(None).mallopt(-8, 1)
open_picture(Image.new("L", (1280, 1280)))
before = peak()
with ThreadPoolExecutor(3) as pool:
    list(pool.map(open_picture, [{path!r}] * 3))
result = peak() - before
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
@pytest.mark.parametrize(("mode", "suffix"), [("F", "tiff"), ("RGB", "jpg")])
def test_large_pictures_are_decoded_one_at_a_time(tmp_path, mode, suffix):
    path = tmp_path / f"large.{suffix}"
    compression = {"compression": "tiff_deflate"} if mode == "F" else {}
    Image.new(mode, (3000, 3000)).save(path, **compression)
    assert run_code(DECODE_THREE_TIMES.format(path=str(path))) < 140  # two at once: 160 and more


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tiff"])
def test_boxes_are_in_pixels_of_the_picture_as_it_is_turned(tmp_path, suffix):
    """A large 7, saved on its side with a note that says so."""
    seven = Image.new("RGB", (2000, 3000), "white")
    ImageDraw.Draw(seven).line([(300, 400), (1300, 400), (700, 2600)], fill="black", width=150)
    turned = Image.Exif()
    turned[0x0112] = 6  # turn it clockwise to see it as it was
    seven.transpose(Image.Transpose.ROTATE_90).save(tmp_path / f"x.{suffix}", exif=turned)
    (found,) = segment_picture(tmp_path / f"x.{suffix}")
    assert found.box == pytest.approx((300, 325, 1080, 2300), abs=30)


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
        ([SEVEN, None, "vgg", "drawings"], 422, "no such model"),
        ([SEVEN], 422, "not what the page sends"),
        ([[[[1, 2]] * 200_000], None, "cnn", "drawings"], 413, "at most 100,000 points"),
        ([None, "A" * 20_000_001, "cnn", "drawings"], 413, "at most 20 MB"),
        (
            [None, base64.b64encode(png_of(30_000, 30_000)).decode(), "cnn", "drawings"],
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


def test_the_log_holds_nothing_of_what_was_sent(address, log):
    """Gradio's own messages would: of a missing value, or of one that is not in a list."""
    secret = "1234.5678"
    already = len(log.read_text())
    drawing = [[[float(secret), 7], [8, 9]]]
    for data in ([drawing, None, "cnn", "drawings"], [drawing], [drawing, None, secret, 1]):
        status_and_sentence(address, data)
    events = httpx.get(f"{address}/config").json()["dependencies"]
    (recognise,) = (one["id"] for one in events if one["api_name"] == "recognise")
    for data in ([drawing, secret, secret, None, True, None], [drawing]):
        status, _ = status_and_sentence(address, data, fn_index=recognise, session_hash="x")
        assert status == 422
    (show,) = (one["id"] for one in events if one["api_name"] == "show")
    for model, digit in (([secret], -1), ("cnn", [secret])):
        data = [model, "drawings", None, "all", "test set", "every image", digit, -1, 1, None]
        status, _ = status_and_sentence(address, data, fn_index=show, session_hash="x")
        assert status == 422
    for path in (
        f"queue/data?session_hash={secret}",
        f"call/predict/{secret}",
        f"call/v2/predict/{secret}",
    ):
        assert "not found" in httpx.get(f"{address}/gradio_api/{path}").text.casefold()
    said = log.read_text()[already:]
    assert secret not in said and "Traceback" not in said
    assert said.count("\n") < 10


def test_a_picture_that_is_none_is_refused_in_the_page(address):
    with httpx.Client(base_url=address, timeout=60) as client:
        events = client.get("/config").json()["dependencies"]
        (reading,) = (one for one in events if one["api_name"] == "answer_to_picture")
        body = {"data": ["cnn", "drawings", None], "fn_index": reading["id"], "session_hash": "x"}
        for name, (content, _) in NO_PICTURES.items():
            told = {"event_data": {"content": base64.b64encode(content).decode()}}
            response = client.post("/gradio_api/run/predict", json=body | told)
            assert response.json()["data"][3]["problem"].endswith("megapixels."), name
        response = client.post("/gradio_api/run/predict", json=body)
        assert response.status_code == 422 and response.json()["error"]
