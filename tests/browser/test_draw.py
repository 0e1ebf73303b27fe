"""Drawing, and what the models say of it."""

import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect
from safetensors.torch import save_file

import digitnet
from benchmarks.serving import SERVE_QUIETLY, served
from digitnet.weights import Metadata
from tests.browser.actions import (
    CROSSED_SEVEN,
    ONE,
    SCRIBBLE,
    SEVEN,
    answer,
    choose,
    draw,
    draw_by_touch,
    is_of,
    open_fold,
    open_tab,
    sent_by,
    settled,
    strokes,
    wait_for_engine,
)
from tests.browser.conftest import WIDE, visit
from tests.conftest import PROJECT

MODELS = ("linear", "nonlinear", "cnn")


# ---- drawing ----------------------------------------------------------------------------------


def test_the_answer_follows_the_pen(page):
    expect(answer(page)).to_have_text("–")
    draw(page, SEVEN, lift=False)
    expect(answer(page)).to_have_text("7")  # the button is still down
    page.mouse.up()
    expect(answer(page)).to_have_text("7")


def test_while_the_pen_is_down_nothing_leaves_the_browser(page):
    sent = []
    page.on("request", lambda request: sent.append(request.url))
    wait_for_engine(page)
    sent.clear()
    draw(page, SEVEN, lift=False)
    expect(answer(page)).to_have_text("7")
    assert sent == []
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.mouse.up()
    expect(answer(page)).to_have_text("7")


def test_without_the_server_the_browsers_own_answer_stands(browser, address):
    with visit(browser, address, WIDE, expected_errors=("Failed to load",)) as page:
        wait_for_engine(page)
        page.context.set_offline(True)
        draw(page, CROSSED_SEVEN)
        expect(answer(page)).to_have_text("7")
        expect(page.locator("#answer .late")).to_be_visible()
        expect(page.locator("#answer .answer")).not_to_have_class(re.compile("stale"))
        page.context.set_offline(False)
        expect(page.locator("#answer .late")).to_be_hidden()
        expect(answer(page)).to_have_text("7")


def test_weights_that_did_not_come_are_fetched_again(browser, address):
    with visit(browser, address, WIDE, expected_errors=("Failed to load",)) as page:
        came = []
        page.on("response", lambda one: came.append(one.ok) if "/article/" in one.url else None)
        wait_for_engine(page)
        page.route("**/article/*", lambda route: route.fulfill(status=502, body="Bad Gateway"))
        choose(page, "as in the article", "recipe")
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")  # from the server
        assert came and not any(came)
        page.unroute_all(behavior="wait")
        for _ in range(100):
            page.keyboard.press("Escape")
            draw(page, SEVEN)
            if any(came):
                break
        assert any(came)


def test_the_first_weights_are_fetched_again_too(browser, address):
    context = browser.new_context(**WIDE, reduced_motion="reduce")
    page = context.new_page()
    page.route("**/drawings/*", lambda route: route.fulfill(status=502, body="Bad Gateway"))
    page.goto(address)
    expect(page.locator("#network .network")).to_be_hidden()
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")  # from the server
    page.unroute_all(behavior="wait")
    for _ in range(100):
        draw(page, SEVEN)
        if page.locator("#network .network").is_visible():
            break
    expect(page.locator("#network .network")).to_be_visible()
    context.close()


def test_one_request_at_a_time_and_the_last_drawing_wins(page):
    in_flight, most, sent = set(), [0], []

    def begin(request):
        if request.method == "POST":
            in_flight.add(request)
            sent.append(request)
            most[0] = max(most[0], len(in_flight))

    page.on("request", begin)
    page.on("requestfinished", lambda request: in_flight.discard(request))
    page.on("requestfailed", lambda request: in_flight.discard(request))

    def is_whole(request):
        # 720 is where the last stroke ended.
        return is_of(request, strokes=2) and sent_by(request)[1][-1][0] == pytest.approx(720, abs=8)

    with page.expect_request(is_whole):
        draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    with page.expect_request(lambda request: is_of(request, strokes=1)):
        page.keyboard.press("Control+z")
    assert len(sent) > 2
    assert most[0] == 1


