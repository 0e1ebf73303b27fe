"""Test predictions: the 10,000 test images, sorted and filtered by a model's predictions."""

from typing import Any, get_args

import gradio as gr

from digitnet.models import CLASSES, available_models
from digitnet.ui.components.base import View
from digitnet.ui.components.closeup import closeup
from digitnet.ui.components.confusion import cells
from digitnet.ui.components.gallery import placeholders, prediction_tiles
from digitnet.ui.components.sketchpad import Sketchpad, test_image_value
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import Choice, checked_choice, checked_number, event_value, in_order
from digitnet.ui.test_predictions import YOURS, Among, Order, Outcome, Selection
from digitnet.ui.trained_model import predictions_of

EVERY_DIGIT = -1
SECONDS = 1  # between two updates, while the images are being recognised
SCROLL_TO_GALLERY = "() => document.querySelector('#gallery').scrollIntoView()"
# The buttons that turn the page are below the images.
SCROLL_UP = """() => {
    const gallery = document.querySelector("#gallery");
    if (gallery.getBoundingClientRect().top < 0) gallery.scrollIntoView();
}"""


def add_explore(
    resources: Resources, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> dict[gr.components.Component, Any]:
    """Fill `tab`; images can be sent to `sketchpad`, which is in the tab "draw" of `tabs`.

    Returns
    -------
    The values of its components with which it shows only a model's mistakes.
    """
    predictions = resources.predictions
    if predictions is None or not resources.models:
        gr.Markdown("The test predictions need the test images and a model's weights.")
        return {}
    largest = available_models()[-1]
    digits = [("every digit", EVERY_DIGIT)] + [(str(digit), digit) for digit in range(10)]
    outcome = gr.Radio(get_args(Outcome), value="wrong", label="Show", elem_id="outcome")
    with gr.Accordion("Sort and filter", open=False, elem_id="filters"), gr.Row():
        order = gr.Dropdown(
            get_args(Order), value="most confident", label="In the order of", elem_id="order"
        )
        among = gr.Dropdown(
            [
                (name.replace("the largest model", f"the {largest}"), name)
                for name in get_args(Among)
            ],
            value="every image",
            label="Among",
            elem_id="among",
        )
        true_digit = gr.Dropdown(
            digits, value=EVERY_DIGIT, label="True digit", elem_id="true-digit"
        )
        predicted_digit = gr.Dropdown(
            digits, value=EVERY_DIGIT, label="Predicted digit", elem_id="predicted-digit"
        )
    with gr.Accordion("Confusion matrix", open=False, elem_id="confusion-fold"):
        confusion = View("confusion", elem_id="confusion")
    opened = gr.State(None)  # the number of the image that is shown large
    at = gr.State(1)  # the page that is shown
    timer = gr.Timer(SECONDS, active=False)
    with gr.Column(visible=False) as details:
        large = View("closeup", elem_id="closeup")
        with gr.Row():
            take = gr.Button("Take it to the Draw tab", variant="primary", elem_id="take")
            close = gr.Button("Close", elem_id="close")
    gallery = View("gallery", value=placeholders(), elem_id="gallery")
    with gr.Row(equal_height=True):
        previous = gr.Button("← Previous page", elem_id="previous")
        page = gr.Number(1, label="Page", precision=0, step=1, minimum=1, elem_id="page")
        following = gr.Button("Next page →", elem_id="next")

    def tiles_of(model, recipe, trained, outcome, order, among, true_digit, predicted_digit, page):
        checked_choice(model, [*resources.models, YOURS])
        checked_choice(recipe, resources.recipes)
        for value, kind in ((outcome, Outcome), (order, Order), (among, Among)):
            checked_choice(value, get_args(kind))
        selection = Selection(outcome, _digit(true_digit), _digit(predicted_digit), among, order)
        known = predictions_of(predictions, trained)
        return prediction_tiles(known, (recipe, model), selection, page)

    def counts_of(model, recipe, trained):
        known = predictions_of(predictions, trained)
        key = (recipe, model)
        return cells(known.confusion(key), model) if key in known else {}

    @handler
    def show(
        model,
        recipe,
        trained,
        outcome,
        order,
        among,
        true_digit,
        predicted_digit,
        typed,
        shown_page,
        event: gr.EventData,
    ):
        will_grow = predictions.will_grow  # first: what is shown now may be older than that
        models = model, recipe, trained
        filters = *models, outcome, order, among, true_digit, predicted_digit
        if event.target is page:
            pages = tiles_of(*filters, 1)["pages"]
            wanted = checked_number(typed, pages, "The page", first=1)
        else:
            steps: dict[Any, int] = {previous: -1, following: 1, tab: 0}
            wanted = shown_page + steps[event.target] if event.target in steps else 1
        tiles = tiles_of(*filters, wanted)
        timer = gr.Timer(active=will_grow)
        return tiles, tiles["page"], tiles["page"], counts_of(*models), timer

    @handler
    def update(index, *values):
        """Show what was recognised since, but leave the page number that is being typed."""
        timer = gr.Timer(active=predictions.will_grow)
        _, recipe, trained, *_ = values
        return tiles_of(*values), counts_of(*values[:3]), timer, reopen(recipe, trained, index)

    @handler
    def filter_by_cell(model, recipe, trained, event: gr.EventData):
        true, predicted = (
            checked_number(event_value(event, name), 10) for name in ("actual", "predicted")
        )
        filters = "all", "most confident", "every image", true, predicted
        tiles = tiles_of(model, recipe, trained, *filters, 1)
        return tiles, tiles["page"], tiles["page"], *filters

    @handler
    def open_tile(recipe, trained, event: gr.EventData):
        known = predictions_of(predictions, trained)
        index = checked_number(event_value(event, "index"), len(known.images))
        return index, gr.Column(visible=True), closeup(known, recipe, index)

    @handler
    def reopen(recipe, trained, index):
        if index is None:
            return gr.skip()
        return closeup(predictions_of(predictions, trained), recipe, index)

    @handler
    def take_to_sketchpad(index):
        index = checked_number(index, len(predictions.images))
        return test_image_value(index, predictions.images[index]), gr.Tabs(selected="draw")

    options = in_order("explore")
    models = [choice.model, choice.recipe, choice.trained]
    filters = [*models, outcome, order, among, true_digit, predicted_digit]
    shown = [gallery, page, at]
    # One listener, so that an answer never comes before that to an earlier event. "always_last"
    # would repeat the trigger of an earlier event in place of the newest one's.
    gr.on(
        [
            *(tab.select, page.submit, previous.click, following.click),
            *(selector.input for selector in (choice.model, choice.recipe)),
            *(one.input for one in (outcome, order, among, true_digit, predicted_digit)),
        ],
        show,
        [*filters, page, at],
        [*shown, confusion, timer],
        **options | {"trigger_mode": "multiple"},
    ).success(None, js=SCROLL_UP, api_visibility="private")
    timer.tick(update, [opened, *filters, at], [gallery, confusion, timer, large], **options)
    choice.recipe.input(reopen, [*models[1:], opened], large, **options)
    confusion.click(
        filter_by_cell,
        models,
        [*shown, outcome, order, among, true_digit, predicted_digit],
        **options,
    ).success(None, js=SCROLL_TO_GALLERY, api_visibility="private")
    gallery.click(open_tile, models[1:], [opened, details, large], **options)
    take.click(take_to_sketchpad, opened, [sketchpad, tabs], **options)
    close.click(lambda: (None, gr.Column(visible=False)), None, [opened, details], **options)
    return {
        outcome: "wrong",
        order: "most confident",
        among: "every image",
        true_digit: EVERY_DIGIT,
        predicted_digit: EVERY_DIGIT,
        page: 1,
    }


def _digit(value: object) -> int | None:
    """The digit to filter by, as the browser sent it; None for every digit."""
    return None if value in (None, EVERY_DIGIT) else checked_number(value, CLASSES)
