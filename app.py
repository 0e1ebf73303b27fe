"""The page: draw a digit, and see what each of the three networks makes of it.

python app.py           opens the page; --help shows where it can be served
"""

import argparse
import contextlib
import gc
import io
import os
import sys
from pathlib import Path

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  # ZeroGPU has to come before torch

import gradio as gr
import torch

from digitnet.ui.server.endpoints import add_api
from digitnet.ui.server.limits import LIMITS, Page
from digitnet.ui.resources import Loaded, load_all
from digitnet.ui.tabs.break_it import add_break_it
from digitnet.ui.tabs.common import add_choice
from digitnet.ui.tabs.compare import add_compare
from digitnet.ui.tabs.draw import add_draw
from digitnet.ui.tabs.explore import add_explore
from digitnet.ui.tabs.train_it import add_train_it
from digitnet.ui.tabs.why import add_why

THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
STYLE = Path(__file__).parent / "digitnet" / "ui" / "page.css"


def build_page(loaded: Loaded) -> gr.Blocks:
    """Assemble the page from its tabs."""
    with Page(title="digitnet", analytics_enabled=False) as page:
        gr.Markdown(
            "# digitnet\nDraw a digit. Three small networks, from one linear map to a "
            "convolutional net, say what they see while you draw.",
            elem_id="intro",
        )
        for problem in loaded.problems:
            gr.Markdown(f"⚠️ {problem}", elem_classes="problem")
        choice = add_choice(loaded)
        with gr.Tabs(selected="draw") as tabs:
            with gr.Tab("Draw", id="draw"):
                sketchpad = add_draw(loaded, choice)
            with gr.Tab("Why") as tab:
                add_why(loaded, choice, sketchpad, tabs, tab)
            with gr.Tab("Test predictions", id="explore") as tab:
                add_explore(loaded, choice, sketchpad, tabs, tab)
            with gr.Tab("Break it") as tab:
                add_break_it(loaded, choice, sketchpad, tabs, tab)
            with gr.Tab("Compare") as tab:
                add_compare(loaded, choice, tab)
            with gr.Tab("Train it") as tab:
                add_train_it(loaded, choice, tabs, tab)
        add_api(loaded)
    return page


loaded = load_all()
demo = build_page(loaded)


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
    torch.set_num_threads(1)  # for each visitor; more would only wait for each other
    gc.freeze()  # what is loaded by now stays; to look through it again and again delays answers
    try:
        demo.launch(
            server_name=options.host,
            server_port=options.port,
            share=options.share or None,
            inbrowser=has_desktop() and not options.no_browser,
            theme=THEME,
            css_paths=STYLE,
            prevent_thread_lock=True,
            **LIMITS,
        )
    except OSError as error:
        sys.exit(f"app.py: {error}")
    if loaded.predictions is not None:
        loaded.predictions.start()  # only now: the first page should not wait for it
    demo.block_thread()


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
