"""Train it: a visitor trains a model, and draws for it while it learns."""

import contextlib
import secrets
from collections.abc import Generator
from typing import Any

import gradio as gr

from digitnet.classifier import DEFAULT_RECIPE
from digitnet.drawing import Strokes
from digitnet.models import MODELS, available_models
from digitnet.training.recipes import RECIPES
from digitnet.training.settings import LIMITS, Settings, first_numbers
from digitnet.training.worker import Report
from digitnet.training.worker import reports as training_reports
from digitnet.training.worker_client import prepare, train_in_a_process
from digitnet.ui.components.base import View
from digitnet.ui.components.sketchpad import Sketchpad, example, sketchpad_value
from digitnet.ui.components.training_answer import training_answer
from digitnet.ui.components.training_progress import (
    Point,
    beginning,
    curves,
    failed,
    over,
    stopped_early,
    under_way,
    waiting,
)
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.server.zero_gpu import ON_ZERO_GPU, on_gpu
from digitnet.ui.tabs.common import FOUR, QUEUED, UNQUEUED, Choice, checked_choice, in_order
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import TrainedModel, make_trained_model, network_of

# Seconds that a training may take; the time of a borrowed GPU includes its own start.
LIMIT = 45.0 if ON_ZERO_GPU else 300.0
# Texts for the ranges in `LIMITS` that need more than two numbers.
RANGES = {
    "hidden_units": ", ".join(
        [f"1 to {LIMITS['hidden_units'][1]:g}"]
        + [
            f"{name} to {network.max_hidden_units}"
            for name, network in MODELS.items()
            if network.max_hidden_units < LIMITS["hidden_units"][1]
        ]
    ),
    "learning_rate": "0.00001 to 1",
    "seed": "of the random numbers",
}
FAILURES = {
    "diverged": "The training diverged; choose a smaller learning rate.",
    "without data": "The training images are missing; train.py downloads them.",
    "broken off": "The training was interrupted; the page's log has the reason.",
}


