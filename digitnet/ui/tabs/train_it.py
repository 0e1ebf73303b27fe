"""Train it: a visitor trains a network, watches it learn, and then draws on it."""

import contextlib
import secrets
from collections.abc import Generator
from typing import Any

import gradio as gr
import numpy as np

from digitnet.models import IMAGE_SIZE, MODELS
from digitnet.training.process import prepare, train_in_a_process
from digitnet.training.recipes import RECIPES
from digitnet.training.worker import LIMITS, TRAINING_IMAGES, Report, Settings, reports
from digitnet.ui.components.base import View
from digitnet.ui.components.training_progress import (
    Point,
    beginning,
    curves,
    failed,
    first_layer,
    over,
    stopped_early,
    under_way,
    waiting,
)
from digitnet.ui.resources import Resources
from digitnet.ui.server.limits import Refusal
from digitnet.ui.server.zero_gpu import ON_ZERO_GPU, on_gpu
from digitnet.ui.tabs.common import QUEUED, UNQUEUED, Choice
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import keep, network_of

# Seconds that a training may take; a borrowed GPU also has to start in its time.
LIMIT = 45.0 if ON_ZERO_GPU else 300.0
MAX_EPOCHS_AT_FIRST = {"cnn": 5}  # what it is offered with: its recipes may take longer than that
FIRST_MODEL, FIRST_RECIPE = "linear", "article"
# What the page says of `LIMITS` where these alone would not say it well.
RANGES = {
    "hidden_units": "1 to 64, cnn to 32",
    "learning_rate": "0.00001 to 1",
    "seed": "where chance starts",
}
FAILURES = {
    "diverged": "The training diverged; choose a smaller learning rate.",
    "without data": "The training images are missing; train.py downloads them.",
    "broken off": "The training broke off; the page's log has the reason.",
}


