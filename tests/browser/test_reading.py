"""Several digits, and pictures of digits."""

import re

from PIL import Image, ImageDraw
from playwright.sync_api import expect

from tests.browser.actions import answer, choose, draw, open_tab, strokes

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
    expect(page.locator("#answer .says")).to_have_text("cnn reads 714")
    expect(page.locator("#answer .reading rect")).to_have_count(3)
    expect(page.locator("#answer .found b")).to_have_text(["7", "1", "4"])
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect(answer(page)).to_have_text("71")


def test_a_picture_is_read_until_somebody_draws(page, tmp_path):
    picture = Image.new("RGB", (600, 400), (235, 230, 215))
    pen = ImageDraw.Draw(picture)
    pen.line([(80, 100), (220, 105), (140, 300)], fill="navy", width=16, joint="curve")
    pen.line([(420, 100), (415, 300)], fill="navy", width=16)
    picture.save(tmp_path / "seventy-one.jpg")
    page.locator("#picture-fold > button").click()
    page.locator("#picture input[type=file]").set_input_files(tmp_path / "seventy-one.jpg")
    expect(answer(page)).to_have_text("71")
    expect(page.locator("#answer .reading image")).to_have_count(1)
    open_tab(page, "Why")
    expect(page.locator("#evidence .empty")).to_contain_text("several digits in the picture")
    open_tab(page, "Draw")
    choose(page, "linear", "model")
    expect(page.locator("#answer .says b")).to_have_text("linear")
    expect(answer(page)).to_have_text(re.compile(r"^\d\d$"))
    choose(page, "cnn", "model")
    draw(page, [[(0.5, 0.1), (0.5, 0.9)]])
    expect(answer(page)).to_have_text("1")
    expect(strokes(page)).to_have_count(1)


def test_the_digit_of_a_picture_is_explained_and_broken(page, tmp_path):
    picture = Image.new("RGB", (400, 400), (235, 230, 215))
    pen = ImageDraw.Draw(picture)
    pen.line([(100, 100), (300, 105), (180, 340)], fill="navy", width=24, joint="curve")
    picture.save(tmp_path / "seven.png")
    page.locator("#picture-fold > button").click()
    page.locator("#picture input[type=file]").set_input_files(tmp_path / "seven.png")
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Why")
    expect(page.locator("#evidence .said")).to_have_text("7")
    open_tab(page, "Break it")
    expect(page.locator("#curves figcaption")).to_contain_text("Probability of 7")


def test_a_blank_picture_has_no_digit(page, tmp_path):
    Image.new("RGB", (300, 200), "white").save(tmp_path / "blank.png")
    page.locator("#picture-fold > button").click()
    page.locator("#picture input[type=file]").set_input_files(tmp_path / "blank.png")
    expect(page.locator("#answer .says")).to_have_text("No digit was found in the picture")
