"""The explorer of test predictions."""

import json
import re
import sys

from playwright.sync_api import expect

from benchmarks.serving import served
from tests.browser.actions import (
    SEVEN,
    answer,
    choose,
    colour,
    draw,
    open_fold,
    open_tab,
    pick,
    settled,
    strokes,
    switch_theme,
    type_number,
)
from tests.browser.conftest import WIDE, visit
from tests.conftest import PROJECT

RECIPE = "drawings"
# Recognising the test images with the last model, a batch of 250 at a time, takes some seconds.
SLOWLY = """
import runpy, sys, time
from digitnet.classifier import Classifier
logits = Classifier.logits
def slowly(self, images):
    is_last = (self.metadata.recipe, self.metadata.model) == ("article", "cnn")
    time.sleep(0.15 if is_last and len(images) == 250 else 0)
    return logits(self, images)
Classifier.logits = slowly
sys.argv[1:] = ["--no-browser", "--host", "127.0.0.1"]
runpy.run_path("app.py", run_name="__main__")
"""
SERVE_SLOWLY = (sys.executable, "-c", SLOWLY)


def show_all(page):
    """Open the tab with all test images, in the order of the set."""
    open_tab(page, "Test predictions")
    choose(page, "all", "outcome")
    open_fold(page, "filters")
    pick(page, "test set", "order")


METRICS = json.loads((PROJECT / "weights" / RECIPE / "metrics.json").read_text())["models"]


def test_gallery_shows_right_and_wrong_in_counts_and_marks(page):
    open_tab(page, "Test predictions")
    headline = page.locator("#gallery .headline")  # it opens with the mistakes, the worst first
    expect(headline).to_have_text(re.compile(r"^\d+ of 10,000 are wrong: can you read them\?$"))
    choose(page, "all", "outcome")
    tiles = page.locator("#gallery .tile")
    expect(tiles).to_have_count(60, timeout=90_000)  # the predictions may still be under way
    for name, entry in METRICS.items():
        choose(page, name, "model")
        # A borderline image may fall either way on another processor.
        near = [round(entry["test_accuracy"] * 10_000) + off for off in range(-2, 3)]
        summaries = "|".join(f"{right:,} right, {10_000 - right:,} wrong" for right in near)
        expect(page.locator("#gallery .summary b")).to_have_text(re.compile(summaries))
    choose(page, "right", "outcome")
    expect(page.locator("#gallery .tile.wrong")).to_have_count(0)
    choose(page, "wrong", "outcome")
    expect(page.locator("#gallery .tile.right")).to_have_count(0)
    for tile in tiles.all()[:10]:
        mark, predicted, actual = re.fullmatch(
            r"(.) Predicted (\d) \| Actual (\d)", tile.locator(".caption").inner_text()
        ).groups()
        assert mark == "✗" and predicted != actual


def test_right_is_green_and_wrong_is_red(page):
    choose(page, "linear", "model")
    open_tab(page, "Test predictions")
    for outcome, sign in (("right", 1), ("wrong", -1)):
        choose(page, outcome, "outcome")
        other = {"right": "wrong", "wrong": "right"}[outcome]
        expect(page.locator(f"#gallery .tile.{outcome}").first).to_be_visible()
        expect(page.locator(f"#gallery .tile.{other}")).to_have_count(0)
        for _ in range(2):  # in both themes
            red, green, _ = colour(page.locator("#gallery .tile .caption").first)
            assert sign * (green - red) > 0
            switch_theme(page)


def test_gallery_filters_by_true_digit_and_turns_pages(page, test_set):
    show_all(page)
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("#gallery .pages")).to_have_text(re.compile(r"page 2 of 167$"))
    expect(page.locator("#gallery .tile").first).to_have_attribute("title", "Test image 60")
    type_number(page, 167, "page")
    page.locator("#page input").press("Enter")
    expect(page.locator("#gallery .pages")).to_have_text(re.compile(r"page 167 of 167$"))
    expect(page.locator("#gallery .tile")).to_have_count(10_000 - 166 * 60)
    page.get_by_role("button", name="Previous page").click()
    expect(page.locator("#gallery .pages")).to_have_text(re.compile(r"page 166 of 167$"))
    pick(page, "4", "true-digit")
    fours = int((test_set[1] == 4).sum())
    expect(page.locator("#gallery .pages")).to_have_text(
        re.compile(f"page 1 of {-(-fours // 60)}$")
    )
    for caption in page.locator("#gallery .caption").all_inner_texts():
        assert caption.endswith("Actual 4")


