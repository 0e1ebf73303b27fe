"""Training a network in the page, drawing on it, and taking it home."""

import re

import numpy as np
from playwright.sync_api import expect

import digitnet
from tests.browser.actions import (
    CROSSED_SEVEN,
    SEVEN,
    answer,
    choose,
    colour,
    draw,
    open_fold,
    open_tab,
    strokes,
    switch_theme,
    type_number,
)
from tests.browser.conftest import WIDE, visit

LONG = 90_000  # milliseconds: a process has to start, and the machine may be busy


def fill(page, **numbers):
    for name, value in numbers.items():
        type_number(page, value, name.replace("_", "-"))


def open_training(page, model="linear", recipe="as in the article", **numbers):
    choose(page, model, "model")
    choose(page, recipe, "recipe")
    open_tab(page, "Train it")
    expect(page.locator("#what-is-trained")).to_contain_text(f"{model}, {recipe}")
    open_fold(page, "advanced")
    fill(page, **numbers)


def says(page):
    return page.locator("#training .status b")


def test_a_visitor_trains_draws_explores_and_downloads(page, tmp_path):
    draw(page, SEVEN)
    drawn = strokes(page).first.get_attribute("points")
    seen = page.locator("#answer .seen img")
    expect(seen).to_have_attribute("src", re.compile("^data:image/png"))  # the server's answer
    image = seen.get_attribute("src")
    open_training(page, hidden_units=8, epochs=2, images=20_000)
    page.locator("#train").click()
    expect(page.locator("#stop")).to_be_visible()
    expect(page.locator("#training-pad polyline")).to_have_attribute("points", drawn)
    live = page.locator("#training-answer .live")  # what is drawn is predicted while it learns
    expect(live.locator(".predicted")).to_have_text(re.compile(r"^\d$"), timeout=LONG)
    expect(live.locator("img")).to_have_attribute("src", image)
    expect(page.locator("#training .test")).to_be_visible(timeout=LONG)
    expect(says(page)).to_have_text(re.compile(r"^Trained for 2 epochs \(\d+\.\d s\)\.$"))
    expect(page.locator("#train")).to_be_visible()
    for name in ("loss", "accuracy"):
        curve = page.locator(f"#{name}-curve polyline").get_attribute("points").split()
        assert len(curve) > 1 and curve[-1].startswith("340.0,")
    expect(page.locator("#training-answer figcaption")).to_contain_text("8 hidden units")
    expect(page.locator("#training-answer figure img")).to_have_attribute(
        "alt", re.compile("blue.*orange")
    )
    for is_light in (False, True):  # the text, in the light theme and in the dark one
        assert is_light == (np.mean(colour(page.locator("#training-answer figcaption"))) > 128)
        switch_theme(page)
    live_answer = [live.locator(part).inner_text() for part in (".predicted", ".probability")]

    with page.expect_download() as download:
        page.get_by_role("link", name="Download linear.safetensors").click()
    assert download.value.suggested_filename == "linear.safetensors"
    download.value.save_as(tmp_path / "linear.safetensors")
    classifier = digitnet.load("linear", source=tmp_path / "linear.safetensors")
    assert classifier.metadata.recipe == "article" and classifier.metadata.hidden_units == 8
    tested = f"{100 * classifier.metadata.test_accuracy:.2f} %"
    expect(page.locator("#training .test")).to_have_text(tested)

    expect(page.locator("#model").get_by_label("linear", exact=True)).to_be_checked()
    page.locator("#draw-on-it").click()
    expect(page.locator("#model").get_by_label("yours")).to_be_checked()
    expect(page.locator("#answer .sentence b")).to_have_text("yours")
    expect(page.locator("#answer .models .card")).to_have_count(4)
    points = strokes(page).first.get_attribute("points").split()
    drawing = [[tuple(map(float, point.split(","))) for point in points]]
    prediction = classifier.predict(drawing)
    sentence = f"yours predicts {prediction.digit}, {100 * prediction.confidence:.1f} %"
    expect(page.locator("#answer .sentence")).to_have_text(sentence)
    predicted, probability = live_answer
    assert sentence.endswith(f"predicts {predicted}, {float(probability.split()[0]):.1f} %")
    bars = page.locator("#answer .bars .percent").all_inner_texts()
    shown = [float(text.removesuffix(" %")) for text in bars]
    np.testing.assert_allclose(shown, 100 * prediction.probabilities, atol=0.0501)
    choose(page, "for drawings", "recipe")
    expect(page.locator("#answer .sentence")).to_have_text(sentence)

    open_tab(page, "Compare")
    row = page.locator("#comparison tr", has_text="yours (linear)")
    expect(row.locator(".mnist")).to_have_text(tested)

    choose(page, "cnn", "model")
    open_tab(page, "Train it")
    page.locator("#its-mistakes").click()
    expect(page.locator("#model").get_by_label("yours")).to_be_checked()
    right = round(10_000 * classifier.metadata.test_accuracy)
    summary = page.locator("#gallery .summary b")
    expect(summary).to_have_text(f"{right:,} right, {10_000 - right:,} wrong", timeout=LONG)
    expect(page.locator("#outcome").get_by_label("wrong")).to_be_checked()
    expect(page.locator("#gallery .tile.right")).to_have_count(0)
    page.locator("#gallery .tile").first.click()
    seen = page.locator("#closeup [data-model=yours]")
    expect(seen).to_have_class(re.compile("wrong"), timeout=LONG)