def add_train_it(
    resources: Resources,
    choice: Choice,
    tabs: gr.Tabs,
    tab: gr.Tab,
    mistakes_only: dict[gr.components.Component, Any],
) -> None:
    """Fill the tab; what is trained becomes a further model of `choice`.

    Of `tabs`, the tabs with the ids "draw" and "explore" can be opened from here; the latter shows
    a model's mistakes where its components have the values `mistakes_only`.
    """
    sample = np.zeros((IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    if resources.predictions is not None:
        sample = resources.predictions.images[0]

    gr.Markdown(
        "Train a network yourself, by the very loop that trained the others, and watch what it "
        "learns to look for. It is yours alone, and gone when you close the page."
    )
    with gr.Row():
        model = gr.Radio(list(MODELS), value=FIRST_MODEL, label="Train", elem_id="train-model")
        recipe = gr.Radio(
            [(RECIPES[name].label, name) for name in RECIPES],
            value=FIRST_RECIPE,
            label="Recipe",
            elem_id="train-recipe",
        )
    with gr.Row():
        numbers = [
            gr.Number(
                value,
                label=name.replace("_", " ").capitalize(),
                info=RANGES.get(name, f"{low:,} to {high:,}"),
                elem_id=name.replace("_", "-"),
                min_width=130,
            )
            for (name, (low, high)), value in zip(
                LIMITS.items(),
                [*first_numbers(FIRST_MODEL, FIRST_RECIPE), TRAINING_IMAGES, 0],
                strict=True,
            )
        ]
    with gr.Row():
        train = gr.Button("Train", variant="primary", elem_id="train")
        stop = gr.Button("Stop", visible=False, elem_id="stop")
    view = View("training_progress", elem_id="training")
    with gr.Row(visible=False) as kept:
        draw = gr.Button("Draw on it", variant="primary", elem_id="draw-on-it")
        mistakes = gr.Button("See its mistakes", elem_id="its-mistakes")
    with gr.Row():
        with gr.Column(min_width=300):
            loss = View("chart", elem_id="loss-curve")
        with gr.Column(min_width=300):
            accuracy = View("chart", elem_id="accuracy-curve")
    asked = gr.State(None)  # the settings of the training under way
    # Its settings and last report, or the sentence why there is none.
    newest = gr.State(None)

    # Gradio cancels what a visitor stops; but not if that is before it has taken it in.
    wanted: set[str] = set()

    def begin(*values):
        try:
            settings = Settings.checked(*values)
        except ValueError as error:
            return {view: failed(str(error))}
        make_ready()
        ticket = secrets.token_hex()
        wanted.add(ticket)
        return {
            view: waiting(),
            loss: {},
            accuracy: {},
            # Each time another one: a training begins where this changes.
            asked: (settings, ticket),
            newest: None,
            train: gr.Button(visible=False),
            stop: gr.Button(visible=True),
            kept: gr.Row(visible=False),
        }

    @on_gpu
    def watch(asked):
        if asked is None:
            raise Refusal("Press Train first.")
        settings, ticket = asked
        history: list[Point] = []  # figures only: the weights of all reports are too much to keep
        yield beginning(settings), {}, {}, None
        with contextlib.closing(_reports(settings)) as news, contextlib.ExitStack() as leaving:
            leaving.callback(wanted.discard, ticket)
            for report in news:
                # Another process than the page's, which a GPU is borrowed for, cannot tell.
                if ticket not in wanted and not ON_ZERO_GPU:
                    return
                if report is None:
                    yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
                    continue
                if report.ended in FAILURES:
                    yield {}, {}, {}, FAILURES[report.ended]
                    return
                history.append(Point(report.done, report.loss, report.accuracy))
                pictures = first_layer(network_of(settings, report.weights), sample)
                shown = under_way(settings, report, LIMIT, pictures)
                yield shown, *curves(settings, history), (settings, report)

    def end(asked, last, own):
        if asked is None:
            raise Refusal("Press Train first.")
        wanted.discard(asked[1])
        buttons = {
            train: gr.Button(visible=True),
            stop: gr.Button(visible=False),
            kept: gr.Row(visible=isinstance(last, tuple) or own is not None),
        }
        if last is None:
            return buttons | {view: stopped_early()}
        if isinstance(last, str):
            return buttons | {view: failed(last)}
        settings, report = last
        trained = keep(settings, report.weights, resources)
        pictures = first_layer(network_of(settings, report.weights), sample)
        share = trained.classifier.metadata.test_accuracy if resources.predictions else None
        return buttons | {
            view: over(settings, report, not report.ended, share, pictures, trained.to_file()),
            newest: None,
            choice.own: trained,
            # Offered, not chosen: its visitor may be drawing for another one at this moment.
            choice.model: gr.Radio([*resources.models, YOURS]),
        }

    def show_mistakes():
        return {tabs: gr.Tabs(selected="explore"), choice.model: YOURS} | mistakes_only

    chosen = [model, recipe, *numbers]
    gr.on([model.input, recipe.input], first_numbers, [model, recipe], numbers[:4], **UNQUEUED)
    train.click(
        begin,
        chosen,
        [view, loss, accuracy, asked, newest, train, stop, kept],
        preprocess=False,  # `Settings.checked` takes whatever a browser sent
        concurrency_limit=None,
        **QUEUED,
    )
    watched = asked.change(
        watch,
        asked,
        [view, loss, accuracy, newest],
        concurrency_limit=1,
        concurrency_id="training",
        show_progress="minimal",
        show_progress_on=view,
        api_visibility="private",
    )
    watched.then(
        end,
        [asked, newest, choice.own],
        [view, train, stop, kept, newest, choice.own, choice.model],
        **QUEUED,
    )
    stop.click(None, cancels=watched)
    draw.click(lambda: (gr.Tabs(selected="draw"), YOURS), None, [tabs, choice.model], **QUEUED)
    mistakes.click(show_mistakes, None, [tabs, choice.model, *mistakes_only], **QUEUED)
    tab.select(make_ready, **QUEUED)


def first_numbers(model: str, recipe: str) -> list[float]:
    """Hidden units, epochs, learning rate and batch size, before a visitor changes them."""
    own = RECIPES[recipe].for_model(model)
    epochs = min(own.epochs, MAX_EPOCHS_AT_FIRST.get(model, own.epochs))
    hidden_units = MODELS[model].default_hidden_units
    return [hidden_units, epochs, own.learning_rate, own.batch_size]


def make_ready() -> None:
    """Start what a training needs before it is asked for."""
    if not ON_ZERO_GPU:
        prepare()


def _reports(settings: Settings) -> Generator[Report | None, None, None]:
    """A training's reports: in a process of its own, unless a GPU was borrowed for this one."""
    if ON_ZERO_GPU:
        return reports(settings, LIMIT)
    return train_in_a_process(settings, LIMIT)
