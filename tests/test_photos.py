"""Photos of writing on paper; each file is called NAME-TRUTH."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import font_manager
from PIL import Image, ImageDraw

from benchmarks.compose import PAPERS, compose, print_text, seven_segments
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.synthetic.writer import write_digits

TESTS = Path(__file__).parent
PHOTOS = sorted((TESTS / "photos").glob("*.jpg"))
PICTURES = sorted((TESTS / "pictures").iterdir())


def truth_of(path):
    return path.stem.rpartition("-")[2]


def test_rows_on_photos_of_paper_are_read(classifiers):
    rows = [path for path in PHOTOS if len(truth_of(path)) > 1]
    read = {path.name: classifiers["cnn"].read(path).text for path in rows}
    wrong = {name: text for name, text in read.items() if text != truth_of(Path(name))}
    assert len(read) == 8 and len(wrong) <= 2, wrong


def test_the_digit_that_is_meant_is_found_on_a_large_page(classifiers):
    single = [path for path in PHOTOS if len(truth_of(path)) == 1]
    predicted = {path.name: classifiers["cnn"].predict(path) for path in single}
    wrong = {name: p for name, p in predicted.items() if str(p.answer) != truth_of(Path(name))}
    assert len(predicted) == 14 and not wrong


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_frames_shadows_and_faint_ink_are_no_hindrance(path, classifiers):
    assert classifiers["cnn"].read(path).text == truth_of(path)


# Of pages with these seeds, something was read once.
@pytest.mark.parametrize(
    "seed", [(55, 2), (55, 13), (55, 26), (55, 111), (155, 5), (155, 20), (155, 80)]
)
def test_nothing_is_read_on_a_blank_page(seed, classifiers):
    page = compose([], np.random.default_rng(seed), paper=PAPERS[seed[1] % 3]).picture
    assert classifiers["cnn"].read(page).text == ""
    assert classifiers["cnn"].predict(page).digit is None


def page_of(marks, size=(600, 300)):
    page = Image.new("L", size, 235)
    pen = ImageDraw.Draw(page)
    for mark in marks:
        pen.line(mark, fill=40, width=8, joint="curve")
    return page


SEVEN = [(200, 80), (290, 80), (235, 220)]
ONE = [(350, 80), (350, 220)]
SIGNS = {
    "-7": [[(90, 150), (160, 150)], SEVEN],
    "7.1": [SEVEN, [(298, 215), (306, 215)], ONE],
    "7:1": [SEVEN, [(300, 115), (308, 115)], [(300, 190), (308, 190)], ONE],
}


@pytest.mark.parametrize("text", SIGNS)
def test_signs_are_shown_and_not_swallowed(text, classifiers):
    reading = classifiers["cnn"].read(page_of(SIGNS[text]))
    assert reading.text == text
    assert [digit.text for digit in reading.digits] == list(text)


def test_a_doubtful_digit_counts_among_digits_and_a_letter_does_not(classifiers):
    drawings, labels = DEVELOPMENT.read()
    fours = [drawing for drawing, label in zip(drawings, labels, strict=True) if label == 4]
    predicted = classifiers["cnn"].predict_batch(fours)
    doubtful = next(
        drawing
        for drawing, one in zip(fours, predicted, strict=True)
        if one.digit == 4 and not one.is_digit and one.score > 0.3
    )
    one = [(x + 30, y) for x, y in ONE]
    placed = [np.asarray(stroke) * 140 + [200, 80] for stroke in doubtful]
    row = [[(x - 150, y) for x, y in SEVEN], *(s.tolist() for s in placed), one]
    reading = classifiers["cnn"].read(row)
    assert reading.text == "741" and reading.digits[1].prediction.is_digit
    bars = [[(220, y), (280, y)] for y in (80, 150, 220)]
    letter = [[(220, 80), (220, 220)], *bars]  # an E
    assert classifiers["cnn"].read([row[0], *letter, one]).text == "7?1"


def test_digits_of_separate_segments_are_read_whole(classifiers):
    for number in range(5):
        digits = [number, 9 - number]
        page = compose(
            [seven_segments(d) for d in digits], np.random.default_rng([56, number]), "pen", "plain"
        )
        assert classifiers["cnn"].read(page.picture).text == "".join(map(str, digits))


def test_a_bold_stroke_is_not_cut_along_its_middle(classifiers):
    font = font_manager.findfont(
        font_manager.FontProperties(family="DejaVu Serif", weight="bold"),
        fallback_to_default=False,
    )
    pages = [print_text("1501", font, np.random.default_rng([57, seed])) for seed in range(6)]
    counts = [len(classifiers["cnn"].read(page.picture).digits) for page in pages]
    assert counts.count(4) >= 5, counts


@pytest.mark.parametrize("width", [0.04, 0.08, 0.15])
@pytest.mark.parametrize("size", [50, 200, 500, 800, 1600])
def test_an_upright_bar_is_a_one(size, width, classifiers):
    """A mark that fills the box around it."""
    picture = Image.new("L", (size, size), "white")
    corners = [size * share for share in (0.45, 0.15, 0.45 + width, 0.85)]
    ImageDraw.Draw(picture).rectangle(corners, fill="black")
    assert classifiers["cnn"].predict(picture).answer == 1
    assert classifiers["cnn"].read(picture).text == "1"


def test_a_bar_that_is_taller_than_its_neighbours_hides_none(classifiers):
    picture = Image.new("L", (360, 160), "white")
    pen = ImageDraw.Draw(picture)
    for left in (30, 250):
        pen.line([(left, 40), (left + 70, 40), (left + 30, 125)], "black", 9)
    pen.rectangle([180, 28, 190, 132], "black")
    assert classifiers["cnn"].read(picture).text == "717"


def test_two_rows_are_two_numbers(classifiers):
    below = [[(x, y + 260) for x, y in mark] for mark in (ONE, SEVEN)]
    page = page_of([SEVEN, ONE, *below], (600, 560))
    assert classifiers["cnn"].read(page).text == "71\n71"


def test_drawings_are_read_as_pictures_are(classifiers):
    reading = classifiers["cnn"].read([SEVEN, ONE])
    assert reading.text == "71"
    assert [digit.box for digit in reading.digits] == [(200, 80, 90, 140), (350, 80, 0, 140)]
    assert classifiers["cnn"].read([]).text == ""
    assert repr(reading).count("\n") == 0  # without the pixels of its digits


def test_a_smudge_beside_a_digit_is_not_one(classifiers):
    page = page_of([SEVEN, [(520, 40), (524, 44)]])
    assert classifiers["cnn"].predict(page).digit == 7
    assert classifiers["cnn"].read(page).text == "7"


ARRAYS = {
    "a mask of 0 and 1": lambda image: (image > 127).astype(np.uint8),
    "a mask of integers": lambda image: (image > 127).astype(np.int64),
    "0 to 16": lambda image: image / 255 * 16,
    "rounded beyond 1": lambda image: image / 255 * 1.0001,
    "rounded below 0": lambda image: image / 255 - 1e-9,
    "[1, H, W]": lambda image: image[None],
    "[H, W, 1]": lambda image: image[..., None],
    "[784]": lambda image: image.reshape(-1),
    "a tensor": lambda image: torch.from_numpy(image),
    "a tensor of shares": lambda image: torch.from_numpy(image)[None] / 255,
}


@pytest.mark.parametrize("change", ARRAYS)
def test_the_range_of_an_array_is_told_from_it(change, classifiers, test_set):
    images = test_set[0][:20].numpy()
    cnn = classifiers["cnn"]
    expected = [prediction.digit for prediction in cnn.predict_batch(list(images))]
    changed = [cnn.predict(ARRAYS[change](image)).digit for image in images]
    assert np.mean(np.equal(expected, changed)) >= 0.9


def test_what_no_array_can_mean_gets_one_sentence(classifiers):
    cnn = classifiers["cnn"]
    with pytest.raises(ValueError, match="predict_batch"):
        cnn.predict(np.zeros((5, 28, 28)))
    with pytest.raises(ValueError, match=r"holds 0\.\.1, 0\.\.16, 0\.\.255"):
        cnn.predict(np.linspace(-0.42, 2.82, 784).reshape(28, 28))


def test_digits_written_as_one_stroke_are_read_apart(classifiers):
    zero = next(
        drawing
        for drawing, label in zip(*_written(), strict=True)
        if label == 0 and len(drawing) == 1
    )
    points = np.array(zero[0], float)
    points = (points - points.min(axis=0)) / np.ptp(points, axis=0).max() * 100
    both = np.concatenate([points, points + np.array([1.05 * np.ptp(points[:, 0]), 0])])
    assert classifiers["cnn"].read([both]).text == "00"


def test_two_digits_in_one_stroke_are_mostly_read(classifiers):
    """People's digits, each pair joined by a line as a pen that is not lifted leaves it."""
    drawings, labels = DEVELOPMENT.read()
    strokes = [(d[0], k) for d, k in zip(drawings, labels, strict=True) if len(d) == 1]
    right = 0
    for number in range(0, 80, 2):
        (first, one), (second, other) = strokes[number], strokes[number + 1]
        first, second = ((s - s.min(0)) / np.ptp(s, axis=0).max() for s in (first, second))
        gap = np.array([first[:, 0].max() + 0.15, 0])
        text = classifiers["cnn"].read([np.concatenate([first, second + gap])]).text
        right += text == f"{one}{other}"
    assert right >= 24  # of 40


def _written():
    written = write_digits(100, seed=3)
    return list(written), written.labels