def test_undo_and_clear_by_button_and_key(page):
    undo = page.get_by_role("button", name="Undo")
    clear = page.get_by_role("button", name="Clear")
    expect(undo).to_be_disabled()
    expect(clear).to_be_disabled()
    draw(page, CROSSED_SEVEN)
    expect(strokes(page)).to_have_count(2)
    expect(page.locator(".pad .help")).to_be_hidden()
    undo.click()
    expect(strokes(page)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(strokes(page)).to_have_count(0)
    expect(answer(page)).to_have_text("–")
    draw(page, CROSSED_SEVEN)
    clear.click()
    expect(strokes(page)).to_have_count(0)
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    page.keyboard.press("Escape")
    expect(strokes(page)).to_have_count(0)
    expect(answer(page)).to_have_text("–")
    expect(page.locator(".pad .help")).to_be_visible()


def test_nobody_agrees_or_disagrees_about_nothing(page):
    for row in page.locator("#answer .models .card").all():
        expect(row).not_to_have_class(re.compile("agrees"))
        expect(row.locator(".time")).to_have_text("–")


def test_models_are_chosen_and_all_stay_in_sight(page):
    draw(page, SEVEN)
    for name in MODELS:
        choose(page, name, "model")
        expect(page.locator("#answer .sentence b")).to_have_text(name)
        rows = page.locator("#answer .models .card")
        expect(rows).to_have_count(3)
        for row in rows.all():
            agrees = row.get_attribute("data-digit") == answer(page).get_attribute("data-digit")
            expect(row.locator(".differs")).to_be_visible(visible=not agrees)
            expect(row.locator(".time")).to_have_text(re.compile(r"^\d+\.\d ms$"))
    digits = {row.get_attribute("data-digit") for row in rows.all()}
    said = page.locator("#answer .disagreement")
    expect(said).to_have_text("The models disagree about this drawing." if len(digits) > 1 else "")


def test_the_recipe_changes_the_weights_and_keeps_the_drawing(page):
    draw(page, CROSSED_SEVEN)
    expect(answer(page)).to_have_text("7")
    shown = page.locator("#answer .bars")
    choose(page, "linear", "model")
    expect(page.locator("#answer .sentence b")).to_have_text("linear")
    for_drawings = settled(page, "#answer .bars")
    choose(page, "as in the article", "recipe")
    expect(shown).not_to_have_text(for_drawings, use_inner_text=True)
    expect(strokes(page)).to_have_count(2)
    choose(page, "for drawings", "recipe")
    expect(shown).to_have_text(for_drawings, use_inner_text=True)


def test_what_is_no_digit_is_refused_and_not_guessed(page):
    draw(page, SCRIBBLE)
    expect(answer(page)).to_have_text("?")
    expect(page.locator("#answer .sentence")).to_have_text("That doesn't look like a digit to cnn")
    expect(page.locator("#answer .bars .best")).to_have_count(0)
    choose(page, "as in the article", "recipe")
    expect(answer(page)).to_have_text(re.compile(r"^\d$"))


def test_ten_probabilities_sum_to_one(page):
    draw(page, ONE)
    expect(answer(page)).to_have_text("1")
    shown = page.locator("#answer .bars .percent").all_inner_texts()
    assert len(shown) == 10
    assert sum(float(text.rstrip(" %")) for text in shown) == pytest.approx(100, abs=0.6)


# ---- the steps, examples, links ---------------------------------------------------------------


def stage(page, name):
    return page.locator(f"#answer .stages [data-stage={name}]")


def networks_see(page, name):
    """Wait until the picture of what the networks see is that of the stage, and of no other."""
    page.wait_for_function(
        """(name) => {
            const seen = document.querySelector("#answer .seen img").src;
            const stages = [...document.querySelectorAll("#answer .stages [data-stage]")];
            const same = stages.filter((one) => one.querySelector("img").src === seen);
            return same.length === 1 && same[0].dataset.stage === name;
        }""",
        arg=name,
    )


def test_the_steps_show_what_geometry_does(page):
    """A small digit in a corner: without MNIST's geometry, hardly anything is left of it."""
    draw(page, [[(0.06 + x / 6, 0.04 + y / 6) for x, y in SEVEN[0]]])
    expect(answer(page)).to_have_text("7")
    expect(stage(page, "centred")).to_have_class(re.compile("is-seen"))
    networks_see(page, "centred")
    page.locator("#geometry input").uncheck()
    expect(stage(page, "squeezed")).to_have_class(re.compile("is-seen"))
    expect(stage(page, "centred")).to_have_class(re.compile("skipped"))
    networks_see(page, "squeezed")
    page.locator("#geometry input").check()
    expect(answer(page)).to_have_text("7")


def test_examples_are_drawn_while_one_watches(browser, address):
    with visit(browser, address, WIDE, motion="no-preference") as page:
        expect(page.locator(".example")).to_have_count(8)
        page.locator(".example[aria-label*='crossbar']").click()
        expect(answer(page)).to_have_text("7")
        expect(strokes(page)).to_have_count(2)
        page.keyboard.press("Control+z")
        expect(strokes(page)).to_have_count(1)
        # A stroke of one's own ends an example.
        page.locator(".example").first.click()
        draw(page, ONE)
        expect(page.locator(".pad .help")).to_be_hidden()
        drawn = strokes(page).count()
        page.evaluate("() => new Promise((done) => setTimeout(done, 1200))")  # longer than it plays
        assert strokes(page).count() == drawn


def test_an_example_draws_itself_first_and_is_gone_at_the_first_touch(browser, address):
    with visit(browser, address, WIDE, motion="no-preference") as page:
        expect(answer(page)).to_have_text("2")
        expect(page.locator("#network .answers .best .name")).to_have_text("2")
        expect(page.locator(".pad .help")).to_be_visible()
        expect(page.get_by_role("button", name="Undo")).to_be_disabled()
        choose(page, "linear", "model")  # which is kept, but not the example
        page.wait_for_function(
            "Object.values(sessionStorage).some((one) => /^drawing=&model=linear/.test(one))"
        )
        draw(page, ONE)
        expect(answer(page)).to_have_text("1")
        expect(strokes(page)).to_have_count(1)
        expect(page.locator(".pad .help")).to_be_hidden()
        page.get_by_role("button", name="Undo").click()
        expect(strokes(page)).to_have_count(0)  # it doesn't come back


def test_a_drawing_is_shared_as_a_picture(page, tmp_path):
    """Where there is no share sheet, as here, it is downloaded."""
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    with page.expect_download() as download:
        page.locator("#answer .card-picture").click()
    download.value.save_as(tmp_path / "card.png")
    card = np.asarray(Image.open(tmp_path / "card.png").convert("L"))
    assert card.shape == (630, 1200)
    drawing = Image.fromarray(np.where(card[70:560, 70:560] < 100, 0, 255).astype(np.uint8))
    assert digitnet.load("cnn").predict(drawing).digit == 7
    assert (card[100:560, 620:] < 100).any()  # the answers


def test_a_link_opens_with_the_drawing(page, browser, address):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    draw(page, CROSSED_SEVEN)
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator(".status")).to_have_text(re.compile("Link copied"))
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"{address}/#drawing=") and len(link) < len(address) + 100
    with visit(browser, link, WIDE) as other:
        expect(strokes(other)).to_have_count(2)
        expect(answer(other)).to_have_text("7")
        ends = [one.get_attribute("points").split()[-1].split(",") for one in strokes(other).all()]
        assert [float(x) for x, _ in ends] == pytest.approx([450, 720], abs=8)
        draw(other, ONE)
        other.wait_for_function("() => location.hash === ''")  # it is another drawing now


