"""What the tabs share: the choice of model and recipe, and how their events are sent."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from gradio.events import Dependency

from digitnet.drawing import Strokes
from digitnet.segmentation import segment_drawing
from digitnet.training.recipes import RECIPES
from digitnet.ui.components.answer import PictureReading, Subject
from digitnet.ui.components.sketchpad import Sketchpad, on_paper
from digitnet.ui.resources import Resources
from digitnet.ui.server.limits import Refusal

# For what must never wait: no queue, no spinner, and while one answer is under way only the newest
# value is kept for the next. What is given is JSON already; Gradio would hand each value to a
# thread, to have it converted.
UNQUEUED: dict[str, Any] = {
    "queue": False,
    "trigger_mode": "always_last",
    "postprocess": False,
    "show_progress": "hidden",
    "api_visibility": "private",
}
QUEUED: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
NO_DIGIT = "Draw a digit in the Draw tab, or take a test image."
NO_PICTURED_DIGIT = "No digit was found in the picture."


@dataclass
class Choice:
    """The two selectors above the tabs, and what the visitor brought along.

    `own` holds a `digitnet.ui.trained_model.TrainedModel`, the network that the visitor trained, or None. Handlers
    that ask classifiers take it along, and ask those of `digitnet.ui.trained_model.classifiers_of`.
    `picture` holds a `digitnet.ui.components.answer.PictureReading`, the picture last read, or None; see `subject_of`.
    """

    model: gr.Radio
    recipe: gr.Radio
    own: gr.State
    picture: gr.State


def add_choice(resources: Resources) -> Choice:
    """Put the selectors on the page, the best of what is loaded chosen."""
    with gr.Row(elem_id="choice"):
        model = gr.Radio(
            resources.models,
            value=resources.models[-1] if resources.models else None,
            label="Model",
            elem_id="model",
            interactive=True,
        )
        recipe = gr.Radio(
            [(RECIPES[recipe].label, recipe) for recipe in resources.recipes],
            value=resources.recipes[0] if resources.recipes else None,
            label="Trained",
            elem_id="recipe",
            visible=len(resources.recipes) > 1,
            interactive=True,
        )
    return Choice(model, recipe, gr.State(None), gr.State(None, time_to_live=3600))  # seconds


def event_value(event: gr.EventData, name: str) -> Any:
    """What an event tells of `name`; None where it does not, as one that a program made up."""
    try:
        return getattr(event, name, None)
    except TypeError:  # it tells nothing at all
        return None


class Number(gr.Number):
    """A field whose number `checked_number` looks at: Gradio does not name the range."""

    is_template = True  # a gr.Number to the browser

    def preprocess(self, payload: Any) -> Any:
        return payload


def checked_number(value: object, count: int, name: str = "This", first: int = 0) -> int:
    """One of `count` numbers from `first` on that the browser sent; a `Refusal` if it is not."""
    last = first + count - 1
    if type(value) is not int or not first <= value <= last:
        raise Refusal(f"{name} must be a whole number from {first} to {last:,}.")
    return value


def subject_of(
    resources: Resources, value: Strokes | dict[str, int], picture: PictureReading | None = None
) -> Subject:
    """What lies on the sketchpad: a drawing, a test image or the visitor's `picture`.

    A test image is given as float32 ``[28, 28]`` in 0..1.
    """
    if not isinstance(value, dict):
        return value
    if "test_image" not in value:
        if picture is None:
            raise Refusal("The picture is no longer here; choose it again.")
        return picture
    if resources.predictions is None:
        raise Refusal("The test images are not available.")
    images = resources.predictions.images
    return images[checked_number(value["test_image"], len(images))].astype(np.float32) / 255


def only_digit(subject: Subject) -> np.ndarray:
    """The image float32 ``[28, 28]`` of the one digit of `subject`.

    Raises
    ------
    Refusal : if there is none, or several.
    ValueError : if a drawing has too many strokes or digits.
    """
    if isinstance(subject, np.ndarray):
        return subject
    if isinstance(subject, PictureReading):
        found, place, instead = subject.found, "in the picture", "show only one"
    else:
        found, place, instead = (
            segment_drawing(subject),
            "on the sketchpad",
            "leave only one",
        )
    if len(found) > 1:
        raise Refusal(f"There are several digits {place}: {instead}.")
    if not found:
        raise Refusal(NO_PICTURED_DIGIT if isinstance(subject, PictureReading) else NO_DIGIT)
    return found[0].image


def add_is_open(tabs: gr.Tabs, tab: gr.Tab, **how: Any) -> gr.State:
    """A state that tells whether `tab`, one of `tabs`, is open; its event is sent `how`."""

    def is_this(event: gr.EventData) -> bool:
        return event_value(event, "value") == tab.label

    is_open = gr.State(False)
    tabs.select(is_this, None, is_open, **how)
    tab.select(lambda: True, None, is_open, **how)  # the page opened it by itself
    return is_open


def add_test_image_picker(
    resources: Resources, sketchpad: Sketchpad, name: str
) -> Dependency | None:
    """Put a folded field on the page, whose number lays that test image on `sketchpad`.

    Gives the event, to whose ``then`` may be added what looks at the sketchpad next; None, and no
    field, where the test images are missing. The field has the id `name`, its button and its fold
    have `name` with "-button" and "-fold".
    """
    predictions = resources.predictions
    if predictions is None:
        return None
    last = len(predictions.images) - 1
    fold = gr.Accordion("A test image instead", open=False, elem_id=f"{name}-fold")
    with fold, gr.Row(equal_height=True):
        number = Number(
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
        index = checked_number(index, last + 1, "The test image")
        return on_paper(index, predictions.images[index])

    return gr.on([number.submit, button.click], lay, number, sketchpad, **QUEUED)
