"""The page: draw a digit, and see what each of the three networks makes of it.

python app.py           opens the page; --help shows where it can be served
"""

import argparse
import io
import os
import sys
from functools import partial
from typing import Any

import gradio as gr

from digitnet.classifier import Classifier, load
from digitnet.mnist import DatasetError, load_mnist
from digitnet.models import available_models
from digitnet.ui.accuracy import Accuracy, bars
from digitnet.ui.answer import Answer, answer
from digitnet.ui.gallery import (
    Gallery,
    Selection,
    TestPredictions,
    tiles_of_labels,
    tiles_of_predictions,
)
from digitnet.ui.sketchpad import Sketchpad
from digitnet.weights import WEIGHTS_FOLDER, WeightsError, read_metrics

# The recipes in the order the page offers them, and what it calls them.
TRAINED = {"augmented": "for drawings", "baseline": "as in the article"}
OUTCOMES = ["all", "right", "wrong"]
EVERY_DIGIT = "every digit"
THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
# The theme's grey for lesser text is too light to read easily (WCAG AA asks for 4.5 to 1).
STYLE = """
.gradio-container {
  width: 100% !important;
  max-width: 72rem !important;
  margin: 0 auto !important;
}
.prose h2 { font-size: 1.25rem !important; font-weight: 700 !important; }
:root {
  --body-text-color-subdued: #52525b !important;
  --block-title-text-color: #3f3f46 !important;
}
.dark {
  --body-text-color-subdued: #b4b4bd !important;
  --block-title-text-color: #d4d4d8 !important;
}
"""


def load_classifiers() -> tuple[dict[str, dict[str, Classifier]], list[str]]:
    """By recipe and model, those whose weights can be loaded; a sentence for each other one."""
    classifiers: dict[str, dict[str, Classifier]] = {}
    problems = []
    trained = [recipe for recipe in TRAINED if (WEIGHTS_FOLDER / recipe).is_dir()]
    for recipe in trained or TRAINED:
        for name in available_models():
            try:
                classifiers.setdefault(recipe, {})[name] = load(name, recipe)
            except ValueError as error:
                problems.append(f"The {name} model, {recipe} recipe, is not available: {error}")
    return classifiers, problems


def read_all_metrics() -> tuple[dict[str, dict | None], list[str]]:
    """metrics.json of each recipe, and a sentence for each that is broken."""
    metrics: dict[str, dict | None] = {}
    problems = []
    for recipe in TRAINED:
        try:
            metrics[recipe] = read_metrics(WEIGHTS_FOLDER / recipe)
        except WeightsError as error:
            problems.append(str(error))
    return metrics, problems


def build_page() -> gr.Blocks:
    """Load weights and test images, and assemble the page from its components."""
    classifiers, problems = load_classifiers()
    metrics, broken = read_all_metrics()
    problems += broken
    recipes = [recipe for recipe in TRAINED if recipe in classifiers]
    first = recipes[0] if recipes else None
    models = [name for name in available_models() if any(name in classifiers[r] for r in recipes)]
    best = models[-1] if models else None

    predictions = None
    try:
        by_key = {(r, name): c for r in recipes for name, c in classifiers[r].items()}
        predictions = TestPredictions(by_key, *load_mnist(train=False))
        predictions.start()
    except DatasetError as error:
        problems.append(f"The test images are not available: {error}")

    def recognise(drawing, model, recipe):
        try:
            return answer(classifiers.get(recipe, {}), model, drawing)
        except ValueError as error:
            raise gr.Error(str(error)) from None

    # The pen must never wait: no queue, no spinner, and while one answer is under way only the
    # newest drawing is kept for the next.
    immediately: dict[str, Any] = {
        "queue": False,
        "trigger_mode": "always_last",
        "show_progress": "hidden",
        "api_visibility": "private",
    }

    with gr.Blocks(title="digitnet", analytics_enabled=False) as page:
        gr.Markdown(
            "# digitnet\nDraw a digit. Three small networks, from one linear map to a "
            "convolutional net, say what they see while you draw."
        )
        for problem in problems:
            gr.Markdown(f"⚠️ {problem}", elem_classes="problem")
        with gr.Row():
            model = gr.Radio(models, value=best, label="Model", elem_id="model", interactive=True)
            recipe = gr.Radio(
                [(TRAINED[recipe], recipe) for recipe in recipes],
                value=first,
                label="Trained",
                elem_id="recipe",
                visible=len(recipes) > 1,
                interactive=True,
            )
        with gr.Tab("Draw"), gr.Row():
            with gr.Column(min_width=300):
                sketchpad = Sketchpad()
            with gr.Column(min_width=300):
                answers = Answer(value=recognise([], best, first))
        gr.on(
            [sketchpad.input, model.input, recipe.input],
            recognise,
            [sketchpad, model, recipe],
            answers,
            **immediately,
        )

        with gr.Tab("Test predictions") as gallery_tab:
            if predictions is None or best is None:
                gr.Markdown("The test predictions need the test images and a model's weights.")
            else:
                add_gallery(predictions, model, recipe, gallery_tab)

        with gr.Tab("Models") as data_tab:
            accuracy = Accuracy(value=bars(metrics.get(first or "")))
            recipe.input(lambda r: bars(metrics.get(r)), recipe, accuracy, **immediately)
            if predictions is not None:
                gr.Markdown("## Sixteen of the test images")
                grid = Gallery(elem_id="grid")
                sample = partial(tiles_of_labels, predictions.images, predictions.labels)
                another = gr.Button("Sixteen others", size="md")
                for event in (data_tab.select, another.click):
                    event(sample, None, grid, api_visibility="private")
    return page


