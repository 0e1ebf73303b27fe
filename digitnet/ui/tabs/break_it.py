"""Break it: how much distortion, and how small a nudge, changes what the models answer."""

import math
from typing import Any

import gradio as gr

from digitnet.drawing import Drawing
from digitnet.explain.distortions import DISTORTIONS, Distortion
from digitnet.ui.components.base import View
from digitnet.ui.components.distorted import Trial, curves_chart, distorted, try_out
from digitnet.ui.components.nudge import nudge
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.resources import Resources
from digitnet.ui.server.limits import Refusal, one_sentence
from digitnet.ui.tabs.common import (
    QUEUED,
    UNQUEUED,
    Choice,
    add_is_open,
    add_test_image_picker,
    checked_number,
    only_digit,
    subject_of,
)
from digitnet.ui.trained_model import classifiers_of

AUTOMATIC = -1  # no true digit chosen
FIRST = next(iter(DISTORTIONS.values()))


def add_break_it(
    resources: Resources, choice: Choice, sketchpad: Sketchpad, tabs: gr.Tabs, tab: gr.Tab
) -> None:
    """Fill the tab, one of `tabs`; it looks at what lies on `sketchpad`."""
    # What is tried, so that the slider need not compute the curves anew.
    trial = gr.State(None)
    picked = add_test_image_picker(resources, sketchpad, "break-image")
    empty = gr.Markdown(visible=False, elem_id="nothing-to-break")
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
                picture = View("distorted", elem_id="distorted")
            with gr.Column(min_width=300):
                true_digit = gr.Dropdown(
                    [("automatic", AUTOMATIC)] + [(str(digit), digit) for digit in range(10)],
                    value=AUTOMATIC,
                    label="True digit",
                    info="A test image's label, or what the model says of a drawing.",
                    elem_id="truth",
                )
                curves = View("chart", elem_id="curves")
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
        nudged = View("nudge", elem_id="nudge")

    def draw(trial: Trial | None, model, value, asked):
        """What the tab shows of the trial at one value of the slider."""
        if trial is None or model not in trial.classifiers:
            return gr.skip(), gr.skip()
        digit = trial.true_digit(model, None if asked == AUTOMATIC else checked_number(asked, 10))
        try:
            value = checked_value(value, trial.distortion)
        except Refusal as refusal:
            return {"refusal": refusal.message}, curves_chart(trial, digit)
        return distorted(trial, model, digit, value), curves_chart(trial, digit, value)

    def look(on_paper, picture, model, recipe, own, name, value, asked):
        """Try what the page is about."""
        classifiers = classifiers_of(resources, recipe, own)
        try:
            with one_sentence():
                image = only_digit(subject_of(resources, on_paper, picture))
            if model not in classifiers:
                raise Refusal("The model's weights are not loaded.")
        except Refusal as refusal:
            problem = gr.Markdown(refusal.message, visible=True)
            return None, problem, gr.Column(visible=False), {}, {}, {}
        tried = try_out(classifiers, image, label_of(resources, on_paper), DISTORTIONS[name])
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

    is_open = add_is_open(tabs, tab, **UNQUEUED)
    asked = [choice.model, choice.recipe, choice.own, kind, slider, true_digit]
    chosen = [sketchpad, choice.picture, *asked]
    shown = [trial, empty, body, picture, curves, nudged]
    tab.select(look, chosen, shown, **QUEUED)
    if picked:
        picked.then(look, chosen, shown, **QUEUED)
    for selector in (choice.model, choice.recipe):
        selector.input(look_if_open, [is_open, *chosen], shown, **QUEUED)
    kind.input(
        change, [trial, kind, choice.model, true_digit], [trial, slider, picture, curves], **QUEUED
    )
    gr.on(
        [slider.input, true_digit.input],
        draw,
        [trial, choice.model, slider, true_digit],
        [picture, curves],
        **UNQUEUED,
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


def label_of(resources: Resources, on_paper: Drawing | dict[str, int]) -> int | None:
    """The label of the test image on the sketchpad; None for a drawing or a picture."""
    if (
        resources.predictions is None
        or not isinstance(on_paper, dict)
        or "test_image" not in on_paper
    ):
        return None
    return int(resources.predictions.labels[on_paper["test_image"]])
