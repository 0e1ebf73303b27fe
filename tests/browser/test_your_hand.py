"""Your hand: a test of twenty digits, teaching, and files."""

import json
import re

import pytest
from playwright.sync_api import expect

import digitnet
from benchmarks.drawing_sets import DEVELOPMENT
from digitnet.drawing_files import read_drawings
from digitnet.training.teaching import split
from tests.browser.actions import SEVEN, answer, choose, draw, open_tab, wait_for_engine
from tests.browser.conftest import PHONE, WIDE, visit

WRITER = "tra-12"


@pytest.fixture(scope="module")
def written():
    """Two drawings of each digit by one person, by digit."""
    drawings, labels = DEVELOPMENT.by_writer()[WRITER]
    found = {digit: [] for digit in range(10)}
    for drawing, label in zip(drawings, labels, strict=True):
        found[label].append(drawing)
    return {digit: all_of[:2] for digit, all_of in found.items()}


def write(page, drawing):
    """Write one digit with the mouse."""
    box = page.locator("#hand .sheet").bounding_box()
    for stroke in drawing:
        places = [
            (box["x"] + box["width"] * (0.2 + 0.6 * x), box["y"] + box["height"] * (0.2 + 0.6 * y))
            for x, y in stroke[::2]
        ]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()


def write_by_touch(page, drawing):
    """Write one digit with a finger."""
    box = page.locator("#hand .sheet").bounding_box()
    touch = page.context.new_cdp_session(page)
    for stroke in drawing:
        for number, (x, y) in enumerate(stroke[::2]):
            at = {
                "x": box["x"] + box["width"] * (0.2 + 0.6 * x),
                "y": box["y"] + box["height"] * (0.2 + 0.6 * y),
            }
            kind = "touchMove" if number else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


def write_twenty(page, written, write=write):
    open_tab(page, "Your hand")
    wait_for_engine(page)
    page.locator("#hand .start").click()
    page.locator("#hand .sheet").scroll_into_view_if_needed()
    times = dict.fromkeys(range(10), 0)
    for number in range(20):
        expect(page.locator("#hand .prompt .count")).to_have_text(f"{number + 1} of 20")
        digit = int(page.locator("#hand .prompt .digit").inner_text())
        write(page, written[digit][times[digit]])
        times[digit] += 1
        page.locator("#hand .next").click()
    assert set(times.values()) == {2}


def score(page, model, recipe):
    return page.locator(f"#hand .score [data-model={model}][data-recipe='{recipe}'] .number")


def test_a_hand_is_tested_taught_and_kept(page, written, tmp_path):
    choose(page, "linear", "model")
    write_twenty(page, written)
    expect(page.locator("#hand .prompt")).to_have_text("20 digits written")
    expect(page.locator("#hand .tiles li")).to_have_count(20)
    with page.expect_download() as download:
        page.locator("#hand .download").click()
    file = tmp_path / "my-digits.jsonl"
    download.value.save_as(file)
    drawings, labels = zip(*read_drawings(file), strict=True)
    assert sorted(labels) == sorted([*range(10)] * 2) and sorted(labels[:10]) == [*range(10)]

    # Python reads as many of them as the page says.
    for recipe in ("drawings", "article"):
        for model in ("linear", "cnn"):
            classifier = digitnet.load(model, recipe, device="cpu")
            answers = [one.answer for one in classifier.predict_batch(drawings)]
            right = sum(map(int.__eq__, labels, [-1 if a is None else a for a in answers]))
            expect(score(page, model, recipe)).to_have_text(f"{right} of 20")
    verdict = page.locator("#hand .verdict")
    expect(verdict).to_have_text(re.compile(r"^linear reads \d+ of your 20 digits; "))

    page.locator("#teach").click()
    expect(page.locator("#lesson .taught")).to_contain_text("learned from 10 of your digits")
    with page.expect_download() as download:
        page.locator("#lesson a").click()
    download.value.save_as(tmp_path / "yours.safetensors")
    taught = digitnet.load("linear", source=tmp_path / "yours.safetensors", device="cpu")
    _, others = split(labels)
    answers = taught.predict_batch([drawings[number] for number in others])
    right = sum(one.answer == labels[number] for one, number in zip(answers, others, strict=True))
    expect(page.locator("#lesson .unseen td").last).to_have_text(f"{right} read")
    tested = f"{100 * taught.metadata.test_accuracy:.2f} %"
    expect(page.locator("#lesson .test td").last).to_have_text(tested)
    expect(score(page, "yours", "")).to_have_text(re.compile(r"of 20$"))

    # It is one of the models on other tabs.
    page.locator("#draw-on-taught").click()
    expect(page.locator("#model").get_by_label("yours")).to_be_checked()
    expect(page.locator("#answer .models .card")).to_have_count(4)

    # A file goes on another day; a bad one says which line.
    open_tab(page, "Your hand")
    page.locator("#hand .start").click()
    expect(page.locator("#hand .tiles li")).to_have_count(0)
    bad = tmp_path / "bad.jsonl"
    bad.write_text(file.read_text() + json.dumps({"label": 12, "strokes": []}))
    page.locator("#hand .upload input").set_input_files(bad)
    expect(page.locator("#hand .problem")).to_contain_text("Line 21 of the file is not of the form")
    page.locator("#hand .upload input").set_input_files(file)
    expect(page.locator("#hand .tiles li")).to_have_count(20)
    expect(page.locator("#hand .problem")).to_have_text("")


