"""The networks in the browser answer as PyTorch does."""

import base64
import mimetypes

import numpy as np
import pytest
import torch

import digitnet
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.classifier import available_recipes
from digitnet.drawing import parse_drawing
from digitnet.stages import preprocessing_stages
from digitnet.synthetic.writer import write_digits, write_non_digits
from digitnet.ui.browser import describe
from digitnet.ui.components.sketchpad import SIZE
from tests.conftest import PROJECT

ORIGIN = "http://digitnet.test"
COUNT = 900  # drawings of each set
STAGES = ("squeezed", "cropped", "fitted", "centred")
LOAD = """async () => {
  const modules = await Promise.all(
    ["rendering", "safetensors", "network", "prediction"].map((name) => import(`/${name}.js`)),
  );
  window.engine = Object.assign({}, ...modules);
}"""
# Float32Arrays as base 64: JSON takes a second for a million numbers.
RENDER = """([drawings, size, names]) => drawings.map((strokes) => {
  const stages = engine.preprocessingStages(strokes, size);
  return names.map((name) => stages && text(stages[name]));
  function text(values) {
    return btoa(String.fromCharCode(...new Uint8Array(values.buffer)));
  }
})"""
RUN = """async ([url, images, described]) => {
  const { tensors } = engine.readSafetensors(await (await fetch(url)).arrayBuffer());
  return images.map((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const values = engine.run(described.layers, tensors, new Float32Array(bytes.buffer));
    const logits = values[values.length - 1].data;
    const { digit, answer, probabilities } = engine.predict(logits, described);
    return [Array.from(logits), digit, answer, probabilities];
  });
}"""


@pytest.fixture(scope="module")
def engine(browser):
    """A page that has the modules, and can fetch the weights."""
    page = browser.new_page()

    def fulfil(route):
        path = route.request.url.removeprefix(ORIGIN).lstrip("/")
        if not path:
            return route.fulfill(content_type="text/html", body="<!doctype html>")
        folder = PROJECT if path.startswith("weights/") else PROJECT / "digitnet/ui/browser"
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        return route.fulfill(content_type=kind, body=(folder / path).read_bytes())

    page.route(f"{ORIGIN}/**", fulfil)
    page.goto(ORIGIN)
    page.evaluate(LOAD)
    yield page
    page.close()


def on_the_sketchpad(drawing):
    """The drawing in whole numbers within 100..900, as the sketchpad sends it."""
    points = np.concatenate([np.asarray(stroke, float) for stroke in drawing])
    low, size = points.min(0), np.ptp(points, axis=0).max() or 1
    return [
        np.rint((np.asarray(stroke) - low) * (800 / size) + 100).astype(int).tolist()
        for stroke in drawing
    ]


def odd_drawings():
    rng = np.random.default_rng(0)
    dot = [[[500, 500]]]
    line = [[[100, 500], [900, 500]]]
    short = [[[500, 500], [500, 560]]]
    many = rng.integers(0, SIZE, (500, 3, 2)).tolist()
    long = [rng.integers(0, SIZE, (3000, 2)).tolist()]
    huge = [[[-1_000_000, 0], [1_000_000, 5], [0, 2_000_000]]]
    tiny = [[[500, 500], [501, 500], [500, 502]]]
    dots = [[[200, 200]], [[800, 300]], [[400, 900]]]
    edge = [[[0, 0], [0, SIZE], [SIZE, SIZE], [SIZE, 0], [0, 0]]]
    return [dot, line, short, many, long, huge, tiny, dots, edge]


@pytest.fixture(scope="module")
def drawings():
    people, _ = DEVELOPMENT.read()
    chosen = np.linspace(0, len(people) - 1, COUNT).astype(int)
    written = [*write_digits(COUNT, seed=8), *write_non_digits(200, seed=8)]
    made = [on_the_sketchpad(drawing) for drawing in [*written, *(people[i] for i in chosen)]]
    return made + odd_drawings()


@pytest.fixture(scope="module")
def images(drawings):
    """By stage, what Python renders: float32 ``[N, 28, 28]``."""
    stages = [preprocessing_stages(parse_drawing(drawing), SIZE) for drawing in drawings]
    return {name: np.stack([getattr(one, name) for one in stages]) for name in STAGES}


def test_images_are_those_of_python(engine, drawings, images):
    rendered = engine.evaluate(RENDER, [drawings, SIZE, STAGES])
    blank = base64.b64encode(bytes(4 * 28 * 28)).decode()
    for number, name in enumerate(STAGES):
        found = np.stack(
            [
                np.frombuffer(base64.b64decode(stages[number] or blank), np.float32)
                for stages in rendered
            ]
        )
        apart = np.abs(found.reshape(-1, 28, 28) - images[name]).max(axis=(1, 2))
        assert apart.max() < 1e-4, (name, np.argsort(-apart)[:5], np.sort(apart)[-5:])


@pytest.mark.parametrize("recipe", available_recipes())
@pytest.mark.parametrize("model", digitnet.available_models())
def test_answers_are_those_of_python(engine, images, model, recipe):
    classifier = digitnet.load(model, recipe)
    centred = images["centred"]
    sent = [base64.b64encode(image.tobytes()).decode() for image in centred]
    url = f"/weights/{recipe}/{model}.safetensors"
    found = engine.evaluate(RUN, [url, sent, describe(classifier)])
    logits, digits, answers, probabilities = zip(*found, strict=True)
    expected = classifier.logits(torch.from_numpy(centred)).numpy()
    np.testing.assert_allclose(np.array(logits), expected, atol=1e-3)
    for number, prediction in enumerate(classifier.predict_images(centred)):
        if prediction.digit is None:
            continue  # nothing is drawn: the browser does not ask the networks
        assert (digits[number], answers[number]) == (prediction.digit, prediction.answer)
        np.testing.assert_allclose(probabilities[number], prediction.probabilities, atol=1e-4)
