"""The small picture of what is on the sketchpad, on every tab."""

import re

import numpy as np
from playwright.sync_api import expect

import digitnet
from tests.browser.actions import SEVEN, answer, draw, open_tab, points_of_strokes, strokes

PIXELS = """canvas => Array.from(canvas.getContext("2d").getImageData(0, 0, 28, 28).data)"""


def test_it_shows_the_image_and_goes_back_to_it(page):
    page.keyboard.press("Escape")
    thumbnail = page.locator("#thumbnail .thumbnail")
    expect(thumbnail).not_to_have_class(re.compile("shown"))
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    expect(thumbnail).to_have_class(re.compile("shown"))
    pixels = np.array(thumbnail.locator("canvas").evaluate(PIXELS)).reshape(28, 28, 4)
    expected = 255 * digitnet.to_image(points_of_strokes(page))
    for channel in range(3):
        np.testing.assert_allclose(pixels[..., channel], expected, atol=1)
    assert (pixels[..., 3] == 255).all()
    open_tab(page, "Compare")
    thumbnail.click()
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    expect(strokes(page)).to_have_count(1)
