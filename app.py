"""The page: draw a digit, and see the predictions of three networks.

python app.py           opens the page; --help shows where it can be served
"""

import contextlib
import gc
import os
import signal

gc.disable()  # until the page is assembled, which takes a sixth longer otherwise

# The imports below take seconds, in which Ctrl-C ends quietly too.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  # ZeroGPU has to come before torch, which digitnet imports

from digitnet.ui.server import startup

if __name__ == "__main__":
    startup.end_quietly()
startup.bypass_proxies_locally()  # this and the folder come before Gradio is imported
temporary_folder = startup.make_temporary_folder()

import html
import io
import sys
from pathlib import Path

import gradio as gr
import torch
from starlette.middleware import Middleware

from digitnet.ui.browser import serve_engine
from digitnet.ui.components.base import View
from digitnet.ui.resources import Resources, load_resources
from digitnet.ui.server.endpoints import add_api
from digitnet.ui.server.limits import MAX_QUEUED, limits
from digitnet.ui.server.preview import Preview
from digitnet.ui.session import add_session, add_tab
from digitnet.ui.tabs.break_it import add_break_it
from digitnet.ui.tabs.common import QUEUED, add_choice
from digitnet.ui.tabs.compare import add_compare
from digitnet.ui.tabs.draw import add_draw
from digitnet.ui.tabs.explore import add_explore
from digitnet.ui.tabs.train_it import add_train_it
from digitnet.ui.tabs.why import add_why
from digitnet.ui.tabs.your_hand import add_your_hand
from digitnet.ui.theme import THEME

PROJECT = Path(__file__).parent
UI = PROJECT / "digitnet" / "ui"
TITLE = "digitnet"
SENTENCE = (
    "Draw a digit. Three small networks, from a linear model to a convolutional network, predict "
    "it while you draw."
)
ARTICLE = "“Deep Learning for Handwritten Digit Recognition: A PyTorch Approach”"


def build_page(resources: Resources) -> gr.Blocks:
    """Assemble the page from its tabs."""
    with gr.Blocks(title=TITLE, analytics_enabled=False) as page:
        add_api(resources)  # first: Gradio's own client takes the first function for /predict
        intro = f"# {TITLE}\n{SENTENCE} They are those of the article {ARTICLE}."
        with gr.Row(elem_id="head"):
            gr.Markdown(intro, elem_id="intro")
            with gr.Column(scale=0, min_width=64):
                thumbnail = View("thumbnail", elem_id="thumbnail")
        for problem in resources.problems:
            # Not Markdown: it may quote a file that somebody else made.
            gr.HTML(f"<p>⚠️ {html.escape(problem)}</p>", elem_classes="problem")
        choice, engine = add_choice(resources), serve_engine(resources)
        with gr.Tabs(selected="draw", overflow_behavior="wrap", elem_id="tabs") as tabs:
            with add_tab("Draw", "draw"):
                sketchpad, geometry = add_draw(resources, choice, engine)
            with add_tab("Why", "why") as tab:
                add_why(resources, choice, sketchpad, tab)
            with add_tab("Test predictions", "explore") as tab:
                mistakes_only = add_explore(resources, choice, sketchpad, tabs, tab)
            with add_tab("Break it", "break") as tab:
                add_break_it(resources, choice, sketchpad, tab)
            with add_tab("Compare", "compare") as tab:
                add_compare(resources, choice, tab)
            with add_tab("Train it", "train") as tab:
                add_train_it(resources, choice, sketchpad, tabs, tab, mistakes_only)
            with add_tab("Your hand", "hand"):
                add_your_hand(resources, choice, tabs, engine)
        thumbnail.click(lambda: gr.Tabs(selected="draw"), None, tabs, **QUEUED)
        add_session(resources, choice, geometry, sketchpad, tabs)
    return page.queue(max_size=MAX_QUEUED)


resources = load_resources()
demo = build_page(resources)
gc.enable()


def main() -> None:
    """Serve the page, and open it where there is a desktop."""
    options = startup.parse_options()
    if resources.predictions is not None:
        resources.predictions.will_grow = not options.no_test_predictions
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log file gets the address at once
    torch.set_num_threads(1)  # per visitor; with more threads they would wait for each other
    if options.host:
        os.environ["no_proxy"] += f",{options.host}"
    startup.warm_up(resources.classifiers)
    gc.collect()
    gc.freeze()  # what is loaded now stays; looking through it again and again delays answers
    preview = Middleware(
        Preview, title=TITLE, sentence=SENTENCE, picture=PROJECT / "docs" / "page.png"
    )
    try:
        demo.launch(
            server_name=options.host,
            server_port=options.port,
            root_path=options.root_path,
            share=options.share or None,
            inbrowser=startup.has_desktop() and not options.no_browser,
            theme=THEME,
            css_paths=UI / "page.css",
            js=(UI / "page.js").read_text(encoding="utf-8"),
            favicon_path=UI / "icon.png",
            footer_links=["api", "gradio"],  # Gradio's settings are for developers
            run_history=False,  # or every drawing is stored in the visitor's browser
            prevent_thread_lock=True,
            **limits(demo, preview),
        )
    except OSError as error:
        sys.exit(f"app.py: {error}")
    temporary_folder.cleanup()
    if resources.predictions is not None and not options.no_test_predictions:
        resources.predictions.start()  # only now: the first page should not wait for it
    demo.block_thread()


if __name__ == "__main__":
    main()
