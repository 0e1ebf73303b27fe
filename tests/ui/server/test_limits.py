"""The middleware in front of the page: what it receives, and what it lets through."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest

from digitnet.ui.server import limits
from digitnet.ui.server.errors import handler
from digitnet.ui.server.limits import CLOSED, MAX_BODY_BYTES, MAX_VALUES, Guard

PREDICT = "/gradio_api/run/predict"


def run(coroutine):
    """What `coroutine` returns. In a thread of its own: Playwright may have a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def application(scope, receive, send):
    """Answers how much it was given."""
    body = (await receive()).get("body", b"")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})


def request(path=PREDICT, method="POST", client="192.0.2.1", kind=b"application/json", root=""):
    return {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": root,
        "client": (client, 1),
        "headers": [(b"content-type", kind)],
    }


async def ask(middleware, scope, chunks=(b"",)):
    """The status and the body of what is answered; chunks that are None never come."""
    left = list(chunks)
    answer = []

    async def receive():
        chunk = left.pop(0)
        if chunk is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message):
        answer.append(message)

    await middleware(scope, receive, send)
    return answer[0]["status"], b"".join(message.get("body", b"") for message in answer)


def guard(app):
    """The middleware before `app`, whose requests are not checked further."""
    return Guard(app, lambda route, body: None)


class Counting(bytes):
    """A chunk that counts how often it is looked through."""

    looks = 0

    def count(self, *given):
        Counting.looks += 1
        return super().count(*given)


def test_each_chunk_is_looked_at_once():
    chunks = [Counting(b" " * 1000) for _ in range(50)]
    Counting.looks = 0
    assert run(ask(guard(application), request(), chunks)) == (200, b"50000")
    assert Counting.looks == len(chunks)


def test_what_is_too_much_is_refused_before_it_is_all_there():
    never_ending = [b"x" * (MAX_BODY_BYTES // 2)] * 3 + [None]
    status, said = run(ask(guard(application), request(), never_ending))
    assert status == 413 and "at most 20 MB" in json.loads(said)["error"]
    numbers = [b"0," * (MAX_VALUES // 2 + 1)] * 2 + [None]
    status, said = run(ask(guard(application), request(), numbers))
    assert status == 413 and "at most 100,000 points" in json.loads(said)["error"]


@pytest.mark.parametrize("limit", ["IDLE_SECONDS", "BODY_SECONDS"])
def test_a_body_that_does_not_end_is_given_up(monkeypatch, limit):
    monkeypatch.setattr(limits, limit, 0.01)
    middleware = guard(application)
    status, said = run(ask(middleware, request(), [b"{", None]))
    assert status == 408 and "in time" in json.loads(said)["error"]
    assert middleware.held == 0 and not middleware.bodies


@pytest.mark.parametrize("drawer", ["192.0.2.1", "192.0.2.2"])
def test_who_holds_the_most_gives_up_the_oldest(monkeypatch, drawer):
    """The drawing of another visitor is answered, and so is one of the same address."""
    monkeypatch.setattr(limits, "MAX_BYTES_HELD", 1000)

    async def hold_and_draw():
        middleware = guard(application)
        held = [
            asyncio.create_task(ask(middleware, request(), [b" " * 250, None])) for _ in range(4)
        ]
        while middleware.held < 1000:
            await asyncio.sleep(0)
        drawn = await ask(middleware, request(client=drawer), [b"{}"])
        ended = await asyncio.wait_for(held[0], 20)
        others = [task.done() for task in held[1:]]
        for task in held[1:]:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        return drawn, ended, others, middleware.held

    drawn, (status, said), others, left = run(hold_and_draw())
    assert drawn == (200, b"2")
    assert status == 503 and "try again" in json.loads(said)["error"]
    assert others == [False, False, False] and left == 0


def test_a_body_that_was_given_up_is_not_passed_on_without_its_beginning(monkeypatch):
    """Where its next chunk comes at the very moment at which it is given up."""
    monkeypatch.setattr(limits, "MAX_BYTES_HELD", 1000)

    async def hold_and_go_on():
        middleware, go = guard(application), asyncio.Event()
        answer = []

        async def receive():
            if middleware.held:
                await go.wait()
                return {"type": "http.request", "body": b"tail", "more_body": False}
            return {"type": "http.request", "body": b" " * 900, "more_body": True}

        async def send(message):
            answer.append(message)

        first = asyncio.create_task(middleware(request(), receive, send))
        while middleware.held < 900:
            await asyncio.sleep(0)
        second = asyncio.create_task(ask(middleware, request(), [b" " * 200]))
        go.set()
        await asyncio.gather(first, second)
        return answer[0]["status"], middleware.held

    assert run(hold_and_go_on()) == (503, 0)


@pytest.mark.parametrize("door", CLOSED)
@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/gradio_api/", ""),
        ("/digits/gradio_api/", "/digits"),
        ("/gradio_api/", "/digits"),
        ("/gradio_api/", "https://example.org/digits"),
        ("/gradio_api/gradio_api/", "/gradio_api"),
    ],
)
def test_closed_doors_stay_closed_behind_a_prefix(door, path, root):
    for method in ("GET", "POST"):
        scope = request(path + door, method, root=root)
        status, _ = run(ask(guard(application), scope))
        assert status == 404


async def broken(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise LookupError("what a visitor sent")


def test_what_breaks_is_logged_by_its_place_only(capsys):
    status, said = run(ask(guard(broken), request(method="GET")))
    assert (status, said) == (200, b"")
    log = capsys.readouterr().err
    assert log.startswith("LookupError at ") and "test_limits.py:" in log
    assert log.count("\n") == 1 and "what a visitor sent" not in log


def test_errors_of_the_program_are_logged_by_their_place_only(capsys):
    def divide(value):
        return 1 / len(value)

    async def divide_later(value):
        return divide(value)

    def divide_each(values):
        for value in values:
            yield divide(value)

    calls = [
        lambda: handler(divide)(""),
        lambda: run(handler(divide_later)("")),
        lambda: list(handler(divide_each)(["what a visitor sent", ""])),
        lambda: handler(handler(divide))(""),
    ]
    for call in calls:
        with pytest.raises(gr.Error, match="not what the page sends") as raised:
            call()
        assert not raised.value.print_exception
        log = capsys.readouterr().err
        assert log.startswith("ZeroDivisionError at ") and "test_limits.py:" in log
        assert log.count("\n") == 1 and "what a visitor sent" not in log


def test_a_wrong_input_is_shown_and_not_logged(capsys):
    def check(value):
        raise ValueError(f"{value} is too large.")

    with pytest.raises(gr.Error, match="5 is too large") as raised:
        handler(check)(5)
    assert not raised.value.print_exception and capsys.readouterr().err == ""
