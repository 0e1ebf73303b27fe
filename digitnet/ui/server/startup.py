"""What app.py does before and while it starts the page. This module doesn't import Gradio."""

import argparse
import atexit
import os
import signal
import sys
import tempfile
from typing import NoReturn

import httpx

from digitnet.classifier import Classifier
from digitnet.drawing import parse_drawing

TWO_STROKES = [[[250, 200], [750, 200], [450, 850]], [[400, 500], [720, 500]]]  # a crossed 7


def end_quietly() -> None:
    """Let Ctrl-C and SIGTERM end this process without a traceback.

    Functions that are registered with `atexit` from here on are still called. Python itself would
    stop threads that are in PyTorch's C++, which aborts the process.
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


def bypass_proxies_locally() -> None:
    """Exclude this machine from the proxies of the environment, before Gradio is imported.

    Gradio requests the page from itself, and makes a client as soon as it is imported. A proxy that
    httpx can't use (SOCKS, where socksio is missing) is not used at all.
    """
    excluded = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    host = os.environ.get("GRADIO_SERVER_NAME")
    os.environ["no_proxy"] = ",".join(
        filter(None, (excluded, host, "localhost", "127.0.0.1", "::1"))
    )
    try:
        httpx.Client().close()
    except (ImportError, ValueError) as error:
        print(f"app.py: the proxy of the environment is not used: {error}", file=sys.stderr)
        os.environ["no_proxy"] = "*"


def make_temporary_folder() -> tempfile.TemporaryDirectory:
    """A folder for the files of Gradio, which is deleted at the end of the process.

    Gradio makes a folder for visitors' files when it starts: by default one for all users of a
    machine, in which only the first user may write. This page stores no files, so the folder can be
    deleted as soon as the page is served.
    """
    folder = tempfile.TemporaryDirectory(prefix="digitnet-")
    atexit.register(folder.cleanup)
    os.environ.setdefault("GRADIO_TEMP_DIR", folder.name)
    return folder


def parse_options() -> argparse.Namespace:
    """The options of ``python app.py``."""
    parser = argparse.ArgumentParser(description="Serve the digit page.")
    parser.add_argument(
        "--host", metavar="ADDRESS", help="address to listen on (this machine's only)"
    )
    parser.add_argument(
        "--port", type=_port, metavar="N", help="port to listen on (7860, or the next free one)"
    )
    parser.add_argument(
        "--root-path",
        metavar="PATH",
        type=_root_path,
        default=_root_path(os.environ.get("GRADIO_ROOT_PATH", "")),
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
    return parser.parse_args()


def warm_up(classifiers: dict[str, dict[str, Classifier]]) -> None:
    """Do what the first visitor would otherwise wait for, with classifiers by recipe and model.

    Gradio imports matplotlib with the first request, and looks for a display. A second stroke
    imports what one stroke doesn't need.
    """
    import matplotlib  # here: importing app.py should be fast

    from digitnet.ui.components.answer import answer  # here: it imports Gradio

    matplotlib.use("agg")
    for by_model in classifiers.values():
        answer(by_model, next(iter(by_model)), parse_drawing(TWO_STROKES))


def has_desktop() -> bool:
    """Whether a person uses this machine: not on a Space, not on a server without a display."""
    if "SPACE_ID" in os.environ:
        return False
    return sys.platform in ("win32", "darwin") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _root_path(text: str) -> str:
    """An argument type: a path as Gradio takes it, or a whole address."""
    text = text.rstrip("/")
    return text if not text or text.startswith(("/", "http://", "https://")) else f"/{text}"


def _port(text: str) -> int:
    """An argument type: a port number."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 to 65535, not {text}.")
    return int(text)
