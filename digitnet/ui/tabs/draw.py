"""Draw: the sketchpad or a picture, and what the models say of it while the visitor draws."""

import asyncio

import gradio as gr

from digitnet.ui.components.answer import ASK, answer, read, refused
from digitnet.ui.components.base import View
from digitnet.ui.components.picture import PictureInput, trouble
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.resources import Resources
from digitnet.ui.server.endpoints import decoded
from digitnet.ui.server.limits import Refusal, one_sentence
from digitnet.ui.tabs.common import QUEUED, UNQUEUED, Choice, event_value, subject_of
from digitnet.ui.trained_model import classifiers_of

# A drawing of so many points, as hands draw them, is answered where requests arrive: a thread would
# take turns with that one, and both would take twice as long.
MAX_POINTS_INLINE = 2_000
PICTURE = {"picture": True}  # the sketchpad's value while a visitor's picture lies there
# Not Pillow's own words: they may quote the file.
UNREADABLE = "This picture could not be read; choose a PNG or JPEG file of at most 25 megapixels."


# A drawing that got no answer is sent again.
TELL_UNANSWERED = """() => { window.dispatchEvent(new Event("digitnet:unanswered")); }"""


def add_draw(resources: Resources, choice: Choice) -> tuple[Sketchpad, gr.Checkbox]:
    """Fill the tab; gives its sketchpad, whose content other tabs look at too, and the choice
    whether a drawing is fitted as MNIST's digits were."""

    def answer_to(value, model, recipe, own, geometry, picture=None):
        classifiers = classifiers_of(resources, recipe, own)
        try:
            with one_sentence():
                subject = subject_of(resources, value, picture)
                return answer(classifiers, model, subject, geometry)
        except Refusal as refusal:
            return refused(classifiers, model, refusal.message)

    async def recognise(value, *chosen):
        if length_of(value) > MAX_POINTS_INLINE:
            return await asyncio.to_thread(answer_to, value, *chosen)
        return answer_to(value, *chosen)

    with gr.Row(elem_id="draw"):
        with gr.Column(min_width=300):
            sketchpad = Sketchpad(
                chosen={
                    "model": str(choice.model.value),
                    "recipe": str(choice.recipe.value),
                    "geometry": "true",
                }
            )
            picture_input = PictureInput()
        with gr.Column(min_width=300):
            answers = View(
                "answer",
                elem_id="answer",
                value=answer_to([], choice.model.value, choice.recipe.value, None, True),
            )
            geometry = gr.Checkbox(
                True,
                label="Fit it as MNIST's digits were",
                info="Off, the whole canvas is squeezed to 28x28: why other demos fail.",
                elem_id="geometry",
            )
    chosen = [sketchpad, choice.model, choice.recipe, choice.own, geometry]
    drawn = sketchpad.input(recognise, chosen, answers, js=ASK, **UNQUEUED)
    selected = gr.on(
        [choice.model.change, choice.recipe.input, geometry.input],  # who trains one changes it too
        answer_to,
        [*chosen, choice.picture],
        answers,
        js=ASK,
        **UNQUEUED,
    )
    for asked in (drawn, selected):
        asked.failure(None, js=TELL_UNANSWERED, api_visibility="private")
    # A network just trained answers to what lies there already.
    choice.own.change(answer_to, [*chosen, choice.picture], answers, **QUEUED)

    def read_picture(model, recipe, own, event: gr.EventData):
        content = event_value(event, "content")
        if not isinstance(content, str):
            raise Refusal("There is no picture in this.")
        try:
            found = read(decoded(content))
        except ValueError:
            return {picture_input: trouble(UNREADABLE)}
        return {
            answers: answer_to(PICTURE, model, recipe, own, True, found),
            sketchpad: {"picture": found.shown["picture"]},
            choice.picture: found,
            picture_input: {},
        }

    picture_input.upload(
        read_picture,
        [choice.model, choice.recipe, choice.own],
        [answers, sketchpad, choice.picture, picture_input],
        **QUEUED,
    )
    return sketchpad, geometry


def length_of(value: object) -> int:
    """How many points a drawing has, if it is one; 0 else."""
    strokes = value if isinstance(value, list) else []
    return sum(len(stroke) for stroke in strokes if isinstance(stroke, list))