def test_a_network_answers_on_its_pad_and_the_page_as_ever_while_it_learns(page):
    sheet, seen = page.locator("#training-pad .sheet"), page.locator("#training-answer .live img")
    predicted = page.locator("#training-answer .predicted")
    lines = page.locator("#training-pad polyline")
    open_training(page, hidden_units=64, epochs=30)
    expect(page.locator("#training-pad .help")).to_be_visible()
    page.locator("#train").click()
    expect(lines).not_to_have_count(0)  # an example, as nothing was drawn
    expect(predicted).to_have_text(re.compile(r"^\d$"), timeout=LONG)
    example = seen.get_attribute("src")
    box = sheet.bounding_box()
    corners = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN[0]]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    expect(lines).to_have_count(1)  # the example goes at the first touch
    page.mouse.up()
    expect(seen).not_to_have_attribute("src", example)
    expect(page.locator("#stop")).to_be_visible()
    expect(predicted).to_have_text("7", timeout=LONG)
    # Meanwhile, the page answers as ever.
    inside = page.locator("#training-answer figure img")
    before = inside.get_attribute("src")
    open_tab(page, "Draw")
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    open_tab(page, "Train it")
    expect(inside).not_to_have_attribute("src", before)
    expect(lines).to_have_count(1)
    page.locator("#stop").click()
    expect(says(page)).to_have_text(re.compile("^Stopped"), timeout=LONG)
    expect(page.locator("#model").get_by_label("yours")).to_have_count(1)
    expect(page.locator("#model").get_by_label("linear", exact=True)).to_be_checked()
    page.locator("#training-pad .clear").click()
    expect(lines).to_have_count(0)
    expect(predicted).to_have_text("–")


def test_stopping_keeps_what_was_trained(phone):
    open_training(phone, epochs=30)
    phone.locator("#train").click()
    expect(phone.locator("#training-answer figure img")).to_be_visible(timeout=LONG)
    expect(phone.locator("#training .left")).to_have_text(re.compile("left|stops in"), timeout=LONG)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.locator("#stop").click()
    expect(says(phone)).to_have_text(re.compile(r"^Stopped in epoch \d+ of 30"), timeout=LONG)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    row = phone.locator("#model").bounding_box()
    own = phone.locator("#model label", has_text="yours").bounding_box()
    assert own["x"] + own["width"] <= row["x"] + row["width"]  # its name can be read
    phone.locator("#draw-on-it").click()
    draw(phone, SEVEN)
    expect(phone.locator("#answer .sentence b")).to_have_text("yours")
    expect(answer(phone)).to_have_text(re.compile(r"^\d$"))


def test_who_waits_may_stop_and_who_leaves_frees_the_queue(browser, address):
    with visit(browser, address, WIDE) as second:
        with visit(browser, address, WIDE) as first:
            open_training(first, "cnn", epochs=30, images=60_000)
            first.locator("#train").click()
            expect(says(first)).to_have_text(re.compile("^Epoch"), timeout=LONG)
            expect(first.locator("#training .left")).to_be_visible()  # seconds, or when time is up
            open_training(second, epochs=1)
            second.locator("#train").click()
            place = second.locator("#queue-position")
            expect(place).to_contain_text(re.compile(r"queue: 1/1"))
            expect(place).to_be_in_viewport()
            expect(says(second)).to_have_text(
                "Waiting for its turn: one network is trained at a time"
            )
            second.locator("#stop").click()
            expect(second.locator("#train")).to_be_visible()
            expect(says(second)).to_have_text("Stopped before anything was learned.")
            second.locator("#train").click()
            expect(place).to_contain_text("queue: 1/1")
        expect(says(second)).to_have_text(re.compile("^Trained for 1 epoch"), timeout=LONG)
        expect(second.locator("#model").get_by_label("yours")).to_have_count(1)
        with visit(browser, address, WIDE) as third:
            expect(third.locator("#model").get_by_label("cnn")).to_be_checked()
            expect(third.locator("#model").get_by_label("yours")).to_have_count(0)


def test_stopping_at_once_says_so(browser, address):
    with visit(browser, address, WIDE) as page:
        open_training(page, epochs=30)
        page.locator("#train").click()
        page.locator("#stop").click()
        expect(page.locator("#train")).to_be_visible(timeout=LONG)
        expect(says(page)).to_have_text(re.compile("^Stopped"))


def test_a_wrong_number_gets_one_sentence(page):
    open_training(page)
    for number, wrong, right, sentence in (
        ("hidden_units", 65, 4, "The hidden units must be a whole number from 1 to 64."),
        ("learning_rate", 2, 0.001, "The learning rate must be a number from 0.00001 to 1."),
        ("images", "", 600, "The images must be a whole number from 100 to 60,000."),
    ):
        fill(page, **{number: wrong})
        page.locator("#train").click()
        expect(page.locator("#training [role=alert]")).to_have_text(sentence)
        expect(page.locator("#train")).to_be_visible()
        fill(page, **{number: right})


def test_the_numbers_follow_model_and_recipe(page):
    open_training(page)
    expect(page.locator("#images input")).to_have_value("60000")
    choose(page, "cnn", "model")
    choose(page, "for drawings", "recipe")
    for name, value in (
        ("hidden-units", "16"),
        ("batch-size", "128"),
        ("learning-rate", "0.008"),
        ("images", "6000"),
    ):
        expect(page.locator(f"#{name} input")).to_have_value(value)
