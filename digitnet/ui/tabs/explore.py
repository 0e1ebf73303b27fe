"""Test predictions: the 10,000 test images, sorted and filtered by what a model makes of them."""

from functools import partial
from typing import get_args

import gradio as gr

from digitnet.ui.components.closeup import Closeup, closeup
from digitnet.ui.components.confusion import Confusion, cells
from digitnet.ui.components.gallery import Gallery, tiles_of_predictions
from digitnet.ui.resources import Loaded
from digitnet.ui.trained_model import predictions_of
from digitnet.ui.components.sketchpad import Sketchpad, on_paper
from digitnet.ui.tabs.common import QUIETLY, Choice, checked_number, told
from digitnet.ui.test_predictions import Among, Order, Outcome, Selection

EVERY_DIGIT = -1


def add_explore(
    loaded: Loaded, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> None:
    """Fill the tab; `sketchpad`, in the tab with the id "draw" of `tabs`, takes chosen images."""
    predictions = loaded.predictions
    if predictions is None or not loaded.models:
        gr.Markdown("The test predictions need the test images and a model's weights.")
        return
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
        confusion = Confusion(elem_id="confusion")
    chosen, first = gr.State(None), gr.State(1)  # the image opened; the page to begin at
    with gr.Column(visible=False) as details:
        large = Closeup()
        with gr.Row():
            take = gr.Button("Take it to the Draw tab", variant="primary", elem_id="take")
            close = gr.Button("Close", elem_id="close")
    gallery = Gallery(elem_id="gallery")
    with gr.Row(equal_height=True):
        previous = gr.Button("← Previous page", elem_id="previous")
        page = gr.Number(1, label="Page", precision=0, step=1, minimum=1, elem_id="page")
        following = gr.Button("Next page →", elem_id="next")

    def show(model, recipe, own, outcome, order, among, true_digit, predicted_digit, page):
        selection = Selection(outcome, _digit(true_digit), _digit(predicted_digit), among, order)
        known = predictions_of(predictions, own)
        tiles = tiles_of_predictions(known, (recipe, model), selection, page or 1)
        return tiles, tiles["page"]

    def show_all(*chosen):
        model, recipe, own, *_ = chosen
        known = predictions_of(predictions, own)
        key = (recipe, model)
        counts = cells(known.confusion(key), model) if key in known else {}
        return *show(*chosen), counts

    def turn(*chosen, step):
        *filters, page = chosen
        return show(*[*filters, (page or 1) + step])

    def filter_by_cell(model, recipe, own, event: gr.EventData):
        true, predicted = (
            checked_number(told(event, name), 10) for name in ("actual", "predicted")
        )
        tiles, page = show(
            model, recipe, own, "all", "most confident", "every image", true, predicted, 1
        )
        return tiles, page, "all", "most confident", "every image", true, predicted

    def open_tile(recipe, own, event: gr.EventData):
        known = predictions_of(predictions, own)
        index = checked_number(told(event, "index"), len(known.images))
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
    shown = [gallery, page]
    tab.select(show_all, [*filters, page], [*shown, confusion], **QUIETLY)
    page.submit(show, [*filters, page], shown, **QUIETLY)
    for selector in (choice.model, choice.recipe):
        selector.input(show_all, [*filters, first], [*shown, confusion], **QUIETLY)
    choice.recipe.input(reopen, [*asked[1:], chosen], large, **QUIETLY)
    for changed in (outcome, order, among, true_digit, predicted_digit):
        changed.input(show, [*filters, first], shown, **QUIETLY)
    for button, step in ((previous, -1), (following, 1)):
        button.click(partial(turn, step=step), [*filters, page], shown, **QUIETLY)
    confusion.click(
        filter_by_cell,
        asked,
        [*shown, outcome, order, among, true_digit, predicted_digit],
        **QUIETLY,
    )
    gallery.click(open_tile, asked[1:], [chosen, details, large], scroll_to_output=True, **QUIETLY)
    take.click(take_along, chosen, [sketchpad, tabs], **QUIETLY)
    close.click(lambda: (None, gr.Column(visible=False)), None, [chosen, details], **QUIETLY)


def _digit(value: int | None) -> int | None:
    """A digit's filter: None for every digit."""
    return None if value is None or value == EVERY_DIGIT else value
