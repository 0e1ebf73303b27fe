"""Why: which ink speaks for a digit, and what the parts of the chosen network make of it."""

from typing import Any

import gradio as gr
import numpy as np

from digitnet.classifier import Classifier
from digitnet.drawing import Drawing
from digitnet.segmentation import find_digits_in_drawing
from digitnet.ui.components.evidence import Evidence, evidence
from digitnet.ui.server.limits import one_sentence
from digitnet.ui.resources import Loaded
from digitnet.ui.trained_model import classifiers_of
from digitnet.ui.components.parts import Parts, parts
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.tabs.common import (
    QUIETLY,
    Choice,
    add_is_open,
    add_test_image_picker,
    subject_of,
)

ITS_ANSWER = -1
# One after another, as they were sent: an explanation takes longer than an answer, and an earlier
# one must not replace a later one.
IN_TURN: dict[str, Any] = {**QUIETLY, "concurrency_id": "why", "concurrency_limit": 1}


def add_why(
    loaded: Loaded, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> None:
    """Fill the tab, one of `tabs`, which is about what lies on `sketchpad`."""

    def explain(value, model, recipe, own, digit):
        with one_sentence():
            subject = subject_of(loaded, value)
            classifiers = classifiers_of(loaded, recipe, own)
            return explanation(classifiers, model, subject, _digit(digit))

    def explain_if_open(is_open, *chosen):
        return explain(*chosen) if is_open else (gr.skip(), gr.skip())

    digit = gr.Radio(
        [("its answer", ITS_ANSWER), *((str(digit), digit) for digit in range(10))],
        value=ITS_ANSWER,
        label="Why, or why not",
        elem_id="why-digit",
    )
    picked = add_test_image_picker(loaded, sketchpad, "why-image")
    shown = [Evidence(), Parts()]
    # Nothing is explained while the visitor is elsewhere.
    is_open = add_is_open(tabs, tab, **IN_TURN)
    chosen = [sketchpad, choice.model, choice.recipe, choice.own, digit]
    tab.select(explain, chosen, shown, **IN_TURN)
    gr.on(
        [choice.model.input, choice.recipe.input],
        explain_if_open,
        [is_open, *chosen],
        shown,
        **IN_TURN,
    )
    digit.input(explain, chosen, shown, **IN_TURN)
    if picked:
        picked.then(explain, chosen, shown, **IN_TURN)


def explanation(
    classifiers: dict[str, Classifier],
    chosen: str | None,
    subject: Drawing | np.ndarray,
    digit: int | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the two components show of `chosen`, one of `classifiers`; see `evidence`.

    Raises
    ------
    ValueError : if `subject` is no drawing.
    """
    if chosen not in classifiers:
        return {"empty": "This model's weights are not available."}, {}
    classifier = classifiers[chosen]
    if isinstance(subject, np.ndarray):
        image = subject
    else:
        found = find_digits_in_drawing(subject)
        if not found:
            return {"empty": "Draw a digit in the Draw tab, or take a test image."}, {}
        if len(found) > 1:
            return {"empty": "There are several digits on the sketchpad. Draw one alone."}, {}
        image = found[0].image
    return evidence(chosen, classifier, subject, image, digit), parts(classifier, image, digit)


def _digit(value: int) -> int | None:
    """The digit asked for; None for the model's answer."""
    return None if value == ITS_ANSWER else value