def test_right_after_a_start_it_answers_from_what_is_recognised(browser):
    """What is shown grows by itself, and a filter looks at as much as there is."""
    with (
        served(PROJECT, command=SERVE_SLOWLY) as address,
        visit(browser, address, WIDE) as page,
    ):
        choose(page, "as in the article", "recipe")  # whose turn comes last
        open_tab(page, "Test predictions")
        choose(page, "all", "outcome")
        expect(page.locator("#gallery :is(.placeholder, .tile)").first).to_be_visible()
        progress = page.locator("#gallery .progress span").last
        expect(progress).to_have_text(re.compile(r"^[1-9][\d,]* of 10,000 recognised$"))
        page.locator("#gallery .tile").first.wait_for()
        first = progress.inner_text()
        right, wrong = (
            int(number.replace(",", ""))
            for number in re.findall(r"\d[\d,]*", page.locator("#gallery .summary b").inner_text())
        )
        assert 0 < right + wrong < 10_000
        expect(page.locator("#gallery .progress", has_text=first)).to_have_count(0)
        choose(page, "linear", "model")  # which is done in no time
        expect(progress).to_have_count(0)
        expect(page.locator("#gallery .pages")).to_have_text(re.compile("^10,000 shown"))


def test_numbers_out_of_range_get_a_sentence_that_names_it(browser, address):
    with visit(browser, address, WIDE) as page:
        choose(page, "linear", "model")  # it has recognised all of them
        open_tab(page, "Test predictions")
        choose(page, "all", "outcome")
        expect(page.locator("#gallery .pages")).to_have_text(re.compile("page 1 of 167$"))
        settled(page, "#gallery")  # the answer sets the field, too
        type_number(page, 0, "page")
        page.locator("#page input").press("Enter")
        sentence = "The page must be a whole number from 1 to 167."
        expect(page.get_by_text(sentence).first).to_be_visible()
        expect(page.locator("#gallery .pages")).to_have_text(re.compile("page 1 of 167$"))
        open_tab(page, "Why")
        open_fold(page, "why-image-fold")
        type_number(page, 99999, "why-image")
        page.locator("#why-image-button").click()
        sentence = "The test image must be a whole number from 0 to 9,999."
        expect(page.get_by_text(sentence).first).to_be_visible()


def test_what_is_chosen_below_or_above_brings_the_images_into_view(browser, address):
    with visit(browser, address, WIDE) as page:
        show_all(page)
        expect(page.locator("#gallery .tile")).to_have_count(60)
        page.get_by_role("button", name="Next page").click()
        expect(page.locator("#gallery .tile").first).to_have_attribute("title", "Test image 60")
        expect(page.locator("#gallery .summary")).to_be_in_viewport()
        open_fold(page, "confusion-fold")
        page.set_viewport_size({"width": 1440, "height": 500})
        cell = page.locator("#confusion button[data-actual='4'][data-predicted='9']")
        cell.click()
        expect(page.locator("#gallery .tile .caption").first).to_have_text(
            re.compile("Predicted 9 . Actual 4")
        )
        expect(page.locator("#gallery .summary")).to_be_in_viewport()
        page.locator("#gallery .tile").last.click()
        expect(page.locator("#closeup figure")).to_be_in_viewport()


def test_the_most_confidently_wrong_come_first(page):
    open_tab(page, "Test predictions")
    expect(page.locator("#gallery .pages")).to_have_text(re.compile("page 1 of"))
    page.wait_for_function(
        """() => {
            const shown = [...document.querySelectorAll("#gallery .confidence")];
            const values = shown.map((one) => parseFloat(one.textContent));
            return values.length > 1 && values.every((v, i) => i === 0 || v <= values[i - 1]);
        }"""
    )
    expect(page.locator("#gallery .tile.right")).to_have_count(0)


def test_disputed_labels_are_marked_and_counted_apart(page):
    show_all(page)
    pick(page, "label disputed", "among")
    expect(page.locator("#gallery .tile")).to_have_count(15)
    expect(page.locator("#gallery .disputed")).to_have_count(15)
    expect(page.locator("#gallery .tile[data-index='2654']")).to_have_count(1)
    expect(page.locator("#gallery .summary")).to_contain_text("without the 15 disputed labels")


def test_a_cell_of_the_confusion_matrix_shows_its_images(page):
    open_tab(page, "Test predictions")
    open_fold(page, "confusion-fold")
    cell = page.locator("#confusion button[data-actual='4'][data-predicted='9']")
    count = int(cell.inner_text())
    assert count > 0
    cell.click()
    expect(page.locator("#gallery .tile")).to_have_count(min(count, 60))
    for caption in page.locator("#gallery .caption").all_inner_texts():
        assert caption.endswith("Predicted 9 | Actual 4")


def test_a_tile_opens_large_and_goes_to_the_sketchpad(page):
    show_all(page)
    page.locator("#gallery .tile[data-index='8']").click()
    large = page.locator("#closeup")
    expect(large).to_contain_text("Test image 8, labelled 5")
    expect(large.locator(".model")).to_have_count(3)
    said = large.locator("[data-model=cnn] .predicted").inner_text()
    page.get_by_role("button", name="Take it to the Draw tab").click()
    expect(page.locator("#sketchpad .picture")).to_be_visible()
    expect(answer(page)).to_have_attribute("data-digit", said)
    choose(page, "linear", "model")
    expect(page.locator("#answer .sentence b")).to_have_text("linear")
    draw(page, SEVEN)
    expect(page.locator("#sketchpad .picture")).to_be_hidden()
    expect(strokes(page)).to_have_count(1)
    expect(answer(page)).to_have_text("7")