def test_a_finger_writes_and_the_page_goes_on_by_itself(browser, address, written):
    with visit(browser, address, PHONE) as page:
        open_tab(page, "Your hand")
        wait_for_engine(page)
        page.locator("#hand .start").click()
        page.locator("#hand .sheet").scroll_into_view_if_needed()
        digit = int(page.locator("#hand .prompt .digit").inner_text())
        write_by_touch(page, written[digit][0])
        expect(page.locator("#hand .prompt .count")).to_have_text("2 of 20")  # after a moment
        expect(page.locator("#hand .tiles li")).to_have_count(1)
        page.locator("#hand .skip").click()
        expect(page.locator("#hand .prompt .count")).to_have_text("2 of 20")
        page.locator("#hand .undo").click()
        expect(page.locator("#hand .tiles li")).to_have_count(0)
        expect(page.locator("#hand .prompt .digit")).to_have_text(str(digit))
        page.locator("#hand .stop").click()
        expect(page.locator("#hand .next")).to_be_disabled()


def test_twenty_digits_by_touch_are_taught(browser, address, written):
    with visit(browser, address, PHONE) as page:
        choose(page, "linear", "model")
        write_twenty(page, written, write_by_touch)
        expect(page.locator("#hand .prompt")).to_have_text("20 digits written")
        drawings = [drawing for digit in range(10) for drawing in written[digit]]
        labels = [digit for digit in range(10) for _ in written[digit]]
        answers = digitnet.load("cnn", device="cpu").predict_batch(drawings)
        right = sum(one.answer == label for one, label in zip(answers, labels, strict=True))
        shown = int(score(page, "cnn", "drawings").inner_text().split()[0])
        assert abs(shown - right) <= 1  # the page rounds to its pixels
        page.locator("#teach").click()
        expect(page.locator("#lesson .taught")).to_contain_text("learned from 10 of your digits")
        expect(page.locator("#lesson .unseen td").last).to_have_text(re.compile(r"^\d+ read$"))


def test_a_wrong_answer_is_corrected_and_joins_the_pile(page):
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    page.locator("#answer .correct [data-label='1']").click()
    expect(page.locator("#answer .correct .kept")).to_have_text("Kept as a 1 in Your hand.")
    open_tab(page, "Your hand")
    wait_for_engine(page)
    expect(page.locator("#hand .tiles li")).to_have_text(["✗ 1 → 7"])
    page.reload()  # which opens the same tab again
    expect(page.locator("#hand .tiles li")).to_have_text(["✗ 1 → 7"])
    open_tab(page, "Draw")
    page.locator("#answer .correct [data-label='7']").click()  # a mistake is corrected, too
    expect(page.locator("#answer .correct .kept")).to_have_text("Kept as a 7 in Your hand.")
    open_tab(page, "Your hand")
    expect(page.locator("#hand .tiles li")).to_have_text(["✓ 7"])


def test_too_few_digits_get_a_sentence(browser, address):
    with visit(browser, address, WIDE) as page:
        open_tab(page, "Your hand")
        page.locator("#teach").click()
        expect(page.locator("#lesson .problem")).to_contain_text("Each digit is needed at least")