def add_train_it(
    resources: Resources,
    choice: Choice,
    sketchpad: Sketchpad,
    tabs: gr.Tabs,
    tab: gr.Tab,
    mistakes_only: dict[gr.components.Component, Any],
) -> None:
    """Fill `tab`; the trained model becomes one of the models in `choice`.

    While it is trained, it predicts what is on a small pad, at first the drawing on `sketchpad`.
    The tabs "draw" and "explore" of `tabs` can be opened from here. The latter shows only a model's
    mistakes when its components have the values `mistakes_only`.
    """
    first = chosen_network(choice.model.value, choice.recipe.value, None)
    what = gr.Markdown(introduction(*first), elem_id="what-is-trained")
    with (
        gr.Accordion("Advanced", open=False, elem_id="advanced"),
        gr.Row(),
    ):
        numbers = [
            gr.Number(
                value,
                label=name.replace("_", " ").capitalize(),
                info=RANGES.get(name, f"{low:,} to {high:,}"),
                elem_id=name.replace("_", "-"),
                min_width=130,
            )
            for (name, (low, high)), value in zip(
                LIMITS.items(), first_numbers(*first), strict=True
            )
        ]
    with gr.Row():
        train = gr.Button("Watch it learn", variant="primary", elem_id="train")
        stop = gr.Button("Stop", visible=False, elem_id="stop")
    with gr.Row():
        with gr.Column(min_width=300):
            pad = View("training_pad", [], elem_id="training-pad")
            answer = View("training_answer", elem_id="training-answer")
        with gr.Column(min_width=300, scale=2):
            queue_position = gr.HTML("&nbsp;", elem_id="queue-position", min_height=32)
            view = View("training_progress", elem_id="training")
            with gr.Row(visible=False) as kept:
                draw = gr.Button("Draw on it", variant="primary", elem_id="draw-on-it")
                mistakes = gr.Button("See its mistakes", elem_id="its-mistakes")
            with gr.Row():
                with gr.Column(min_width=280):
                    loss = View("chart", elem_id="loss-curve")
                with gr.Column(min_width=280):
                    accuracy = View("chart", elem_id="accuracy-curve")
    requested = gr.State(None)  # the settings of the current training, and its ticket
    # The settings and the last report of the training, or the sentence why there is none.
    latest = gr.State(None)
    # The tickets of trainings that were not stopped. Gradio cancels a training that is stopped, but
    # not one that it has not started yet.
    wanted: set[str] = set()

    @handler
    def begin(model, recipe, *values):
        *numbers, on_sketchpad, on_pad, trained = values
        try:
            settings = Settings.checked(*chosen_network(model, recipe, trained), *numbers)
        except ValueError as error:
            return {view: failed(str(error))}
        drawing = on_pad
        if not strokes_of(on_pad):
            drawing = on_sketchpad if strokes_of(on_sketchpad) else example(FOUR)
        make_ready()
        ticket = secrets.token_hex()
        wanted.add(ticket)
        return {
            view: waiting(),
            loss: {},
            accuracy: {},
            # A change of this starts the training, so each ticket is a new one.
            requested: (settings, ticket),
            latest: None,
            train: gr.Button(visible=False),
            stop: gr.Button(visible=True),
            kept: gr.Row(visible=False),
            pad: gr.skip() if drawing is on_pad else drawing,
        }

    @handler
    @on_gpu
    def watch(requested):
        if requested is None:
            raise ValueError("Press “Watch it learn” first.")
        settings, ticket = requested
        history: list[Point] = []  # figures only: the weights of all reports are too much to keep
        yield beginning(settings), {}, {}, None
        with contextlib.closing(_reports(settings)) as reports, contextlib.ExitStack() as stack:
            stack.callback(wanted.discard, ticket)
            for report in reports:
                # On ZeroGPU this is another process, which does not share `wanted`.
                if ticket not in wanted and not ON_ZERO_GPU:
                    return
                if report is None:
                    yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
                    continue
                if report.ended in FAILURES:
                    yield {}, {}, {}, FAILURES[report.ended]
                    return
                history.append(Point(report.done, report.loss, report.accuracy))
                shown = under_way(settings, report, LIMIT)
                yield shown, *curves(settings, history), (settings, report)

    @handler
    def end(requested, last, trained):
        if requested is None:
            raise ValueError("Press “Watch it learn” first.")
        wanted.discard(requested[1])
        buttons = {
            train: gr.Button(visible=True),
            stop: gr.Button(visible=False),
            kept: gr.Row(visible=isinstance(last, tuple) or trained is not None),
        }
        if last is None:
            return buttons | {view: stopped_early()}
        if isinstance(last, str):
            return buttons | {view: failed(last)}
        settings, report = last
        trained = make_trained_model(settings, report.weights, resources)
        share = trained.classifier.metadata.test_accuracy if resources.predictions else None
        return buttons | {
            view: over(settings, report, not report.ended, share, trained.to_file()),
            latest: None,
            choice.trained: trained,
            # Offered, not selected: the visitor may be drawing for another model at this moment.
            choice.model: gr.Radio([*resources.models, YOURS]),
        }

    @handler
    def answer_pad(on_pad, last, trained):
        strokes = strokes_of(on_pad)
        if isinstance(last, tuple):
            settings, report = last
            return training_answer(network_of(settings, report.weights), strokes)
        if trained is None:
            return {}
        classifier = trained.classifier
        return training_answer(classifier.network, strokes, classifier.metadata.temperature)

    @handler
    def show_mistakes():
        return {tabs: gr.Tabs(selected="explore"), choice.model: YOURS} | mistakes_only

    @handler
    def follow_choice(model, recipe, trained):
        """The numbers of what is selected above, and what is said of it."""
        network = chosen_network(model, recipe, trained)
        return [introduction(*network), *first_numbers(*network)[:-1]]

    inputs = [choice.model, choice.recipe, *numbers, sketchpad, pad, choice.trained]
    gr.on(
        [choice.model.change, choice.recipe.change],
        follow_choice,
        [choice.model, choice.recipe, choice.trained],
        [what, *numbers[:-1]],  # the seed is the visitor's
        **in_order("numbers"),
    )
    train.click(
        begin,
        inputs,
        [view, loss, accuracy, requested, latest, train, stop, kept, pad],
        concurrency_limit=None,
        **QUEUED,
    )
    watched = requested.change(
        watch,
        requested,
        [view, loss, accuracy, latest],
        concurrency_limit=1,
        concurrency_id="training",
        show_progress="minimal",
        show_progress_on=queue_position,
        api_visibility="private",
    )
    watched.then(
        end,
        [requested, latest, choice.trained],
        [view, train, stop, kept, latest, choice.trained, choice.model],
        **QUEUED,
    )
    stop.click(None, cancels=watched)
    # The pad is answered when its pen is lifted, and by each report of the training.
    gr.on(
        [pad.input, latest.change, choice.trained.change],
        answer_pad,
        [pad, latest, choice.trained],
        answer,
        **UNQUEUED,
    )
    draw.click(lambda: (gr.Tabs(selected="draw"), YOURS), None, [tabs, choice.model], **QUEUED)
    mistakes.click(show_mistakes, None, [tabs, choice.model, *mistakes_only], **QUEUED)
    tab.select(make_ready, **QUEUED)


def chosen_network(model: Any, recipe: Any, trained: TrainedModel | None) -> tuple[str, str]:
    """The model and recipe to train, of what is selected above the tabs as the browser sent it.

    For the model that the visitor trained, these are its own; where no weights are loaded and so
    nothing can be selected, the page's first choice.
    """
    if model == YOURS and trained is not None:
        return trained.classifier.metadata.model, trained.classifier.metadata.recipe
    model = available_models()[-1] if model is None else checked_choice(model, MODELS)
    return model, DEFAULT_RECIPE if recipe is None else checked_choice(recipe, RECIPES)


def strokes_of(payload: Any) -> Strokes:
    """The strokes of a pad's value as the browser sent it; none where that is not a drawing.

    Raises
    ------
    ValueError : with a sentence for the visitor, if it is no value of a pad.
    """
    value = sketchpad_value(payload)
    return value if isinstance(value, list) else []


def introduction(model: str, recipe: str) -> str:
    """What is said of a training of this network, as Markdown."""
    return (
        f"Watch the network selected above (**{model}**, {RECIPES[recipe].label}) learn from "
        "nothing, in about half a minute. Draw meanwhile: it answers as it learns. Only you "
        "can use it, and it is deleted when you close the page."
    )


@handler
def make_ready() -> None:
    """Start the process of a training before it is needed."""
    if not ON_ZERO_GPU:
        prepare()


def _reports(settings: Settings) -> Generator[Report | None, None, None]:
    """A training's reports: from a process of its own, unless a GPU was borrowed for this one."""
    if ON_ZERO_GPU:
        return training_reports(settings, LIMIT)
    return train_in_a_process(settings, LIMIT)
