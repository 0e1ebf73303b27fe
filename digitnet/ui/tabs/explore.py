"""Test predictions: the 10,000 test images, sorted and filtered by what a model makes of them."""

from functools import partial
from typing import Any, get_args

import gradio as gr

from digitnet.ui.components.base import View
from digitnet.ui.components.closeup import closeup
from digitnet.ui.components.confusion import cells
from digitnet.ui.components.gallery import placeholders, prediction_tiles
from digitnet.ui.components.sketchpad import Sketchpad, on_paper
from digitnet.ui.resources import Resources
from digitnet.ui.tabs.common import QUEUED, Choice, Number, checked_number, event_value
from digitnet.ui.test_predictions import Among, Order, Outcome, Selection
from digitnet.ui.trained_model import predictions_of

EVERY_DIGIT = -1
SECONDS = 1  # from one look to the next, while the images are being recognised
TO_THE_GALLERY = "() => document.querySelector('#gallery').scrollIntoView()"


def add_explore(
    resources: Resources, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> dict[gr.components.Component, Any]:
    """Fill the tab; `sketchpad`, in the tab with the id "draw" of `tabs`, takes chosen images.

    Gives the values of its components with which it shows a model's mistakes.
    """
    predictions = resources.predictions
    if predictions is None or not resources.models:
        gr.Markdown("The test predictions need the test images and a model's weights.")
        return {}
    digits = [("every digit", EVERY_DIGIT)] + [(str(digit), digit) for digit in range(10)]
    outcome = gr.Radio(get_args(Outcome), value="all", label="Show", elem_id="outcome")
    with gr.Accordion("Sort and filter", open=False, elem_id="filters"), gr.Row():
        order = gr.Dropdown(
            get_args(Order), value="test set", label="In the order of", elem_id="order"
        )
        among = gr.Dropdown(get_args(Among), value="every image", label="Among", elem_id="among")
        true_digit = gr.Dropdown(
            digits, value=EVERY_DIGIT, label="True digit", elem_id="true-digit"
        )
        predicted_digit = gr.Dropdown(
            digits, value=EVERY_DIGIT, label="Predicted digit", elem_id="predicted-digit"
        )
    with gr.Accordion("Confusion matrix", open=False, elem_id="confusion-fold"):
        confusion = View("confusion", elem_id="confusion")
    chosen = gr.State(None)  # the image opened
    first, at = gr.State(1), gr.State(1)  # the page to begin at, the page that is shown
    timer = gr.Timer(SECONDS, active=False)
    with gr.Column(visible=False) as details:
        large = View("closeup", elem_id="closeup")
        with gr.Row():
            take = gr.Button("Take it to the Draw tab", variant="primary", elem_id="take")
            close = gr.Button("Close", elem_id="close")
    gallery = View("gallery", value=placeholders(), elem_id="gallery")
    with gr.Row(equal_height=True):
        previous = gr.Button("← Previous page", elem_id="previous")
        page = Number(1, label="Page", precision=0, step=1, minimum=1, elem_id="page")
        following = gr.Button("Next page →", elem_id="next")

    def show(model, recipe, own, outcome, order, among, true_digit, predicted_digit, page):
        selection = Selection(outcome, _digit(true_digit), _digit(predicted_digit), among, order)
        known = predictions_of(predictions, own)
        tiles = prediction_tiles(known, (recipe, model), selection, page)
        return tiles, tiles["page"], tiles["page"]

    def show_all(*chosen):
        model, recipe, own, *_ = chosen
        known = predictions_of(predictions, own)
        key = (recipe, model)
        counts = cells(known.confusion(key), model) if key in known else {}
        return *show(*chosen), counts, gr.Timer(active=not known.finished)

    def look_again(index, *chosen):
        """Show what was recognised since, but leave alone what the visitor may be typing."""
        _, recipe, own, *_ = chosen
        tiles, _, _, *others = show_all(*chosen)
        return tiles, *others, reopen(recipe, own, index)

    def go_to(*chosen):
        *filters, page = chosen
        tiles, *_ = show(*[*filters, 1])
        page = checked_number(page, tiles["pages"], "The page", first=1)
        return show(*[*filters, page])

    def turn(*chosen, step):
        *filters, page = chosen
        return show(*[*filters, page + step])

    def filter_by_cell(model, recipe, own, event: gr.EventData):
        true, predicted = (
            checked_number(event_value(event, name), 10) for name in ("actual", "predicted")
        )
        filters = "all", "most confident", "every image", true, predicted
        return *show(model, recipe, own, *filters, 1), *filters

    def open_tile(recipe, own, event: gr.EventData):
        known = predictions_of(predictions, own)
        index = checked_number(event_value(event, "index"), len(known.images))
        return index, gr.Column(visible=True), closeup(known, recipe, index)

    def reopen(recipe, own, index):
        return (
            gr.skip() if index is None else closeup(predictions_of(predictions, own), recipe, index)
        )

    def take_along(index):
        index = checked_number(index, len(predictions.images))
        return on_paper(index, predictions.images[index]), gr.Tabs(selected="draw")

    asked = [choice.model, choice.recipe, choice.own]
    filters = [*asked, outcome, order, among, true_digit, predicted_digit]
    shown = [gallery, page, at]
    everything = [*shown, confusion, timer]
    tab.select(show_all, [*filters, at], everything, **QUEUED)
    timer.tick(look_again, [chosen, *filters, at], [gallery, confusion, timer, large], **QUEUED)
    for selector in (choice.model, choice.recipe):
        selector.input(show_all, [*filters, first], everything, **QUEUED)
    choice.recipe.input(reopen, [*asked[1:], chosen], large, **QUEUED)
    for changed in (outcome, order, among, true_digit, predicted_digit):
        changed.input(show, [*filters, first], shown, **QUEUED)
    # What is chosen above or below the images brings them into view.
    for shows in (
        page.submit(go_to, [*filters, page], shown, **QUEUED),
        previous.click(partial(turn, step=-1), [*filters, at], shown, **QUEUED),
        following.click(partial(turn, step=1), [*filters, at], shown, **QUEUED),
        confusion.click(
            filter_by_cell,
            asked,
            [*shown, outcome, order, among, true_digit, predicted_digit],
            **QUEUED,
        ),
    ):
        shows.success(None, js=TO_THE_GALLERY, **QUEUED)
    gallery.click(open_tile, asked[1:], [chosen, details, large], **QUEUED)
    take.click(take_along, chosen, [sketchpad, tabs], **QUEUED)
    close.click(lambda: (None, gr.Column(visible=False)), None, [chosen, details], **QUEUED)
    return {
        outcome: "wrong",
        order: "test set",
        among: "every image",
        true_digit: EVERY_DIGIT,
        predicted_digit: EVERY_DIGIT,
        page: 1,
    }


def _digit(value: int | None) -> int | None:
    """A digit's filter: None for every digit."""
    return None if value is None or value == EVERY_DIGIT else value
