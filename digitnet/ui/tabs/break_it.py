"""Break it: how much distortion, and how small a nudge, changes what the models answer."""

import math
from typing import Any

import gradio as gr
import numpy as np

from digitnet.explain.distortions import DISTORTIONS, Distortion
from digitnet.drawing import Drawing, to_image
from digitnet.segmentation import find_digits_in_drawing
from digitnet.ui.components.chart import Chart
from digitnet.ui.components.distorted import Distorted, Trial, curves_chart, distorted, try_out
from digitnet.ui.server.limits import Refusal, one_sentence
from digitnet.ui.resources import Loaded
from digitnet.ui.components.nudge import Nudge, nudge
from digitnet.ui.trained_model import classifiers_of
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.tabs.common import (
    IMMEDIATELY,
    QUIETLY,
    Choice,
    add_is_open,
    add_test_image_picker,
    checked_number,
    subject_of,
)

AUTOMATIC = -1  # no true digit chosen
FIRST = next(iter(DISTORTIONS.values()))
NOTHING = "Nothing to break yet: draw a digit in the Draw tab, or take a test image."
SEVERAL = "Several digits are on the sketchpad: leave only one, and come back."


def add_break_it(
    loaded: Loaded, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> None:
    """Fill the tab, one of `tabs`; it looks at what lies on `sketchpad`."""
    # What is tried, so that the slider need not compute the curves anew.
    trial = gr.State(None)
    picked = add_test_image_picker(loaded, sketchpad, "break-image")
    empty = gr.Markdown(NOTHING, elem_id="nothing-to-break")
    with gr.Column(visible=False, elem_id="break-it") as body:
        gr.Markdown(
            "What is distorted is the 28×28 image that the models see. "
            "(MNIST's geometry comes before, and would undo a move or a change of size.)"
        )
        with gr.Row():
            with gr.Column(min_width=300):
                kind = gr.Radio(
                    list(DISTORTIONS), value=FIRST.name, label="Distort", elem_id="distortion"
                )
                slider = slider_of(FIRST)
                picture = Distorted()
            with gr.Column(min_width=300):
                true_digit = gr.Dropdown(
                    [("automatic", AUTOMATIC)] + [(str(digit), digit) for digit in range(10)],
                    value=AUTOMATIC,
                    label="True digit",
                    info="A test image's label, or what the model says of a drawing.",
                    elem_id="truth",
                )
                curves = Chart(elem_id="curves")
        gr.Markdown("## The smallest nudge")
        with gr.Row(equal_height=True):
            target = gr.Dropdown(
                list(range(10)),
                value=3,
                label="Make the model say",
                elem_id="target",
                scale=0,
                min_width=280,
            )
            find = gr.Button(
                "Find the smallest nudge",
                variant="primary",
                elem_id="find",
                scale=0,
                min_width=280,
            )
        nudged = Nudge()

    def draw(trial: Trial | None, model, value, asked):
        """What the tab shows of the trial at one value of the slider."""
        if trial is None or model not in trial.classifiers:
            return gr.skip(), gr.skip()
        value = checked_value(value, trial.distortion)
        digit = trial.true_digit(model, None if asked == AUTOMATIC else checked_number(asked, 10))
        return distorted(trial, model, digit, value), curves_chart(trial, digit, value)

    def look(on_paper, model, recipe, own, name, value, asked):
        """Try what lies on the sketchpad."""
        classifiers = classifiers_of(loaded, recipe, own)
        image, label, problem = one_digit(loaded, on_paper)
        if problem or model not in classifiers:
            problem = problem or "The model's weights are not loaded."
            return None, gr.Markdown(problem, visible=True), gr.Column(visible=False), {}, {}, {}
        tried = try_out(classifiers, image, label, DISTORTIONS[name])
        shown = draw(tried, model, value, asked)
        return tried, gr.Markdown(visible=False), gr.Column(visible=True), *shown, {}

    def look_if_open(is_open, *chosen):
        return look(*chosen) if is_open else (gr.skip(),) * 6

    def change(trial, name, model, asked):
        """Try another distortion of the same image, from where it changes nothing."""
        distortion = DISTORTIONS[name]
        slider = slider_of(distortion)
        if trial is None:
            return trial, slider, gr.skip(), gr.skip()
        tried = try_out(trial.classifiers, trial.image, trial.label, distortion)
        return tried, slider, *draw(tried, model, distortion.identity, asked)

    def search(trial, model, target):
        if trial is None or model not in trial.classifiers:
            return gr.skip()
        return nudge(trial.classifiers, model, trial.image, checked_number(target, 10))

    is_open = add_is_open(tabs, tab, **IMMEDIATELY)
    chosen = [sketchpad, choice.model, choice.recipe, choice.own, kind, slider, true_digit]
    shown = [trial, empty, body, picture, curves, nudged]
    tab.select(look, chosen, shown, **QUIETLY)
    if picked:
        picked.then(look, chosen, shown, **QUIETLY)
    for selector in (choice.model, choice.recipe):
        selector.input(look_if_open, [is_open, *chosen], shown, **QUIETLY)
    kind.input(
        change, [trial, kind, choice.model, true_digit], [trial, slider, picture, curves], **QUIETLY
    )
    gr.on(
        [slider.input, true_digit.input],
        draw,
        [trial, choice.model, slider, true_digit],
        [picture, curves],
        **IMMEDIATELY,
    )
    # A search takes a core for a while: one at a time, the others wait in the queue.
    find.click(
        search,
        [trial, choice.model, target],
        nudged,
        concurrency_limit=1,
        api_visibility="private",
    )


class Amount(gr.Slider):
    """A slider whose values `checked_value` looks at: Gradio takes a text, or NaN, for a number."""

    is_template = True  # a gr.Slider to the browser

    def preprocess(self, payload: Any) -> Any:
        return payload


def slider_of(distortion: Distortion) -> Amount:
    """The slider over the range of a distortion, where that changes nothing."""
    return Amount(
        distortion.low,
        distortion.high,
        value=distortion.identity,
        step=distortion.step,
        label=f"{distortion.name.capitalize()}, {distortion.unit}",
        elem_id="amount",
    )


def checked_value(value: object, distortion: Distortion) -> float:
    """A value of the slider that the visitor's browser sent; Refusal where it is out of range."""
    number = float(value) if isinstance(value, int | float) else math.nan
    if not distortion.low <= number <= distortion.high:
        raise Refusal(f"This must be a number from {distortion.low:g} to {distortion.high:g}.")
    return number


def one_digit(
    loaded: Loaded, on_paper: Drawing | dict[str, int]
) -> tuple[np.ndarray, int | None, str]:
    """What lies on the sketchpad as the models see it, its label if it is a test image, and why
    there is nothing to try, if so."""
    subject = subject_of(loaded, on_paper)
    if isinstance(subject, np.ndarray):
        return subject, label_of(loaded, on_paper), ""
    with one_sentence():
        image, several = to_image(subject), len(find_digits_in_drawing(subject)) > 1
    return image, None, SEVERAL if several else "" if image.any() else NOTHING


def label_of(loaded: Loaded, on_paper: Drawing | dict[str, int]) -> int | None:
    """The label of the test image on the sketchpad; None for a drawing."""
    if loaded.predictions is None or not isinstance(on_paper, dict):
        return None
    return int(loaded.predictions.labels[on_paper["test_image"]])
