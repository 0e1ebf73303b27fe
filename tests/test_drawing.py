from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.drawing import images_of_paths, to_image, to_images
from digitnet.rendering import BOX_SIZE, STROKE_WIDTH, render
from digitnet.synthetic.writer import write_digits

SEVEN = [[(0, 0), (10, 0), (4, 20)]]


def centre_of_mass(image):
    rows, columns = np.mgrid[:28, :28]
    return (image * rows).sum() / image.sum(), (image * columns).sum() / image.sum()


def box_sides(image):
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    return rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1


# ---- MNIST's geometry -------------------------------------------------------------------------


def test_mnists_images_are_already_in_its_geometry(test_set):
    """The transformation is MNIST's own, so it leaves MNIST's images as they are."""
    images = test_set[0][:1000].numpy()
    change = np.abs(to_images(list(images)) * 255 - images).max(axis=(1, 2))
    assert (change < 2).mean() > 0.95


@pytest.mark.parametrize("drawing", [SEVEN, [[(0, 0), (1, 30)]], [[(5, 5), (95, 9)], [(40, 2)]]])
def test_strokes_fill_the_box_and_are_centred_by_mass(drawing):
    image = to_image(drawing)
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() == 0 and 0.9 < image.max() <= 1
    assert max(box_sides(image)) in (BOX_SIZE, BOX_SIZE + 1, BOX_SIZE + 2)  # the edge fades out
    assert np.abs(np.subtract(centre_of_mass(image), 14)).max() <= 0.51


def test_position_scale_and_unit_change_nothing():
    expected = to_image(SEVEN)
    for scale, shift in ((1e-3, 0), (37, -5000), (1e300, 0)):
        moved = [[(scale * x + shift, scale * y + shift) for x, y in stroke] for stroke in SEVEN]
        np.testing.assert_allclose(to_image(moved), expected, atol=1e-3)


def test_density_of_points_changes_little():
    (stroke,) = SEVEN
    dense = [
        (x0 + (x1 - x0) * t, y0 + (y1 - y0) * t)
        for (x0, y0), (x1, y1) in pairwise(stroke)
        for t in np.linspace(0, 1, 500)
    ]
    np.testing.assert_allclose(to_image([dense]), to_image(SEVEN), atol=0.2)


def test_rendering_agrees_with_a_supersampled_pillow_drawing():
    zoom = 32
    points = [(6.0, 7.0), (20.5, 9.0), (11.0, 21.5)]
    canvas = Image.new("L", (28 * zoom, 28 * zoom))
    pen = ImageDraw.Draw(canvas)
    scaled = [(x * zoom, y * zoom) for x, y in points]
    pen.line(scaled, fill=255, width=round(STROKE_WIDTH * zoom))
    for x, y in scaled:
        radius = STROKE_WIDTH * zoom / 2
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    expected = np.asarray(canvas.resize((28, 28), Image.Resampling.BOX)) / 255
    image = render(torch.tensor([points]), torch.ones(1, 2, dtype=torch.bool))[0].numpy()
    assert np.abs(image - expected).mean() < 0.02
    assert abs(image.sum() / expected.sum() - 1) < 0.03


def test_very_long_paths_stay_cheap_and_very_small_ones_finite():
    chance = np.random.default_rng(0)
    assert to_image([chance.uniform(0, 1, (100_000, 2))]).max() == 1
    assert np.isfinite(to_image([[(0, 0), (1e-310, 1e-310)]])).all()


@pytest.mark.parametrize("drawing", [[], [[]], [[], []]])
def test_nothing_drawn_is_a_blank_image(drawing):
    assert not to_image(drawing).any()


@pytest.mark.parametrize("dot", [[[(300, 4)]], [[(300, 4)] * 9], [[(3, 4)], [], [(3, 4)]]])
def test_a_dot_is_no_digit(dot, classifiers):
    """It has no size, so that any would fit; and it is how every drawing begins."""
    assert not to_image(dot).any()
    for classifier in classifiers.values():
        prediction = classifier.predict(dot)
        assert prediction.digit is None and not prediction.is_digit


def test_a_batch_is_the_same_as_one_by_one():
    drawings = [SEVEN, [], [[(0, 0)]], np.eye(40), [[(0, 0), (t, t * t)] for t in range(9)]]
    for one, of_batch in zip(drawings, to_images(drawings), strict=True):
        np.testing.assert_allclose(to_image(one), of_batch, atol=1e-6)


def test_packed_paths_are_rendered_as_their_strokes_are():
    drawings = write_digits(200, seed=3)
    expected = to_images(list(drawings))
    images = images_of_paths(drawings.points, drawings.pen_down).numpy()
    # Only the strokes' near points are merged, which now and then tips the centring by a pixel.
    assert (np.abs(images - expected).max(axis=(1, 2)) < 0.25).mean() > 0.9


@pytest.mark.parametrize(
    "drawing",
    [
        None,
        7,
        {"strokes": []},
        [[1, 2]],
        [[(1, 2, 3)]],
        [[(1, float("nan"))]],
        [[(float("inf"), 0)]],
        [["ab", "cd"]],
        [[(True, False)]],
        [[(0, 0), (1,)]],
        [[[(0, 0)]]],
    ],
)
def test_what_is_no_drawing_gets_one_sentence(drawing):
    with pytest.raises(ValueError, match="A drawing is a list of strokes"):
        to_image(drawing)


