"""What the tabs share: the selectors of model and recipe, event options, and input checks."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from digitnet.classifier import DEFAULT_RECIPE
from digitnet.models import available_models
from digitnet.segmentation import segment_drawing
from digitnet.training.recipes import RECIPES
from digitnet.ui.components.answer import PictureReading, Subject
from digitnet.ui.components.sketchpad import (
    Sketchpad,
    example,
    sketchpad_value,
    test_image_value,
)
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import UNEXPECTED, handler
from digitnet.ui.test_predictions import Selection

# Options of events. Without `preprocess`, handlers get what the browser sent and check it: Gradio's
# components would quote a wrong value in their messages, and in the log.
QUEUED: dict[str, Any] = {
    "preprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
# For what must never wait: there is no queue, and while one event is being answered, only the
# newest one after it is kept. What handlers return is JSON already; Gradio would convert each value
# in a thread.
UNQUEUED: dict[str, Any] = {
    **QUEUED,
    "queue": False,
    "trigger_mode": "always_last",
    "postprocess": False,
}
# JavaScript of an event for whose tab the id is filled in: the first of the values is sent as null
# while another tab is open.
IF_OPEN = """async (first, ...others) => {
    await new Promise((done) => setTimeout(done));  // a tab that was selected is shown then
    const open = document.getElementById("TAB")?.checkVisibility();
    return [open ? first : null, ...others];
}"""
FOUR = "4 open"  # a style of `digitnet.synthetic.allographs`
NO_DIGIT = "Draw a digit in the Draw tab, or take a test image."
NO_PICTURED_DIGIT = "No digit was found in the picture."


@dataclass
class Choice:
    """The two selectors above the tabs, and what is kept for a visitor's session.

    Attributes
    ----------
    model, recipe : the selectors
    trained : holds the `digitnet.ui.trained_model.TrainedModel` that the visitor trained, or None;
        handlers that predict take it as an input of `digitnet.ui.trained_model.classifiers_of`
    picture : holds the `digitnet.ui.components.answer.PictureReading` of the visitor's last
        picture, or None; see `subject_of`
    """

    model: gr.Radio
    recipe: gr.Radio
    trained: gr.State
    picture: gr.State


def add_choice(resources: Resources) -> Choice:
    """Put the selectors on the page, with the best of the loaded models selected."""
    with gr.Row(elem_id="choice"):
        recipe = gr.Radio(
            [(RECIPES[recipe].label, recipe) for recipe in resources.recipes],
            value=resources.recipes[0] if resources.recipes else None,
            label="Trained",
            elem_id="recipe",
            visible=len(resources.recipes) > 1,
            interactive=True,
        )
        model = gr.Radio(
            resources.models,
            value=resources.models[-1] if resources.models else None,
            label="Model",
            elem_id="model",
            interactive=True,
        )
    return Choice(model, recipe, gr.State(None), gr.State(None, time_to_live=3600))  # seconds


def in_order(name: str) -> dict[str, Any]:
    """The options of events whose results replace each other, such as all that fill one gallery.

    They are answered one at a time, in the order in which they arrive, and requests may overtake
    each other on their way. Events of one listener do not: while one is being answered, only the
    newest one after it is kept. So what must not replace a later result has one listener.

    Parameters
    ----------
    name : of the group; events of different groups don't wait for each other
    """
    return {
        **QUEUED,
        "trigger_mode": "always_last",
        "concurrency_id": name,
        "concurrency_limit": 1,
    }


def if_open(tab: gr.Tab) -> dict[str, Any]:
    """The option of an event whose first input is None while `tab` is not open."""
    return {"js": IF_OPEN.replace("TAB", str(tab.elem_id))}


def event_value(event: gr.EventData, name: str) -> Any:
    """The value `name` in the data of an event; None where there is none."""
    try:
        return getattr(event, name, None)
    except TypeError:  # the event has no data
        return None


def checked_choice(value: Any, choices: Collection[Any]) -> Any:
    """`value` as the browser sent it; ValueError if it is not one of `choices`."""
    if value not in choices:
        raise ValueError(UNEXPECTED)
    return value


def checked_number(value: object, count: int, name: str = "This", first: int = 0) -> int:
    """`value` as the browser sent it; ValueError if it isn't an integer of `count` from `first`."""
    last = first + count - 1
    if type(value) is not int or not first <= value <= last:
        raise ValueError(f"{name} must be a whole number from {first} to {last:,}.")
    return value


