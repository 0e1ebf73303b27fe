"""What stands between the page and everybody: limits, and a sentence for what is not acceptable."""

import contextlib
import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import gradio as gr
from gradio.exceptions import Error
from gradio.route_utils import FnIndexInferError
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitnet.drawing import MOST_POINTS

NOT_OURS = "This is not what the page sends; reload it and try again."
MOST_BYTES = 20_000_000  # of a request; a picture in base64 is a third larger than its file
MOST_VALUES = 2 * MOST_POINTS + 10_000  # of a request in JSON: it is parsed while others wait
MOST_BYTES_HELD = 400_000_000  # of all requests that are being received
MOST_QUEUED = 256  # events that wait; drawing does not, it has no queue
# Seconds between two looks of Gradio's at its queue while nothing is done. By itself it looks every
# millisecond, but for Windows: a twentieth of a processor for nothing, and a training disturbed.
QUEUE_PAUSE = 0.01
KEPT_SECONDS = 300  # an upload that was never read
# Visitors whose state is kept, a quarter MB each; the one longest away is forgotten first.
MOST_SESSIONS = 128
# Doors of Gradio's that this page has no use for: they write files, fetch things, or never end.
CLOSED = (
    *("process_recording", "deep_link", "proxy=", "component_server", "stream/"),
    *("dev/", "vibe-", "undo-vibe-"),
)
# A Space is shown within a page of huggingface.co, so framing is not forbidden.
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"content-security-policy", b"object-src 'none'; base-uri 'self'; form-action 'self'"),
]


class Refusal(Error):
    """An error of the visitor's, which the page shows and the log leaves out."""

    def __init__(self, message: str):
        super().__init__(message, print_exception=False)


@contextlib.contextmanager
def one_sentence() -> Iterator[None]:
    """Turn the ValueError of a function that a visitor's input reaches into a `Refusal`."""
    try:
        yield
    except Error:
        raise
    except ValueError as error:
        raise Refusal(str(error)) from None


class Page(gr.Blocks):
    """A page that refuses in one sentence what its components would not send."""

    def __init__(self, **properties: Any):
        # What is uploaded is deleted when it was read; this is for what nobody asked to be read.
        super().__init__(delete_cache=(KEPT_SECONDS, KEPT_SECONDS), **properties)

    def queue(self, *given: Any, max_size: int | None = MOST_QUEUED, **named: Any) -> Self:
        super().queue(*given, max_size=max_size, **named)
        self._queue.sleep_when_free = QUEUE_PAUSE
        return self

    async def preprocess_data(self, block_fn: Any, inputs: list, *rest: Any, **named: Any) -> list:
        try:
            if block_fn.fn is None:
                raise Refusal("This event is the browser's own.")
            if any(_is_address(path) for path in _paths_in(inputs)):
                raise Refusal("Nothing is downloaded from elsewhere; upload the picture.")
            return await super().preprocess_data(block_fn, inputs, *rest, **named)
        except Refusal:
            raise
        except Exception:
            # Gradio's own messages have in them what was sent, and are logged.
            raise Refusal(NOT_OURS) from None

    async def call_function(self, *given: Any, **named: Any) -> Any:
        try:
            return await super().call_function(*given, **named)
        except Error:
            raise
        except Exception as error:
            # The log has the place, not the message: that may have in it what was sent.
            place = traceback.extract_tb(error.__traceback__)[-1]
            name = Path(place.filename).name
            print(f"{type(error).__name__} in {name}, line {place.lineno}", file=sys.stderr)
            raise Refusal(NOT_OURS) from None


def _paths_in(value: Any) -> Iterator[Any]:
    """What Gradio may take for the paths of files, at any depth."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "path" in one:
                yield one["path"]
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)


def _is_address(path: Any) -> bool:
    return isinstance(path, str) and path.lower().startswith(("http:", "https:"))


class Guard:
    """Middleware: limits what is received, closes doors, adds headers, corrects a status.

    A request is received whole before it is looked at, so that one that breaks off leaves no file.
    """

    def __init__(self, app: ASGIApp):
        self.app = app
        self.held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        send = _with_headers(send)
        path = scope["path"].removeprefix("/gradio_api/").removeprefix("/")
        if path.startswith(CLOSED):
            return await _refusal(404, "There is nothing here.")(scope, receive, send)
        if scope["method"] != "POST":
            return await self.app(scope, receive, send)
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                self.held += len(message.get("body", b""))
                more = message.get("more_body", False)
                if refusal := self._refusal_of(scope, body):
                    return await refusal(scope, receive, send)
            if path.startswith(("run/", "api/")):
                send = _with_status_of_error(send)
            await self.app(scope, _replay(body, receive), send)
        finally:
            self.held -= len(body)

    def _refusal_of(self, scope: Scope, body: bytearray) -> JSONResponse | None:
        """The answer to what is too much, or None."""
        if len(body) > MOST_BYTES:
            return _refusal(413, f"Send at most {MOST_BYTES // 1_000_000} MB at a time.")
        if self.held > MOST_BYTES_HELD:
            return _refusal(503, "Too much is being sent at this moment; try again.")
        kind = dict(scope["headers"]).get(b"content-type", b"")
        # As many commas as values, but for the first of each list.
        if not kind.startswith(b"multipart/") and body.count(b",") > MOST_VALUES:
            return _refusal(413, f"A drawing has at most {MOST_POINTS:,} points; this has more.")
        return None


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _replay(body: bytearray, receive: Receive) -> Receive:
    """Gives the application what was received already, and then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *HEADERS]
        await send(message)

    return sending


def _with_status_of_error(send: Send) -> Send:
    """Gradio answers 500 to everything; a sentence for the visitor means that the input was bad."""
    start: list[Message] = []

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500:
            start.append(message)
            return
        if start:
            first = start.pop()
            if _has_sentence(message.get("body", b"")):
                first["status"] = 422
            await send(first)
        await send(message)

    return sending


def _has_sentence(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body)["error"], str)
    except (ValueError, KeyError, TypeError):
        return False


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    return _refusal(422, "There is no such function here, or this is not what it takes.")


# What Gradio's `launch` is told.
LIMITS: dict[str, Any] = {
    "max_file_size": MOST_BYTES,
    "state_session_capacity": MOST_SESSIONS,
    "enable_monitoring": False,
    "app_kwargs": {
        "middleware": [Middleware(Guard)],
        # What is raised outside of the page's functions, which answer for themselves.
        "exception_handlers": dict.fromkeys(
            (FnIndexInferError, KeyError, TypeError, ValueError), _unknown
        ),
    },
}
