"""What stands between the page and everybody: limits, and a sentence for what is not acceptable."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitnet.drawing import MAX_DRAWING_POINTS
from digitnet.ui.server.errors import log_place, note_errors
from digitnet.ui.server.requests import UNKNOWN, RequestCheck

TOO_MUCH = "Too much is being sent at this moment; try again."
BROKEN = "The page could not answer this; its log says where."
MAX_BODY_BYTES = 20_000_000  # of a request; a picture in base64 is a third larger than its file
MAX_VALUES = 2 * MAX_DRAWING_POINTS + 10_000  # of a request in JSON: it is parsed while others wait
MAX_BYTES_HELD = 400_000_000  # of all requests that are being received
IDLE_SECONDS = 10.0  # without a byte of a request that is being received
BODY_SECONDS = 120.0  # until all of a request is received; 20 MB take a minute at 3 Mbit/s
MAX_QUEUED = 256  # events that wait; drawing does not, it has no queue
# Visitors whose state is kept, a quarter MB each; the one longest away is forgotten first.
MAX_SESSIONS = 128
# Doors of Gradio's that this page has no use for: they write files, fetch things, or never end.
CLOSED = (
    *("process_recording", "deep_link", "proxy=", "file=http", "file/", "component_server"),
    *("stream/", "dev/", "vibe-", "undo-vibe-", "upload"),
)
# A Space is shown within a page of huggingface.co, so framing is not forbidden.
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"content-security-policy", b"object-src 'none'; base-uri 'self'; form-action 'self'"),
]
# Of the networks' JavaScript modules: an old one from the browser's cache may not fit the page.
ASK_FIRST = (b"cache-control", b"no-cache")


@dataclass(eq=False)
class _Body:
    """The body of a request while it is received."""

    client: str
    deadline: asyncio.Timeout
    content: bytearray = field(default_factory=bytearray)
    values: int = 0  # at least; in JSON as many as commas, but for the first of each list


class Guard:
    """Middleware: limits what is received, closes doors, adds headers, corrects a status.

    A request is received whole before it is looked at, so that one that breaks off leaves no file.
    When too much is held, the client that holds the most gives up its oldest body: whoever sends
    slowly, or sends much, does not keep the others from drawing.
    """

    def __init__(self, app: ASGIApp, check: Callable[[str, bytes], str | None]):
        self.app = app
        self.check = check
        self.bodies: dict[_Body, None] = {}  # oldest first
        self.held = 0  # bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        route = route_of(scope)
        send = _with_headers(send, route)
        if route.startswith(CLOSED):
            return await _refusal(404, "There is nothing here.")(scope, receive, send)
        if scope["method"] == "POST":
            try:
                body = await self._received(scope, receive)
            except _Refused as refused:
                return await refused.answer(scope, receive, send)
            if body is None:
                return None  # nobody waits for an answer
            if _is_json(scope) and (problem := self.check(route, body)):
                return await _refusal(422, problem)(scope, receive, send)
            receive = _replay(body, receive)
            send = _with_status(send, note_errors())
        await _answered(self.app, scope, receive, send)

    async def _received(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body of a request, or None if it broke off; raises `_Refused`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + BODY_SECONDS
        is_json = _is_json(scope)
        client, _ = scope.get("client") or ("", 0)
        body = _Body(client, asyncio.timeout_at(loop.time() + IDLE_SECONDS))
        self.bodies[body] = None
        try:
            async with body.deadline:
                more = True
                while more:
                    message = await receive()
                    if body not in self.bodies:  # `_make_room` ended it while this came
                        raise _Refused(503, TOO_MUCH)
                    if message["type"] == "http.disconnect":
                        return None
                    chunk = message.get("body", b"")
                    more = message.get("more_body", False)
                    body.content += chunk
                    body.values += chunk.count(b",") if is_json else 0
                    self.held += len(chunk)
                    if len(body.content) > MAX_BODY_BYTES:
                        raise _Refused(
                            413, f"Send at most {MAX_BODY_BYTES // 1_000_000} MB at a time."
                        )
                    if body.values > MAX_VALUES:
                        points = f"{MAX_DRAWING_POINTS:,} points"
                        raise _Refused(413, f"A drawing has at most {points}; this has more.")
                    body.deadline.reschedule(min(loop.time() + IDLE_SECONDS, end))
                    if self.held > MAX_BYTES_HELD:
                        self._make_room(body)
        except TimeoutError:
            if body not in self.bodies:
                raise _Refused(503, TOO_MUCH) from None
            raise _Refused(408, "The request did not arrive in time; try again.") from None
        finally:
            self.bodies.pop(body, None)
            self.held -= len(body.content)
        return bytes(body.content)

    def _make_room(self, newest: _Body) -> None:
        """End the oldest body of the client that holds the most; raises `_Refused` if that is
        `newest`, the one at hand."""
        held: Counter[str] = Counter()
        for body in self.bodies:
            held[body.client] += len(body.content)
        greediest = max(held, key=lambda client: held[client])
        oldest = next(body for body in self.bodies if body.client == greediest)
        if oldest is newest:
            raise _Refused(503, TOO_MUCH)
        del self.bodies[oldest]
        self.held -= len(oldest.content)
        oldest.content.clear()
        if not oldest.deadline.expired():
            oldest.deadline.reschedule(0)


class _Refused(Exception):
    """A request that is not received to its end, and what it is told."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.answer = _refusal(status, sentence)
        self.answer.headers["connection"] = "close"  # what is still sent is not read


