"""The page: draw a digit, and see what each of the three networks makes of it.

python app.py           opens the page; --help shows where it can be served
"""

import argparse
import atexit
import contextlib
import gc
import html
import io
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

import httpx


def end_quietly() -> None:
    """Let Ctrl-C and SIGTERM end this process without a traceback, after what is registered with
    `atexit` from here on.

    Python itself would stop threads that are in PyTorch's C++, which aborts the process.
    """
    status = 0

    def stop(number: int, _: object) -> NoReturn:
        nonlocal status
        status = 128 + number
        sys.exit(status)

    def leave() -> None:
        if status:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    atexit.register(leave)
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for a script's background jobs
            signal.signal(number, stop)


def reach_this_machine_directly() -> None:
    """Ask the page itself without the proxy that the environment may name, as Gradio does.

    A proxy that httpx cannot use (SOCKS, where socksio is missing) is used for nothing.
    """
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    host = os.environ.get("GRADIO_SERVER_NAME")
    direct = filter(None, (named, host, "localhost", "127.0.0.1", "::1"))
    os.environ["no_proxy"] = ",".join(direct)
    try:
        httpx.Client().close()
    except (ImportError, ValueError) as error:
        print(f"app.py: the proxy that the environment names is not used: {error}", file=sys.stderr)
        os.environ["no_proxy"] = "*"


if __name__ == "__main__":
    end_quietly()
reach_this_machine_directly()  # importing Gradio makes a client already

with contextlib.suppress(ImportError):
    import spaces  # noqa: F401  # ZeroGPU has to come before torch

# Gradio makes a folder for visitors' files at its start, by itself one for all users of a machine,
# where only the first may write. This page keeps no files: it needs one only to start.
temporary = tempfile.TemporaryDirectory(prefix="digitnet-")
atexit.register(temporary.cleanup)
os.environ.setdefault("GRADIO_TEMP_DIR", temporary.name)

import gradio as gr
import torch
from starlette.middleware import Middleware

from digitnet.ui.components.answer import answer
from digitnet.ui.resources import Resources, load_resources
from digitnet.ui.server.endpoints import add_api
from digitnet.ui.server.limits import MAX_QUEUED, Page, limits
from digitnet.ui.server.preview import Preview
from digitnet.ui.session import add_session, add_tab
from digitnet.ui.tabs.break_it import add_break_it
from digitnet.ui.tabs.common import add_choice
from digitnet.ui.tabs.compare import add_compare
from digitnet.ui.tabs.draw import add_draw
from digitnet.ui.tabs.explore import add_explore
from digitnet.ui.tabs.train_it import add_train_it
from digitnet.ui.tabs.why import add_why

THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
PROJECT = Path(__file__).parent
TITLE = "digitnet"
SENTENCE = (
    "Draw a digit. Three small networks, from one linear map to a convolutional net, say what they "
    "see while you draw."
)
TWO_STROKES = [[[250, 200], [750, 200], [450, 850]], [[400, 500], [720, 500]]]  # a crossed 7


def build_page(resources: Resources) -> gr.Blocks:
    """Assemble the page from its tabs."""
    with Page(title=TITLE, analytics_enabled=False) as page:
        add_api(resources)  # first: Gradio's own client takes the first function for /predict
        gr.Markdown(f"# {TITLE}\n{SENTENCE}", elem_id="intro")
        for problem in resources.problems:
            # Not Markdown: it may quote a file that somebody else made.
            gr.HTML(f"<p>⚠️ {html.escape(problem)}</p>", elem_classes="problem", padding=False)
        choice = add_choice(resources)
        with gr.Tabs(selected="draw") as tabs:
            with add_tab("Draw", "draw"):
                sketchpad, geometry = add_draw(resources, choice)
            with add_tab("Why", "why") as tab:
                add_why(resources, choice, sketchpad, tabs, tab)
            with add_tab("Test predictions", "explore") as tab:
                mistakes_only = add_explore(resources, choice, sketchpad, tabs, tab)
            with add_tab("Break it", "break") as tab:
                add_break_it(resources, choice, sketchpad, tabs, tab)
            with add_tab("Compare", "compare") as tab:
                add_compare(resources, choice, tab)
            with add_tab("Train it", "train") as tab:
                add_train_it(resources, choice, tabs, tab, mistakes_only)
        add_session(resources, choice, geometry, sketchpad, tabs)
    return page.queue(max_size=MAX_QUEUED)


resources = load_resources()
demo = build_page(resources)


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
        "--root-path",
        metavar="PATH",
        type=prefix,
        default=prefix(os.environ.get("GRADIO_ROOT_PATH", "")),
        help="where a proxy serves the page, such as /digits, kept or stripped; or its address",
    )
    parser.add_argument(
        "--share", action="store_true", help="also serve at a public gradio.live address"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="do not open the page in a browser"
    )
    parser.add_argument(
        "--no-test-predictions",
        action="store_true",
        help="do not recognise MNIST's test images in the background; Test predictions stays empty",
    )
    options = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # the address shows at once in a log file too
    torch.set_num_threads(1)  # for each visitor; more would only wait for each other
    if options.host:
        os.environ["no_proxy"] += f",{options.host}"
    warm_up()
    gc.freeze()  # what is loaded by now stays; to look through it again and again delays answers
    try:
        demo.launch(
            server_name=options.host,
            server_port=options.port,
            root_path=options.root_path,
            share=options.share or None,
            inbrowser=has_desktop() and not options.no_browser,
            theme=THEME,
            css_paths=PROJECT / "digitnet" / "ui" / "page.css",
            js=(PROJECT / "digitnet" / "ui" / "page.js").read_text(encoding="utf-8"),
            favicon_path=PROJECT / "digitnet" / "ui" / "icon.png",
            footer_links=["api", "gradio"],  # its settings are for who makes a page
            run_history=False,  # or every drawing is kept in the visitor's browser
            prevent_thread_lock=True,
            **limits(
                Middleware(
                    Preview,
                    title=TITLE,
                    sentence=SENTENCE,
                    picture=PROJECT / "docs" / "page.png",
                )
            ),
        )
    except OSError as error:
        sys.exit(f"app.py: {error}")
    temporary.cleanup()
    if resources.predictions is not None and not options.no_test_predictions:
        resources.predictions.start()  # only now: the first page should not wait for it
    demo.block_thread()


def warm_up() -> None:
    """Do now what the first visitor would wait for.

    Gradio imports matplotlib with the first request, and looks for a desktop that it could draw on.
    A second stroke imports what one stroke does not need.
    """
    import matplotlib  # here: importing this module should not take longer

    matplotlib.use("agg")
    for classifiers in resources.classifiers.values():
        answer(classifiers, next(iter(classifiers)), TWO_STROKES)


def prefix(text: str) -> str:
    """An argument type: a path as Gradio takes it, or a whole address."""
    text = text.rstrip("/")
    return text if not text or text.startswith(("/", "http://", "https://")) else f"/{text}"


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
