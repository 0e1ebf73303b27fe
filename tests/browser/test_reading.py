"""Several digits, and pictures of digits."""

import base64
import re

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.browser.actions import answer, choose, draw, open_tab, strokes
from tests.browser.conftest import PHONE, visit

# A 7, a 1 and a 4 of two strokes, in shares of the sketchpad.
NUMBER = [
    [(0.06, 0.3), (0.28, 0.3), (0.15, 0.65)],
    [(0.48, 0.3), (0.48, 0.65)],
    [(0.72, 0.3), (0.7, 0.48), (0.9, 0.48)],
    [(0.84, 0.36), (0.84, 0.65)],
]


def test_several_digits_are_read_as_a_number(page):
    draw(page, NUMBER)
    expect(answer(page)).to_have_text("714")
    expect(page.locator("#answer .sentence")).to_have_text("cnn reads 714")
    expect(page.locator("#answer .reading rect")).to_have_count(3)
    expect(page.locator("#answer .found b")).to_have_text(["7", "1", "4"])
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(answer(page)).to_have_text("71")


def seventy_one(size=(600, 400)):
    """A photo of a 7 and a 1."""
    picture = Image.new("RGB", (600, 400), (235, 230, 215))
    pen = ImageDraw.Draw(picture)
    pen.line([(80, 100), (220, 105), (140, 300)], fill="navy", width=16, joint="curve")
    pen.line([(420, 100), (415, 300)], fill="navy", width=16)
    return picture.resize(size)


@pytest.fixture
def photo(tmp_path):
    seventy_one().save(tmp_path / "seventy-one.jpg")
    return tmp_path / "seventy-one.jpg"


def lay(page, photo):
    """Choose a picture; wait until it was read."""
    page.locator("#picture .file").set_input_files(photo)
    expect(answer(page)).to_have_text("71")
    expect(page.locator("#sketchpad .picture")).to_be_visible()


def test_digits_are_outlined_on_the_picture_and_their_ink_is_shown(page, photo):
    lay(page, photo)
    outlines = page.locator("#sketchpad .outlines rect")
    expect(outlines).to_have_count(2)
    # 600 x 400 pixels lie in the middle of 1000 x 1000 units; the 7 is at (80, 100).
    place = [float(outlines.first.get_attribute(name)) for name in ("x", "y", "width", "height")]
    assert place == pytest.approx([133 - 20, 333 - 20, 233 + 40, 333 + 40], abs=25)
    expect(page.locator("#answer .reading figcaption")).to_have_text("the ink that was found")
    page.locator("#sketchpad .clear").click()
    expect(page.locator("#sketchpad .outlines")).to_be_hidden()
    page.locator("#sketchpad .undo").click()
    expect(outlines).to_have_count(2)
    expect(page.locator("#sketchpad .outlines")).to_be_visible()
    expect(answer(page)).to_have_text("71")


def test_a_picture_is_read_until_somebody_draws(page, photo):
    lay(page, photo)
    expect(page.locator("#answer .reading image")).to_have_count(1)
    open_tab(page, "Why")
    expect(page.locator("#evidence .empty")).to_contain_text("several digits in the picture")
    open_tab(page, "Draw")
    choose(page, "linear", "model")
    expect(page.locator("#answer .sentence b")).to_have_text("linear")
    expect(answer(page)).to_have_text(re.compile(r"^\d\d$"))
    choose(page, "cnn", "model")
    draw(page, [[(0.5, 0.1), (0.5, 0.9)]])
    expect(answer(page)).to_have_text("1")
    expect(strokes(page)).to_have_count(1)
    expect(page.locator("#sketchpad .picture")).to_be_hidden()
    page.locator("#sketchpad .clear").click()
    expect(answer(page)).to_have_text("–")
    choose(page, "linear", "model")  # nothing of the picture comes back
    expect(page.locator("#answer .sentence")).to_have_text("linear waits for a digit")


def test_the_digit_of_a_picture_is_explained_and_broken(page, tmp_path):
    picture = Image.new("RGB", (400, 400), (235, 230, 215))
    pen = ImageDraw.Draw(picture)
    pen.line([(100, 100), (300, 105), (180, 340)], fill="navy", width=24, joint="curve")
    picture.save(tmp_path / "seven.png")
    page.locator("#picture .file").set_input_files(tmp_path / "seven.png")
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Why")
    expect(page.locator("#evidence .predicted")).to_have_text("7")
    open_tab(page, "Break it")
    expect(page.locator("#curves figcaption")).to_contain_text("Probability of 7")


def test_clear_takes_a_picture_away_and_it_can_be_chosen_again(page, photo):
    for _ in range(2):
        lay(page, photo)
        page.locator("#sketchpad .clear").click()
        expect(page.locator("#answer .sentence")).to_have_text("cnn waits for a digit")
        expect(page.locator("#sketchpad .picture")).to_be_hidden()
        expect(page.locator("#sketchpad .help")).to_be_visible()


