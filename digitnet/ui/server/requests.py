"""What the page's events and endpoints take, checked before Gradio looks at a request."""

import json
from typing import Any

from digitnet.ui.server.errors import UNEXPECTED

UNKNOWN = "There is no such function here, or this is not what it takes."
NO_FILES = "Nothing is read from a path or an address; choose the picture on the page."
CALLS = ("run", "api", "call", "queue")  # the first part of the routes that call a function


class RequestCheck:
    """Finds what is wrong with the JSON of a request.

    Gradio downloads what an input names by its address, and its own messages about a wrong input,
    which it logs, quote that input. So neither must reach it.

    Parameters
    ----------
    dependencies : the events of the page, as `gradio.Blocks.config` lists them
    """

    def __init__(self, dependencies: list[dict[str, Any]]):
        events = [event for event in dependencies if event["backend_fn"]]
        # The others are the browser's own: there is nothing to call.
        self.lengths = {event["id"]: len(event["inputs"]) for event in events}
        self.ids = {event["api_name"]: event["id"] for event in reversed(events)}

    def __call__(self, route: str, body: bytes) -> str | None:
        """A sentence on what is wrong, or None.

        Parameters
        ----------
        route : the path behind ``/gradio_api/``
        body : JSON, or whatever was sent instead
        """
        calls, _, name = route.partition("/")
        try:
            sent = json.loads(body)
        except RecursionError:
            return UNEXPECTED
        except ValueError:
            return None  # FastAPI says so, as it parses the body in the same way
        if _names_a_file(sent):
            return NO_FILES
        if calls not in CALLS or name.startswith("v2/"):  # v2 takes named values, one by one
            return None
        if not isinstance(sent, dict):
            return UNEXPECTED
        number = sent.get("fn_index")
        if number is None:
            number = self.ids.get(name.partition("/")[0])
        if type(number) is not int or number not in self.lengths:
            return UNKNOWN
        values = sent.get("data")
        if not isinstance(values, list) or len(values) < self.lengths[number]:
            return UNEXPECTED
        return None


def _names_a_file(value: Any) -> bool:
    """Whether there is, at any depth, what Gradio may take for a file."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if "path" in one:
                return True
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return False
