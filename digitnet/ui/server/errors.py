"""What a visitor reads, and what the log gets, when a function of the page can't answer."""

import contextlib
import functools
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

import gradio as gr

UNEXPECTED = "This is not what the page sends; reload it and try again."

Function = TypeVar("Function", bound=Callable)

# The messages of the errors that are raised while one request is answered.
_messages: ContextVar[list[str] | None] = ContextVar("messages", default=None)


def handler(function: Function) -> Function:
    """A decorator for each function that an event or endpoint of the page calls.

    The message of a ValueError is shown to the visitor: it says what is wrong with the input. Any
    other exception is an error in the program: its place is logged, and the visitor gets a
    sentence that quotes nothing. Gradio itself would log the traceback and the message, which may
    have in it what was sent.

    Parameters
    ----------
    function : a function, a coroutine function or a generator function
    """
    handled: Callable
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def handled(*values: Any, **named: Any) -> Any:
            with _shown_errors():
                return await function(*values, **named)

    elif inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def handled(*values: Any, **named: Any) -> Any:
            with _shown_errors():
                yield from function(*values, **named)

    else:

        @functools.wraps(function)
        def handled(*values: Any, **named: Any) -> Any:
            with _shown_errors():
                return function(*values, **named)

    return handled  # type: ignore[return-value]


@contextlib.contextmanager
def _shown_errors() -> Iterator[None]:
    try:
        yield
    except gr.Error:  # of a handler that this one called
        raise
    except ValueError as error:
        message = str(error)
    except Exception as error:
        log_place(error)
        message = UNEXPECTED
    else:
        return
    noted = _messages.get()
    if noted is not None:
        noted.append(message)
    raise gr.Error(message, print_exception=False)


def note_errors() -> list[str]:
    """The messages that `handler` shows from now on, in the request that is being answered."""
    noted: list[str] = []
    _messages.set(noted)
    return noted


def log_place(error: BaseException) -> None:
    """Write one line about an error in the program: its type and the calls that led there.

    Not its message, which may have in it what a visitor sent.
    """
    calls = traceback.extract_tb(error.__traceback__)[-3:]
    places = " > ".join(f"{Path(call.filename).name}:{call.lineno}" for call in calls)
    print(f"{type(error).__name__} at {places}", file=sys.stderr)