GIVE = """([content, kind]) => {
    const bytes = Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], "x.png", { type: "image/png" }));
    const how = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
    const event = kind === "drop" ? new DragEvent(kind, how) : new ClipboardEvent(kind, how);
    return document.querySelector(".paper").dispatchEvent(event);
}"""


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(page, photo, kind):
    content = base64.b64encode(photo.read_bytes()).decode()
    left = page.evaluate(GIVE, [content, kind])
    assert not left  # or the browser would leave the page for the file
    expect(answer(page)).to_have_text("71")


def test_a_large_photo_is_sent_reduced(page, tmp_path):
    large = seventy_one((4000, 2667))
    noise = Image.effect_noise(large.size, 12).convert("RGB")
    Image.blend(large, noise, 0.1).save(tmp_path / "large.jpg", quality=100)
    size = (tmp_path / "large.jpg").stat().st_size
    assert size > 1_000_000
    with page.expect_request(
        lambda request: "data:image/jpeg" in (request.post_data or "")
    ) as sent:
        page.locator("#picture .file").set_input_files(tmp_path / "large.jpg")
    assert len(sent.value.post_data) < size
    expect(answer(page)).to_have_text("71")


def test_what_cannot_be_read_gets_a_sentence_and_nothing_is_lost(page, tmp_path):
    draw(page, NUMBER)
    expect(answer(page)).to_have_text("714")
    for size, sentence in ((15_000_000, "at most 14 MB"), (500, "could not be read")):
        (tmp_path / "x.png").write_bytes(b"0" * size)
        page.locator("#picture .file").set_input_files(tmp_path / "x.png")
        expect(page.locator("#picture [role=alert]")).to_contain_text(sentence)
    expect(answer(page)).to_have_text("714")
    expect(strokes(page)).to_have_count(4)


def test_the_camera_takes_a_picture(page, photo):
    page.evaluate(
        """async (address) => {
            const image = new Image();
            image.src = address;
            await image.decode();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [image.width, image.height];
            const stream = canvas.captureStream(20);
            const paint = () => canvas.getContext("2d").drawImage(image, 0, 0);
            setInterval(paint, 50);
            window.tracks = stream.getTracks();
            navigator.mediaDevices.getUserMedia = async () => stream;
        }""",
        f"data:image/jpeg;base64,{base64.b64encode(photo.read_bytes()).decode()}",
    )
    page.locator("#picture .camera").click()
    page.wait_for_function("document.querySelector('#picture video').videoWidth === 600")
    page.locator("#picture .take").click()
    expect(answer(page)).to_have_text("71")
    expect(page.locator("#picture video")).to_be_hidden()
    assert page.evaluate("tracks.map((track) => track.readyState)") == ["ended"]


def test_the_camera_is_never_on_unseen(page):
    """It is allowed only after the visitor has asked again, or has left the tab."""
    page.evaluate(
        """() => {
            window.given = [];
            const canvas = document.createElement("canvas");
            navigator.mediaDevices.getUserMedia = () => new Promise((allow) => {
                const stream = canvas.captureStream(20);
                window.given.push({ allow: () => allow(stream), track: stream.getTracks()[0] });
            });
        }"""
    )
    states = "given.map(({ track }) => track.readyState)"
    camera, video = page.locator("#picture .camera"), page.locator("#picture video")
    camera.click()
    camera.click()
    page.evaluate("given.forEach(({ allow }) => allow())")
    expect(video).to_be_visible()
    assert page.evaluate(states) == ["ended", "live"]
    open_tab(page, "Why")
    page.wait_for_function(f"{states}.every((state) => state === 'ended')")
    open_tab(page, "Draw")
    camera.click()
    open_tab(page, "Why")
    page.evaluate("given[2].allow()")
    page.wait_for_function(f"{states}.every((state) => state === 'ended')")
    open_tab(page, "Draw")
    expect(video).to_be_hidden()


@pytest.mark.parametrize(
    ("name", "sentence"), [("NotAllowedError", "allow it"), ("NotFoundError", "There is no camera")]
)
def test_a_camera_that_is_missing_or_refused_gets_a_sentence(page, name, sentence):
    page.evaluate(
        """(name) => navigator.mediaDevices.getUserMedia = async () => {
            throw new DOMException("", name);
        }""",
        name,
    )
    page.locator("#picture .camera").click()
    expect(page.locator("#picture [role=alert]")).to_contain_text(sentence)
    expect(page.locator("#picture video")).to_be_hidden()


def test_a_phone_uses_its_own_camera(browser, address, photo):
    with visit(browser, address, PHONE) as phone:
        with phone.expect_file_chooser() as chooser:
            phone.locator("#picture .camera").click()
        assert chooser.value.element.get_attribute("capture") == "environment"
        chooser.value.set_files(photo)
        expect(answer(phone)).to_have_text("71")
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_blank_picture_has_no_digit(page, tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "blank.png")
    page.locator("#picture .file").set_input_files(tmp_path / "blank.png")
    expect(page.locator("#answer .sentence")).to_have_text("No digit was found in the picture")