# ---- pictures ---------------------------------------------------------------------------------


def pasted(image, size, corner, side, paper=0, ink=255):
    """A test image uint8 [28, 28] scaled to `side` on a larger page, in other greys."""
    page = Image.new("L", size, 0)
    page.paste(Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC), corner)
    strength = np.asarray(page, np.float32) / 255
    return np.rint(paper + (ink - paper) * strength).astype(np.uint8)


PICTURES = {
    "shifted": lambda image: pasted(image, (60, 50), (31, 2), 28),
    "large": lambda image: pasted(image, (280, 210), (40, 30), 140),
    "small": lambda image: pasted(image, (28, 28), (9, 2), 19),
    "inverted": lambda image: 255 - image,
    "grey on grey": lambda image: pasted(image, (100, 100), (20, 20), 56, paper=180, ink=60),
    "floats": lambda image: image / 255,
    "blue on yellow": lambda image: recoloured(image, (250, 240, 150), (20, 30, 160)),
    "ink on transparency": lambda image: transparent(image, 0),
    "chalk on transparency": lambda image: transparent(image, 255),
    "16 bit": lambda image: Image.fromarray(image.astype(np.uint16) * 257),
    "palette": lambda image: Image.fromarray(image).convert("P"),
    "cmyk": lambda image: Image.fromarray(255 - image).convert("CMYK"),
    "bilevel": lambda image: (
        Image.fromarray(image).resize((112, 112)).point(lambda v: v > 127 and 255).convert("1")
    ),
}


def recoloured(image, paper, ink):
    strength = image[..., None] / 255
    return np.rint(strength * np.array(ink) + (1 - strength) * np.array(paper)).astype(np.uint8)


def transparent(image, grey):
    return np.stack([np.full_like(image, grey)] * 3 + [image], axis=2)


@pytest.mark.parametrize("change", PICTURES)
def test_the_prediction_survives(change, classifiers, test_set):
    images = test_set[0][:20].numpy()
    cnn = classifiers["cnn"]
    expected = [prediction.digit for prediction in cnn.predict_batch(list(images))]
    changed = [
        prediction.digit
        for prediction in cnn.predict_batch([PICTURES[change](image) for image in images])
    ]
    # Dithered to black and white, a few are misread.
    assert np.mean(np.equal(expected, changed)) >= (0.9 if change == "bilevel" else 0.95)


def test_thin_pen_on_a_large_page_is_found(classifiers):
    page = Image.new("RGB", (1200, 900), "white")
    ImageDraw.Draw(page).line([(400, 200), (700, 200), (520, 750)], fill="navy", width=3)
    assert classifiers["cnn"].predict(page).digit == 7


def test_exif_turns_the_picture(tmp_path, test_set):
    upright = Image.fromarray(test_set[0][0].numpy()).resize((112, 112))
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise to view"
    path = tmp_path / "turned.png"
    upright.rotate(90, expand=True).save(path, exif=exif)
    np.testing.assert_allclose(to_image(path), to_image(upright), atol=1e-6)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_picture_is_blank(grey):
    assert not to_image(np.full((50, 40), grey, np.uint8)).any()


def test_a_picture_stays_as_the_caller_opened_it(tmp_path, classifiers):
    """Pillow can decode a large JPEG at half its size, but then it is another picture."""
    page = Image.new("L", (4000, 3000), "white")
    ImageDraw.Draw(page).line([(1800, 900), (2400, 900), (2000, 2100)], "black", 60)
    page.save(tmp_path / "large.jpg")
    with Image.open(tmp_path / "large.jpg") as picture:
        first = classifiers["cnn"].read(picture)
        assert picture.size == (4000, 3000) and first.text == "7"
        assert classifiers["cnn"].read(picture).digits[0].box == first.digits[0].box


def test_a_file_that_may_not_be_read_gets_a_sentence(tmp_path, monkeypatch):
    path = tmp_path / "mine.png"
    Image.new("L", (20, 20)).save(path)

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ValueError, match=r"mine\.png could not be read \(Permission denied\)\."):
        to_image(path)


def test_unreadable_pictures_get_one_sentence(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("<svg></svg>")
    with pytest.raises(ValueError, match="could not be read"):
        to_image(text)
    with pytest.raises(ValueError, match="There is no picture"):
        to_image(tmp_path / "missing.png")
    with pytest.raises(ValueError, match="smaller than"):
        to_image(Image.new("1", (10_000, 10_000)))
    for array in (
        np.zeros(5),
        np.zeros((2, 2, 7)),
        np.zeros((0, 5)),
        np.array([["a"]]),
        np.full((2, 2), 1e9),
    ):
        with pytest.raises(ValueError, match="A picture array"):
            to_image(array)


# ---- people -----------------------------------------------------------------------------------


def test_digits_that_people_drew_are_recognised(classifiers):
    drawings, labels = DEVELOPMENT.read()
    predictions = classifiers["cnn"].predict_batch(drawings[::10])
    right = [p.digit == label for p, label in zip(predictions, labels[::10], strict=True)]
    assert np.mean(right) > 0.98
