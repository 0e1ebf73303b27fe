"""Your hand: whether the models read the visitor's own digits, and teaching them to."""

from typing import Any

import gradio as gr

from digitnet.classifier import Classifier
from digitnet.device import pick_device
from digitnet.drawing import Strokes, images_of_strokes
from digitnet.mnist import DatasetError
from digitnet.models import Network
from digitnet.training.recipes import RECIPES
from digitnet.training.settings import MAX_TAUGHT
from digitnet.ui.components.base import View
from digitnet.ui.components.hand import labelled_drawings
from digitnet.ui.components.lesson import lesson
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.server.zero_gpu import on_gpu
from digitnet.ui.tabs.common import QUEUED, Choice
from digitnet.ui.test_predictions import YOURS
from digitnet.ui.trained_model import TrainedModel, classifiers_of, evaluated
from digitnet.weights import Metadata

INTRODUCTION = (
    "Can they read *your* handwriting? Write twenty digits, and see. Then teach a model the first "
    "one of each digit, and see what it makes of the others. Your drawings stay in this browser; "
    "they go to the server only to be taught, and are not kept there."
)


def add_your_hand(
    resources: Resources, choice: Choice, tabs: gr.Tabs, engine: dict[str, Any]
) -> None:
    """Fill the tab; the taught model becomes the model "yours" in `choice`.

    `engine` is what `digitnet.ui.browser.serve_engine` returned.
    """
    gr.Markdown(INTRODUCTION)
    hand = View(
        "hand",
        value=[],
        elem_id="hand",
        engine=engine,
        labels={name: recipe.label for name, recipe in RECIPES.items()},
        most=MAX_TAUGHT,
    )
    with gr.Row():
        taught = gr.Button("Teach it my hand", variant="primary", elem_id="teach")
        draw = gr.Button("Draw on it", visible=False, elem_id="draw-on-taught")
    shown = View("lesson", value={}, elem_id="lesson")

    @handler
    def teach_hand(payload, model, recipe, trained):
        classifiers = classifiers_of(resources, recipe, trained)
        if model not in classifiers:
            raise ValueError("This model's weights are not available.")
        try:
            drawings, labels = labelled_drawings(payload)
            new, data = _taught(classifiers[model], drawings, labels, resources)
        except (ValueError, DatasetError) as error:
            return {shown: {"problem": str(error)}}
        return {
            shown: data,
            choice.trained: new,
            choice.model: gr.Radio([*resources.models, YOURS]),
            draw: gr.Button(visible=True),
        }

    taught.click(
        teach_hand,
        [hand, choice.model, choice.recipe, choice.trained],
        [shown, choice.trained, choice.model, draw],
        concurrency_id="training",
        **QUEUED | {"show_progress": "minimal"},
    )
    draw.click(lambda: (gr.Tabs(selected="draw"), YOURS), None, [tabs, choice.model], **QUEUED)


def _taught(
    classifier: Classifier, drawings: list[Strokes], labels: list[int], resources: Resources
) -> tuple[TrainedModel, dict[str, Any]]:
    """The model that has learned the first drawing of each digit, judged by the others."""
    from digitnet.training.teaching import split  # here: it is slow to import

    chosen, others = split(labels)
    network, metadata = _teach(
        classifier.network,
        classifier.metadata,
        [drawings[number] for number in chosen],
        [labels[number] for number in chosen],
    )
    new = Classifier(network.to(classifier.device), metadata, classifier.device)
    unseen = images_of_strokes([drawings[number] for number in others])
    before, after = (
        sum(
            prediction.answer == labels[number]
            for prediction, number in zip(one.predict_images(unseen), others, strict=True)
        )
        for one in (classifier, new)
    )
    trained = evaluated(new, resources)
    accuracies = None
    if trained.probabilities is not None:
        accuracies = classifier.metadata.test_accuracy, trained.classifier.metadata.test_accuracy
    model = classifier.metadata.model
    data = lesson(len(chosen), model, (before, after), len(others), accuracies, trained.to_file())
    return trained, data


@on_gpu
def _teach(
    network: Network, metadata: Metadata, drawings: list[Strokes], labels: list[int]
) -> tuple[Network, Metadata]:
    """`teach_strokes`, where a GPU may be borrowed: that is another process, which gets pickles."""
    from digitnet.training.teaching import teach_strokes

    device = pick_device(None)
    taught = teach_strokes(Classifier(network.to(device), metadata, device), drawings, labels)
    return taught.network.cpu(), taught.metadata
