"""Break it: how much distortion, and how small a nudge, changes the models' predictions."""

import math

import gradio as gr

from digitnet.drawing import Strokes
from digitnet.explain.distortions import DISTORTIONS, Distortion
from digitnet.ui.components.base import View
from digitnet.ui.components.distorted import Trial, compute_trial, curves_chart, distorted
from digitnet.ui.components.nudge import nudge
from digitnet.ui.components.sketchpad import Sketchpad
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import (
    QUEUED,
    UNQUEUED,
    Choice,
    add_starters,
    add_test_image_picker,
    checked_choice,
    checked_number,
    if_open,
    in_order,
    only_digit,
    subject_of,
)
from digitnet.ui.trained_model import classifiers_of

AUTOMATIC = -1  # no true digit selected
FIRST = next(iter(DISTORTIONS.values()))


def add_break_it(resources: Resources, choice: Choice, sketchpad: Sketchpad, tab: gr.Tab) -> None:
    """Fill `tab`; it distorts what is on `sketchpad`."""
    # Kept, so that moving the slider does not compute the curves again.
    trial = gr.State(None)
    empty = gr.Markdown(visible=False, elem_id="nothing-to-break")
    placed = gr.State(0)  # how often something was put on the sketchpad from here
    starters = add_starters(resources, sketchpad, placed, "break-starters")
    with gr.Column(visible=False, elem_id="break-it") as body:
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
                    info="A test image's label, or the model's prediction for a drawing.",
                    elem_id="truth",
                )
                curves = View("chart", elem_id="curves")
        gr.Markdown(
            "The distortion is applied to the 28×28 image that the models see. "
            "(Applied to the drawing, a shift or a change of size would have no effect: every "
            "drawing is centred and fitted first.)"
        )
        gr.Markdown("## The smallest nudge")
        with gr.Row(equal_height=True):
            target = gr.Dropdown(
                list(range(10)),
                value=3,
                label="Make the model predict",
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
    add_test_image_picker(resources, sketchpad, placed, "break-image")

    @handler
    def show_distorted(trial: Trial | None, model, value, true_digit):
        """The image and the curves of a trial at one value of the slider."""
        if trial is None or model not in trial.classifiers:
            return gr.skip(), gr.skip()
        true_digit = None if true_digit == AUTOMATIC else checked_number(true_digit, 10)
        digit = trial.true_digit(model, true_digit)
        try:
            value = checked_value(value, trial.distortion)
        except ValueError as error:
            return {"problem": str(error)}, curves_chart(trial, digit)
        return distorted(trial, model, digit, value), curves_chart(trial, digit, value)

    @handler
    def start_trial(on_sketchpad, picture, model, recipe, trained, name):
        """Distort what is on the sketchpad now."""
        if on_sketchpad is None:  # another tab is open
            return (gr.skip(),) * 5
        classifiers = classifiers_of(resources, recipe, trained)
        distortion = DISTORTIONS[checked_choice(name, DISTORTIONS)]
        try:
            image = only_digit(subject_of(resources, on_sketchpad, picture))
            if model not in classifiers:
                raise ValueError("The model's weights are not loaded.")
        except ValueError as error:
            problem = gr.Markdown(str(error), visible=True)
            return None, problem, gr.Row(visible=True), gr.Column(visible=False), {}
        trial = compute_trial(classifiers, image, label_of(resources, on_sketchpad), distortion)
        hidden = gr.Markdown(visible=False), gr.Row(visible=False)
        return trial, *hidden, gr.Column(visible=True), {}

    @handler
    def change_distortion(trial, name):
        """Distort the same image in another way, beginning where that changes nothing."""
        distortion = DISTORTIONS[checked_choice(name, DISTORTIONS)]
        if trial is not None:
            trial = compute_trial(trial.classifiers, trial.image, trial.label, distortion)
        return trial, slider_of(distortion)

    @handler
    def search(trial, model, target):
        if trial is None or model not in trial.classifiers:
            return gr.skip()
        return nudge(trial.classifiers, model, trial.image, checked_number(target, 10))

    inputs = [sketchpad, choice.picture, choice.model, choice.recipe, choice.trained, kind]
    outputs = [trial, empty, starters, body, nudged]
    options = in_order("break")
    gr.on(
        [tab.select, placed.change, choice.model.input, choice.recipe.input],
        start_trial,
        inputs,
        outputs,
        **options,
        **if_open(tab),
    )
    kind.input(change_distortion, [trial, kind], [trial, slider], **options)
    # One listener, so that what it shows is in the order of the events.
    gr.on(
        [trial.change, slider.input, true_digit.input],
        show_distorted,
        [trial, choice.model, slider, true_digit],
        [picture, curves],
        **UNQUEUED,
    )
    # A search uses a core for a while: one runs at a time, the others wait in the queue.
    find.click(
        search,
        [trial, choice.model, target],
        nudged,
        concurrency_limit=1,
        **QUEUED | {"show_progress": "full"},
    )


def slider_of(distortion: Distortion) -> gr.Slider:
    """The slider over the range of a distortion, set to where that changes nothing."""
    return gr.Slider(
        distortion.low,
        distortion.high,
        value=distortion.identity,
        step=distortion.step,
        label=f"{distortion.name.capitalize()}, {distortion.unit}",
        elem_id="amount",
    )


def checked_value(value: object, distortion: Distortion) -> float:
    """The slider's value as the browser sent it; ValueError if it is out of range."""
    number = float(value) if isinstance(value, int | float) else math.nan
    if not distortion.low <= number <= distortion.high:
        raise ValueError(f"This must be a number from {distortion.low:g} to {distortion.high:g}.")
    return number


def label_of(resources: Resources, on_sketchpad: Strokes | dict[str, int]) -> int | None:
    """The label of the test image on the sketchpad; None for a drawing or a picture."""
    index = on_sketchpad.get("test_image") if isinstance(on_sketchpad, dict) else None
    if resources.predictions is None or index is None:
        return None
    return int(resources.predictions.labels[index])
