"""Compare: models and recipes side by side, and the data set they learned from."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from digitnet.explain.distortions import DISTORTIONS, Distortion
from digitnet.metrics import ModelMetrics
from digitnet.ui.components.base import View
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis
from digitnet.ui.components.comparison import figures
from digitnet.ui.components.distorted import distortion_axis
from digitnet.ui.components.gallery import label_tiles
from digitnet.ui.components.layers import layers
from digitnet.ui.resources import Resources
from digitnet.ui.tabs.common import QUEUED, UNQUEUED, Choice
from digitnet.ui.trained_model import classifiers_of

MIN_ANSWERS = 10  # of a confidence; of fewer, the share that is right says little
ROBUSTNESS = (
    "Accuracy on the first 1,000 test images, along each slider of Break it. What a model takes "
    "for no digit counts as wrong.\n\n"
    "*Nudge* in the table above is the mean size of the smallest one found, for the first 100 test "
    "images, that makes the model say the next digit (0 after 9): its L2 norm, and the largest "
    "change of a pixel, full ink being 1. In brackets: for how many of them one was found, if not "
    "for all."
)


def add_compare(resources: Resources, choice: Choice, tab: gr.Tab) -> None:
    """Fill the tab."""
    first = choice.recipe.value

    def charts(recipe):
        entries = resources.metrics.get(recipe, {})
        return (
            accuracy_curves(entries),
            reliability_curves(entries),
            *(robustness_curves(entries, distortion) for distortion in DISTORTIONS.values()),
        )

    def networks(recipe, own=None):
        return layers(classifiers_of(resources, recipe, own))

    def compare(recipe, own):
        return figures(resources, own), networks(recipe, own)

    comparison = View("comparison", elem_id="comparison")
    values = charts(first)
    drawn = add_charts(("training-curves", "reliability"), values[:2])
    measured = any(values[2:])
    with gr.Column(visible=measured):
        gr.Markdown("## Distorted")
        names = [f"robustness-{number}" for number in range(len(DISTORTIONS))]
        for row in (slice(0, 3), slice(3, 6)):
            drawn += add_charts(names[row], values[2:][row])
        with gr.Row():
            with gr.Column(min_width=300):
                drawn += add_charts(names[6:], values[8:])
            with gr.Column(scale=2, min_width=300):
                gr.Markdown(ROBUSTNESS)
    gr.Markdown("## The networks, layer by layer")
    shown_layers = View("layers", elem_id="layers", value=networks(first))
    choice.recipe.input(
        lambda recipe, own: (*charts(recipe), networks(recipe, own)),
        [choice.recipe, choice.own],
        [*drawn, shown_layers],
        **UNQUEUED,
    )
    # Measured when somebody looks: nobody should wait for it before the page.
    tab.select(compare, [choice.recipe, choice.own], [comparison, shown_layers], **QUEUED)
    if resources.predictions is not None:
        gr.Markdown("## Sixteen of the test images")
        grid = View("gallery", elem_id="grid")
        sample = partial(label_tiles, resources.predictions.images, resources.predictions.labels)
        another = gr.Button("Sixteen others", size="md")
        for event in (tab.select, another.click):
            event(sample, None, grid, **QUEUED)


def add_charts(names: Sequence[str], values: Sequence[dict[str, Any]]) -> list[View]:
    """Put charts beside each other, each by its id and value."""
    drawn = []
    with gr.Row():
        for name, value in zip(names, values, strict=True):
            with gr.Column(min_width=300):
                drawn.append(View("chart", value=value, elem_id=name))
    return drawn


def accuracy_curves(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """The accuracy on the training images, epoch by epoch, of entries of metrics.json."""
    series = [
        Series(name, [(epoch, point.accuracy) for epoch, point in enumerate(curve, start=1)])
        for name, entry in entries.items()
        if (curve := entry.training_curve)
    ]
    if not series:
        return {}
    last = max(len(one.points) for one in series)
    low = min(share for one in series for _, share in one.points)
    ticks = [(epoch, str(epoch)) for epoch in range(1, last + 1, max(1, last // 8))]
    lowest = int(low * 5) / 5  # a multiple of 20 %: its quarters are round figures
    return chart(
        "Accuracy while training",
        series,
        Axis("epoch", 1, max(last, 2), ticks),
        percent_axis("accuracy", lowest),
    )


def reliability_curves(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """How often answers of a given confidence were right, of entries of metrics.json."""
    series = [
        Series(
            name,
            [(point.confidence, point.accuracy) for point in diagram if point.count >= MIN_ANSWERS],
        )
        for name, entry in entries.items()
        if (diagram := entry.reliability)
    ]
    if not series:
        return {}
    honest = Series("as sure as right", [(0, 0), (1, 1)])
    return chart(
        "Reliability on the test images",
        [*series, honest],
        percent_axis("confidence"),
        percent_axis("right"),
    )


def robustness_curves(entries: dict[str, ModelMetrics], distortion: Distortion) -> dict[str, Any]:
    """The accuracy over a distortion's range, of entries of metrics.json."""
    series = [
        Series(name, [(point.value, point.accuracy) for point in curve])
        for name, entry in entries.items()
        if entry.robustness and (curve := entry.robustness.curves.get(distortion.name))
    ]
    if not series:
        return {}
    return chart(
        distortion.name.capitalize(), series, distortion_axis(distortion), percent_axis("accuracy")
    )