def route_of(scope: Scope) -> str:
    """The path of a request behind the page's own and Gradio's prefix, as Gradio's router sees it:
    a proxy may keep the page's, or strip it."""
    path, prefix = scope["path"], scope.get("root_path", "")
    if prefix and path.startswith(prefix + "/"):
        path = path.removeprefix(prefix)
    return path.removeprefix("/gradio_api/").removeprefix("/")


def _is_json(scope: Scope) -> bool:
    """Whether a body is taken for JSON, as it is where no type is given."""
    return not dict(scope["headers"]).get(b"content-type", b"").startswith(b"multipart/")


async def _answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the application answer; what it raises goes to the log in one line.

    `digitnet.ui.server.errors.handler` answers for the page's own functions. So where a request
    with a body makes something else raise, that body is not what Gradio takes.
    """
    has_begun = has_ended = False

    async def sending(message: Message) -> None:
        nonlocal has_begun, has_ended
        has_begun = True
        has_ended = message["type"] == "http.response.body" and not message.get("more_body")
        await send(message)

    try:
        await app(scope, receive, sending)
    except Exception as error:
        # Starlette's, of a status that came too late: an event or a session that does not exist.
        if not isinstance(error.__cause__, HTTPException):
            log_place(error)
        if not has_begun:
            posted = scope["method"] == "POST"
            refusal = _refusal(422, UNKNOWN) if posted else _refusal(500, BROKEN)
            await refusal(scope, receive, send)
        elif not has_ended:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the application what was received already, and then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again


def _with_headers(send: Send, route: str) -> Send:
    is_module = route.startswith("file=") and route.endswith(".js")
    headers = [*HEADERS, *([ASK_FIRST] if is_module else [])]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return sending


def _with_status(send: Send, errors: list[str]) -> Send:
    """Gradio answers 500 to every error; with one of `errors`, the input was wrong: 422."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500 and errors:
            message["status"] = 422
        await send(message)

    return sending


def limits(page: gr.Blocks, *middleware: Middleware) -> dict[str, Any]:
    """Arguments of the `launch` of `page`; requests pass the guard, and then `middleware`."""
    guard = Middleware(Guard, check=RequestCheck(page.config["dependencies"]))
    return {
        "max_file_size": MAX_BODY_BYTES,
        "state_session_capacity": MAX_SESSIONS,
        "enable_monitoring": False,
        "app_kwargs": {"middleware": [guard, *middleware]},
    }
