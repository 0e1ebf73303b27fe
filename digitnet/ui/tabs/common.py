"""What the tabs share: the choice of model and recipe, and how their events are sent."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio.events import Dependency

from digitnet.drawing import Drawing
from digitnet.ui.server.limits import Refusal
from digitnet.ui.resources import TRAINED, Loaded
from digitnet.ui.trained_model import Own
from digitnet.ui.components.sketchpad import Sketchpad, on_paper

# For what must never wait: no queue, no spinner, and while one answer is under way only the newest
# value is kept for the next. What is given is JSON already; Gradio would hand each value to a
# thread, to have it converted.
IMMEDIATELY: dict[str, Any] = {
    "queue": False,
    "trigger_mode": "always_last",
    "postprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
QUIETLY: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass
class Choice:
    """The two selectors above the tabs, and the network that the visitor trained.

    `own` holds a `digitnet.ui.trained_model.Own`, or None. Handlers that ask classifiers take it along, and
    ask those of `digitnet.ui.trained_model.classifiers_of`.
    """

    model: gr.Radio
    recipe: gr.Radio
    own: gr.State


def add_choice(loaded: Loaded) -> Choice:
    """Put the selectors on the page, the best of what is loaded chosen."""
    with gr.Row(elem_id="choice"):
        model = gr.Radio(
            loaded.models,
            value=loaded.models[-1] if loaded.models else None,
            label="Model",
            elem_id="model",
            interactive=True,
        )
        recipe = gr.Radio(
            [(TRAINED[recipe], recipe) for recipe in loaded.recipes],
            value=loaded.recipes[0] if loaded.recipes else None,
            label="Trained",
            elem_id="recipe",
            visible=len(loaded.recipes) > 1,
            interactive=True,
        )
    return Choice(model, recipe, gr.State(None, delete_callback=_forget))


def _forget(own: Own | None) -> None:
    """What is left to do when a visitor's session is deleted."""
    if own:
        own.forget()


def told(event: gr.EventData, name: str) -> Any:
    """What an event tells of `name`; None where it does not, as one that a program made up."""
    try:
        return getattr(event, name, None)
    except TypeError:  # it tells nothing at all
        return None


def checked_number(value: object, count: int) -> int:
    """A number from 0 to `count` - 1 that an event in the browser sent, or a `Refusal`."""
    if type(value) is not int or not 0 <= value < count:
        raise Refusal(f"This must be a whole number from 0 to {count - 1}.")
    return value


def subject_of(loaded: Loaded, value: Drawing | dict[str, int]) -> Drawing | np.ndarray:
    """What lies on the sketchpad: a drawing, or a test image as float32 ``[28, 28]`` in 0..1."""
    if not isinstance(value, dict):
        return value
    if loaded.predictions is None:
        raise Refusal("The test images are not available.")
    images = loaded.predictions.images
    return images[checked_number(value["test_image"], len(images))].astype(np.float32) / 255


def add_is_open(tabs: gr.Tabs, tab: gr.Tab, **how: Any) -> gr.State:
    """A state that tells whether `tab`, one of `tabs`, is open; its event is sent `how`."""

    def is_this(event: gr.EventData) -> bool:
        return told(event, "value") == tab.label

    is_open = gr.State(False)
    tabs.select(is_this, None, is_open, **how)
    return is_open


def add_test_image_picker(loaded: Loaded, sketchpad: Sketchpad, name: str) -> Dependency | None:
    """Put a folded field on the page, whose number lays that test image on `sketchpad`.

    Gives the event, to whose ``then`` may be added what looks at the sketchpad next; None, and no
    field, where the test images are missing. The field has the id `name`, its button and its fold
    have `name` with "-button" and "-fold".
    """
    predictions = loaded.predictions
    if predictions is None:
        return None
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

    def lay(index):
        index = checked_number(index, last + 1)
        return on_paper(index, predictions.images[index])

    return gr.on([number.submit, button.click], lay, number, sketchpad, **QUIETLY)