def subject_of(
    resources: Resources, payload: Any, picture: PictureReading | None = None
) -> Subject:
    """What is on the sketchpad: a drawing, a test image or the visitor's picture.

    A test image is returned as float32 ``[28, 28]`` in 0..1.

    Parameters
    ----------
    resources : hold the test images
    payload : the sketchpad's value as the browser sent it
    picture : the visitor's picture, if there is one

    Raises
    ------
    ValueError : with a sentence for the visitor, if there is no such thing.
    """
    value = sketchpad_value(payload)
    if not isinstance(value, dict):
        return value
    if "test_image" not in value:
        if picture is None:
            raise ValueError("The picture is no longer here; choose it again.")
        return picture
    if resources.predictions is None:
        raise ValueError("The test images are not available.")
    images = resources.predictions.images
    return images[checked_number(value["test_image"], len(images))].astype(np.float32) / 255


def only_digit(subject: Subject) -> np.ndarray:
    """The image float32 ``[28, 28]`` of the only digit of `subject`.

    Raises
    ------
    ValueError : if there is none, or more than one.
    """
    if isinstance(subject, np.ndarray):
        return subject
    if isinstance(subject, PictureReading):
        found, place, advice = subject.found, "in the picture", "show only one"
    else:
        found, place, advice = segment_drawing(subject), "on the sketchpad", "leave only one"
    if len(found) > 1:
        raise ValueError(f"There are several digits {place}: {advice}.")
    if not found:
        raise ValueError(NO_PICTURED_DIGIT if isinstance(subject, PictureReading) else NO_DIGIT)
    return found[0].image


def add_starters(resources: Resources, sketchpad: Sketchpad, placed: gr.State, name: str) -> gr.Row:
    """Put buttons on the page that put something on `sketchpad`, for when nothing is there.

    `placed` holds how often that happened, an int. The id of the row, which is returned, is `name`.
    """
    best, predictions = available_models()[-1], resources.predictions
    with gr.Row(visible=False, elem_id=name) as row:
        four = gr.Button("Use a 4", size="md")
        shown = [sketchpad, placed]
        four.click(lambda times: (example(FOUR), times + 1), placed, shown, **QUEUED)
        if predictions is not None:

            @handler
            def worst_mistake(times):
                known = predictions.so_far()
                key = (DEFAULT_RECIPE, best)
                wrong = Selection(outcome="wrong", order="most confident")
                found = known.indices(key, wrong).tolist() if key in known else []
                index = found[0] if found else 0
                return test_image_value(index, known.images[index]), times + 1

            mistake = gr.Button(f"Use a test image that the {best} gets wrong", size="md")
            mistake.click(worst_mistake, placed, shown, **QUEUED)
    return row


def add_test_image_picker(
    resources: Resources, sketchpad: Sketchpad, placed: gr.State, name: str
) -> None:
    """Put a field for the number of a test image on the page, which then shows on `sketchpad`.

    `placed` holds how often that happened, an int. The field has the id `name`; its button and
    accordion have `name` with "-button" and "-fold". Without test images there is no field.
    """
    predictions = resources.predictions
    if predictions is None:
        return
    last = len(predictions.images) - 1
    fold = gr.Accordion("A test image instead", open=False, elem_id=f"{name}-fold")
    with fold, gr.Row(equal_height=True):
        number = gr.Number(
            0,
            label=f"Test image, 0 to {last:,}",
            precision=0,
            step=1,
            minimum=0,
            maximum=last,
            elem_id=name,
        )
        button = gr.Button("Put it on the sketchpad", size="md", elem_id=f"{name}-button")

    @handler
    def show_test_image(index, times):
        index = checked_number(index, last + 1, "The test image")
        return test_image_value(index, predictions.images[index]), times + 1

    gr.on(
        [number.submit, button.click],
        show_test_image,
        [number, placed],
        [sketchpad, placed],
        **QUEUED,
    )
