"""Draw: the sketchpad or a picture, and the models' predictions while the visitor draws."""

import asyncio
from typing import Any

import gradio as gr

from digitnet.ui.browser import describe_trained
from digitnet.ui.components.answer import TELL_ASKED, answer, error_answer, read_picture
from digitnet.ui.components.base import View
from digitnet.ui.components.picture import PictureInput, problem
from digitnet.ui.components.sketchpad import PEN_WIDTH, SIZE, Sketchpad
from digitnet.ui.resources import Resources
from digitnet.ui.server.endpoints import decoded
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import (
    QUEUED,
    UNQUEUED,
    Choice,
    checked_choice,
    event_value,
    subject_of,
)
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import classifiers_of

# A drawing of at most so many points, as people draw them, is answered in the thread that receives
# requests: another thread would compete with it, and both would take twice as long.
MAX_POINTS_INLINE = 2_000
PICTURE = {"picture": True}  # the sketchpad's value while it shows a visitor's picture
# Not Pillow's own words: they may quote the file.
UNREADABLE = "This picture could not be read; choose a PNG or JPEG file of at most 25 megapixels."
# A drawing that got no answer is sent again.
TELL_UNANSWERED = """() => { window.dispatchEvent(new Event("digitnet:unanswered")); }"""


def add_draw(
    resources: Resources, choice: Choice, engine: dict[str, Any]
) -> tuple[Sketchpad, gr.Checkbox]:
    """Fill the tab; `engine` is what `serve_engine` returned.

    Returns
    -------
    The sketchpad, which other tabs read too, and the checkbox whether a drawing is fitted as
    MNIST's digits were.
    """
    models = (*resources.models, YOURS, None)

    @handler
    def answer_to(value, model, recipe, trained, geometry, picture):
        checked_choice(model, models)
        classifiers = classifiers_of(resources, recipe, trained)
        try:
            subject = subject_of(resources, value, picture)
            shown = answer(classifiers, model, subject, geometry, resources.likeness)
        except ValueError as error:
            shown = error_answer(classifiers, model, str(error))
        return shown | {"recipe": recipe}

    @handler
    async def recognise(value, *chosen):
        if is_answered_inline(value):
            return answer_to(value, *chosen)
        return await asyncio.to_thread(answer_to, value, *chosen)

    chosen = {
        "model": str(choice.model.value),
        "recipe": str(choice.recipe.value),
        "geometry": "true",
    }
    with gr.Row(elem_id="draw"):
        with gr.Column(min_width=300):
            sketchpad = Sketchpad(chosen=chosen)
            picture_input = PictureInput()
            if len(resources.models) > 1:
                View("challenge", {"model": resources.models[-1]}, elem_id="challenge")
        with gr.Column(min_width=300):
            answers = View(
                "answer",
                elem_id="answer",
                value=answer_to([], choice.model.value, choice.recipe.value, None, True, None),
                engine=engine,
                canvas={"size": SIZE, "min_extent": PEN_WIDTH},
            )
            geometry = gr.Checkbox(
                True,
                label="Fit it as MNIST's digits were",
                info="Off, the whole canvas is squeezed to 28x28: why other demos fail.",
                elem_id="geometry",
            )
    network = View("network", elem_id="network", engine=engine, chosen=chosen)
    choice.trained.change(describe_trained, choice.trained, network, **QUEUED)
    # One listener, so that the answers come in the order of the events. A training adds a model,
    # which answers to what is on the sketchpad already; buttons of other tabs select it.
    asked = gr.on(
        [
            *(sketchpad.input, choice.trained.change),
            *(choice.model.change, choice.recipe.input, geometry.input),
        ],
        recognise,
        [
            *(sketchpad, choice.model, choice.recipe, choice.trained),
            *(geometry, choice.picture),
        ],
        answers,
        js=TELL_ASKED,
        **UNQUEUED,
    )
    asked.failure(None, js=TELL_UNANSWERED, api_visibility="private")

    @handler
    def answer_to_picture(model, recipe, trained, event: gr.EventData):
        content = event_value(event, "content")
        if not isinstance(content, str):
            raise ValueError("There is no picture in this.")
        try:
            reading = read_picture(decoded(content), resources.likeness)
        except ValueError:
            return {picture_input: problem(UNREADABLE)}
        return {
            answers: answer_to(PICTURE, model, recipe, trained, True, reading),
            sketchpad: reading.laid,
            choice.picture: reading,
            picture_input: {},
        }

    picture_input.upload(
        answer_to_picture,
        [choice.model, choice.recipe, choice.trained],
        [answers, sketchpad, choice.picture, picture_input],
        **QUEUED,
    )
    return sketchpad, geometry


def is_answered_inline(value: object) -> bool:
    """Whether `value` is a drawing of at most `MAX_POINTS_INLINE` points."""
    if not isinstance(value, list):
        return False
    return sum(len(stroke) for stroke in value if isinstance(stroke, list)) <= MAX_POINTS_INLINE
