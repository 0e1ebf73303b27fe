"""Draw: the sketchpad or a picture, and what the models say of it while the visitor draws."""

import asyncio
from pathlib import Path

import gradio as gr

from digitnet.ui.components.answer import Answer, answer, read
from digitnet.ui.server.limits import one_sentence
from digitnet.ui.resources import Loaded
from digitnet.ui.trained_model import classifiers_of
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.tabs.common import IMMEDIATELY, QUIETLY, Choice, subject_of
from digitnet.ui.upload import Upload

# A drawing of so many points, as hands draw them, is answered where requests arrive: a thread would
# take turns with that one, and both would take twice as long.
MOST_POINTS_AT_ONCE = 2_000


def add_draw(loaded: Loaded, choice: Choice) -> Sketchpad:
    """Fill the tab; gives its sketchpad, whose content other tabs look at too."""

    def answer_to(value, model, recipe, own, geometry, picture=None):
        with one_sentence():
            # The drawing comes first: a picture stays where it is while somebody draws.
            subject = picture if picture and not value else subject_of(loaded, value)
            return answer(classifiers_of(loaded, recipe, own), model, subject, geometry)

    async def recognise(value, *chosen):
        if length_of(value) > MOST_POINTS_AT_ONCE:
            return await asyncio.to_thread(answer_to, value, *chosen)
        return answer_to(value, *chosen)

    picture = gr.State(None, time_to_live=3600)  # the last one that was read; seconds
    with gr.Row(elem_id="draw"):
        with gr.Column(min_width=300):
            sketchpad = Sketchpad()
            with gr.Accordion("A picture instead", open=False, elem_id="picture-fold"):
                upload = Upload(
                    sources=["upload", "clipboard", "webcam"],
                    label="Photo or scan of one digit, or of several in a row",
                    height=240,
                    elem_id="picture",
                )
        with gr.Column(min_width=300):
            answers = Answer(
                value=answer_to([], choice.model.value, choice.recipe.value, None, True)
            )
            geometry = gr.Checkbox(
                True,
                label="Fit it as MNIST's digits were",
                info="Off, the whole canvas is squeezed to 28x28: why other demos fail.",
                elem_id="geometry",
            )
    chosen = [sketchpad, choice.model, choice.recipe, choice.own, geometry]
    sketchpad.input(recognise, chosen, answers, **IMMEDIATELY)
    gr.on(
        [choice.model.input, choice.recipe.input, geometry.input],
        answer_to,
        [*chosen, picture],
        answers,
        **IMMEDIATELY,
    )
    # A network just trained answers to what lies there already.
    choice.own.change(answer_to, [*chosen, picture], answers, **QUIETLY)

    def read_picture(model, recipe, own, file):
        if file is None:
            return gr.skip()
        try:
            with one_sentence():
                picture = read(file)
        finally:
            Path(file).unlink(missing_ok=True)  # nobody's picture stays on the disk
        return answer_to([], model, recipe, own, True, picture), [], picture, None

    upload.input(
        read_picture,
        [choice.model, choice.recipe, choice.own, upload],
        [answers, sketchpad, picture, upload],
        **QUIETLY,
    )
    return sketchpad


def length_of(value: object) -> int:
    """How many points a drawing has, if it is one; 0 else."""
    strokes = value if isinstance(value, list) else []
    return sum(len(stroke) for stroke in strokes if isinstance(stroke, list))
