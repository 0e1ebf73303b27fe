"""Compare: models and recipes side by side, and images of the data set."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import gradio as gr

from digitnet.explain.distortions import DISTORTIONS, Distortion
from digitnet.metrics import ModelMetrics
from digitnet.ui.components.bars import bars
from digitnet.ui.components.base import View
from digitnet.ui.components.chart import Axis, Series, chart, percent_axis
from digitnet.ui.components.comparison import comparison_rows
from digitnet.ui.components.distorted import distortion_axis
from digitnet.ui.components.gallery import label_tiles
from digitnet.ui.components.layers import layers
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import Choice, in_order
from digitnet.ui.trained_model import classifiers_of

MIN_PREDICTIONS = 10  # in a bin; the accuracy of fewer says little
ROBUSTNESS = (
    "Accuracy on the first 1,000 test images, over the range of each slider in Break it. An image "
    "that a model rejects as no digit counts as wrong.\n\n"
    "*Under attack* is the accuracy on the same images after twenty steps of projected gradient "
    "descent, which may change each pixel by up to that much (full ink is 1); what a model rejects "
    "is judged by its most probable digit.\n\n"
    "*Nudge* in the table above is the mean size of the smallest nudge found, for the first 100 "
    "test images, that makes the model predict the next digit (0 after 9): its L2 norm, and the "
    "largest change of a pixel (full ink is 1). In brackets: the share of images for which one was "
    "found, if it is not all of them."
)


def add_compare(resources: Resources, choice: Choice, tab: gr.Tab) -> None:
    """Fill the tab."""
    first = choice.recipe.value

    def charts(recipe):
        entries = resources.metrics.get(recipe, {})
        return (
            accuracy_bars(entries),
            size_curve(entries),
            accuracy_curves(entries),
            reliability_curves(entries),
            *(robustness_curves(entries, distortion) for distortion in DISTORTIONS.values()),
            attack_curves(entries),
        )

    def networks(recipe, trained=None):
        return layers(classifiers_of(resources, recipe, trained))

    @handler
    def change_recipe(recipe, trained):
        return *charts(recipe), networks(recipe, trained)

    @handler
    def compare(recipe, trained):
        return comparison_rows(resources, trained), networks(recipe, trained)

    values = charts(first)
    with gr.Row():
        with gr.Column(min_width=300):
            drawn = [View("bars", value=values[0], elem_id="accuracies")]
        with gr.Column(min_width=300):
            drawn.append(View("chart", value=values[1], elem_id="sizes"))
    comparison = View("comparison", elem_id="comparison")
    with gr.Accordion("Training and calibration", open=False, elem_id="curves-fold"):
        drawn += add_charts(("training-curves", "reliability"), values[2:4])
    robust = values[4:]
    with gr.Accordion(
        "Distorted and under attack", open=False, visible=any(robust), elem_id="distorted-fold"
    ):
        names = [f"robustness-{number}" for number in range(len(DISTORTIONS))]
        for row in (slice(0, 3), slice(3, 6)):
            drawn += add_charts(names[row], robust[row])
        drawn += add_charts((*names[6:], "attack"), robust[6:])
        gr.Markdown(ROBUSTNESS)
    with gr.Accordion("The networks, layer by layer", open=False, elem_id="layers-fold"):
        shown_layers = View("layers", elem_id="layers", value=networks(first))
    options = in_order("compare")
    choice.recipe.input(
        change_recipe, [choice.recipe, choice.trained], [*drawn, shown_layers], **options
    )
    # The time of a prediction is measured when the tab is opened, not while the page is loading.
    tab.select(compare, [choice.recipe, choice.trained], [comparison, shown_layers], **options)
    if resources.predictions is not None:
        sample = partial(label_tiles, resources.predictions.images, resources.predictions.labels)
        with gr.Accordion("Sixteen of the test images", open=False, elem_id="grid-fold"):
            grid = View("gallery", elem_id="grid")
            another = gr.Button("Sixteen others", size="md")
        gr.on([tab.select, another.click], sample, None, grid, **options)


def add_charts(names: Sequence[str], values: Sequence[dict[str, Any]]) -> list[View]:
    """Put charts with these ids and values side by side on the page."""
    drawn = []
    with gr.Row():
        for name, value in zip(names, values, strict=True):
            with gr.Column(min_width=300):
                drawn.append(View("chart", value=value, elem_id=name))
    return drawn


def accuracy_bars(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """The bar chart of the accuracy on MNIST's test images; see `accuracy_curves`."""
    shares = [(name, entry.test_accuracy) for name, entry in entries.items()]
    return bars("Accuracy on MNIST's test images", "accuracy", shares)


def size_curve(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """The chart of the accuracy on people's drawings over the size; see `accuracy_curves`."""
    series = [
        Series(name, points, points)
        for name, entry in entries.items()
        if entry.test_drawings
        and (points := [(math.log10(entry.parameters), entry.test_drawings.accuracy)])
    ]
    if not series:
        return {}
    sizes = Axis("parameters", 3, 5.5, [(3, "1,000"), (4, "10,000"), (5, "100,000")])
    return chart("Accuracy on people's drawings", series, sizes, percent_axis("accuracy", 0.6))


def accuracy_curves(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """The chart of the accuracy on the training images after each epoch.

    `entries` are those of a metrics.json, by model; the value is empty where nothing was measured.
    """
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
    """The reliability diagram: accuracy over confidence; see `accuracy_curves`."""
    series = [
        Series(
            name,
            [(bin.confidence, bin.accuracy) for bin in diagram if bin.count >= MIN_PREDICTIONS],
        )
        for name, entry in entries.items()
        if (diagram := entry.reliability)
    ]
    if not series:
        return {}
    perfect = Series("perfect calibration", [(0, 0), (1, 1)])
    return chart(
        "Reliability on the test images",
        [*series, perfect],
        percent_axis("confidence"),
        percent_axis("accuracy"),
    )


def attack_curves(entries: dict[str, ModelMetrics]) -> dict[str, Any]:
    """The chart of the accuracy under attack; see `accuracy_curves`."""
    series = [
        Series(name, [(point.value, point.accuracy) for point in curve])
        for name, entry in entries.items()
        if entry.robustness and (curve := entry.robustness.attack)
    ]
    if not series:
        return {}
    largest = max(value for one in series for value, _ in one.points)
    ticks = [(largest * quarter / 3, f"{largest * quarter / 3:.2g}") for quarter in range(4)]
    sizes = Axis("largest change of a pixel", 0, largest, ticks)
    return chart("Under attack", series, sizes, percent_axis("accuracy"))


def robustness_curves(entries: dict[str, ModelMetrics], distortion: Distortion) -> dict[str, Any]:
    """The chart of the accuracy over a distortion's range; see `accuracy_curves`."""
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