def add_gallery(
    predictions: TestPredictions, model: gr.Radio, recipe: gr.Radio, tab: gr.Tab
) -> None:
    """The gallery of test predictions with its filters and pages."""
    with gr.Row():
        outcome = gr.Radio(OUTCOMES, value="all", label="Show", elem_id="outcome")
        digit = gr.Dropdown(
            [(EVERY_DIGIT, -1)] + [(str(digit), digit) for digit in range(10)],
            value=-1,
            label="True digit",
            elem_id="true-digit",
        )
        page = gr.Number(1, label="Page", precision=0, step=1, elem_id="page")
    gallery = Gallery(elem_id="gallery")
    with gr.Row():
        previous = gr.Button("← Previous page", elem_id="previous")
        following = gr.Button("Next page →", elem_id="next")

    def show(model, recipe, outcome, digit, page):
        true_digit = None if digit is None or digit < 0 else digit
        selection = Selection(outcome, true_digit, page or 1)
        tiles = tiles_of_predictions(predictions, (recipe, model), selection)
        return tiles, tiles["page"]

    filters = [model, recipe, outcome, digit]
    quietly: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    for event in (tab.select, page.submit):
        event(show, [*filters, page], [gallery, page], **quietly)
    for event in (model.input, recipe.input, outcome.input, digit.input):
        event(partial(show, page=1), filters, [gallery, page], **quietly)
    for button, step in ((previous, -1), (following, 1)):

        def turn(model, recipe, outcome, digit, page, step=step):
            return show(model, recipe, outcome, digit, (page or 1) + step)

        button.click(turn, [*filters, page], [gallery, page], **quietly)


demo = build_page()


def main() -> None:
    """Serve the page, and open it where there is a desktop."""
    parser = argparse.ArgumentParser(description="Serve the digit page.")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="address to listen on (this machine's only)"
    )
    parser.add_argument(
        "--port", type=port, metavar="N", help="port to listen on (7860, or the next free one)"
    )
    parser.add_argument(
        "--share", action="store_true", help="also serve at a public gradio.live address"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the page in a browser"
    )
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the address shows at once in a log file too
    try:
        demo.launch(
            server_name=options.host,
            server_port=options.port,
            share=options.share or None,
            inbrowser=has_desktop() and not options.no_browser,
            theme=THEME,
            css=STYLE,
        )
    except OSError as error:
        sys.exit(f"app.py: {error}")


def port(text: str) -> int:
    """An argument type: a port that can be listened on."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, not {text}.")
    return int(text)


def has_desktop() -> bool:
    """Whether somebody sits in front of this machine: not on a Space, not on a bare server."""
    if "SPACE_ID" in os.environ:
        return False
    return sys.platform in ("win32", "darwin") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


if __name__ == "__main__":
    main()