FOLLOW = """(text) => new Promise((done) => {
    addEventListener("hashchange", () => requestAnimationFrame(done), { once: true });
    location.hash = "drawing=" + text;
})"""


def test_a_broken_link_is_a_blank_sketchpad(browser, address):
    with visit(browser, f"{address}/#drawing=AAAA!", WIDE) as page:
        for text in ("", "A", "..", "<b>x</b>", "AAAAA", "A" * 9):
            expect(answer(page)).to_have_text("–")
            page.evaluate(FOLLOW, text)
            assert strokes(page).count() == 0


# ---- a phone, and a page that lacks something -------------------------------------------------


def test_a_finger_draws_on_a_phone_without_scrolling_it(phone):
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360
    phone.locator(".paper").scroll_into_view_if_needed()
    scrolled = phone.evaluate("scrollY")
    (stroke,) = SEVEN
    lift = draw_by_touch(phone, stroke, lift=False)
    expect(answer(phone)).to_have_text("7")  # the finger is still down
    expect(answer(phone)).to_be_in_viewport()
    lift()
    expect(strokes(phone)).to_have_count(1)
    assert phone.evaluate("scrollY") == scrolled
    for tab in ("Test predictions", "Compare"):
        open_tab(phone, tab)
        if tab == "Compare":
            open_fold(phone, "grid-fold")
        expect(phone.locator(".tile:visible").first).to_be_visible(timeout=30_000)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_page_starts_without_some_weights(browser, tmp_path):
    shutil.copy(PROJECT / "app.py", tmp_path)
    shutil.copytree(PROJECT / "digitnet", tmp_path / "digitnet")
    shutil.copytree(PROJECT / "data", tmp_path / "data")
    shutil.copytree(PROJECT / "weights", tmp_path / "weights")
    for path in (tmp_path / "weights" / "drawings").iterdir():
        path.unlink()
    hostile = "![x](http://127.0.0.1:9/x.png)<img src=x>"
    for model, text in (("cnn", hostile), ("linear", "1" + 30 * "0")):
        strings = Metadata(model, "drawings", 4, 0.5).to_strings()
        strings |= {"model": text} if model == "cnn" else {"hidden_units": text}
        path = tmp_path / "weights" / "drawings" / f"{model}.safetensors"
        save_file({"a": torch.zeros(1)}, path, metadata=strings)
    article = tmp_path / "weights" / "article"
    (article / "nonlinear.safetensors").unlink()
    (article / "linear.safetensors").write_bytes(b"broken")
    (article / "metrics.json").write_text("[")
    with served(tmp_path, command=SERVE_QUIETLY) as address, visit(browser, address, WIDE) as page:
        problems = " ".join(page.locator(".problem").all_inner_texts())
        assert "nonlinear.safetensors is missing; run python train.py" in problems
        assert "linear.safetensors is not a whole safetensors file" in problems
        assert "metrics.json is not readable JSON" in problems
        assert "hidden_units must be a whole number from 1 to 4,096" in problems
        assert hostile in problems and not page.locator(".problem img").count()
        draw(page, SEVEN)
        expect(answer(page)).to_have_text("7")
