"""Why: the attribution of the chosen model's prediction, and the activations inside it."""

from typing import Any

import gradio as gr

from digitnet.classifier import Classifier
from digitnet.ui.components.answer import PictureReading, Subject
from digitnet.ui.components.base import View
from digitnet.ui.components.evidence import evidence
from digitnet.ui.components.parts import parts
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import (
    Choice,
    add_starters,
    add_test_image_picker,
    if_open,
    in_order,
    only_digit,
    subject_of,
)
from digitnet.ui.trained_model import classifiers_of

ITS_ANSWER = -1


def add_why(resources: Resources, choice: Choice, sketchpad: Sketchpad, tab: gr.Tab) -> None:
    """Fill `tab`; it explains the prediction for what is on `sketchpad`."""

    @handler
    def explain(value, picture, model, recipe, trained, digit):
        if value is None:  # another tab is open
            return gr.skip(), gr.skip(), gr.skip()
        try:
            subject = subject_of(resources, value, picture)
            classifiers = classifiers_of(resources, recipe, trained)
            return *explanation(classifiers, model, subject, _digit(digit)), gr.Row(visible=False)
        except ValueError as error:
            return {"empty": str(error)}, {}, gr.Row(visible=True)

    digit = gr.Radio(
        [("its answer", ITS_ANSWER), *((str(digit), digit) for digit in range(10))],
        value=ITS_ANSWER,
        label="Why, or why not",
        elem_id="why-digit",
    )
    placed = gr.State(0)  # how often something was put on the sketchpad from here
    add_test_image_picker(resources, sketchpad, placed, "why-image")
    shown: list[gr.blocks.Block] = [View("evidence", elem_id="evidence")]
    starters = add_starters(resources, sketchpad, placed, "why-starters")
    with gr.Accordion("For engineers: inside the network", open=False, elem_id="engineers"):
        shown.append(View("parts", elem_id="parts"))
    shown.append(starters)
    chosen = [sketchpad, choice.picture, choice.model, choice.recipe, choice.trained, digit]
    gr.on(
        [
            *(tab.select, placed.change),
            *(choice.model.input, choice.recipe.input, digit.input),
        ],
        explain,
        chosen,
        shown,
        **in_order("why"),
        **if_open(tab),
    )


def explanation(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    subject: Subject,
    digit: int | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of both components for `chosen`, one of `classifiers`; see `evidence`.

    Raises
    ------
    ValueError : if there is no such model, or `subject` is not exactly one digit.
    """
    if chosen not in classifiers:
        raise ValueError("This model's weights are not available.")
    classifier, image = classifiers[chosen], only_digit(subject)
    about = image if isinstance(subject, PictureReading) else subject
    return evidence(chosen, classifier, about, image, digit), parts(classifier, image, digit)


def _digit(value: int) -> int | None:
    """The digit to explain; None for the predicted one."""
    return None if value == ITS_ANSWER else value
