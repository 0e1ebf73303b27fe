"""Where a visitor gives a picture: by file, drop, paste or camera."""

from typing import Any

from digitnet.ui.components.base import View
from digitnet.ui.server.limits import MAX_BODY_BYTES

# Bytes of a file that fits into a request: in base64 it is a third larger, and more goes with it.
LARGEST_FILE = MAX_BODY_BYTES * 7 // 10


class PictureInput(View):
    """Its value is what `problem` makes, or an empty dictionary.

    Listen to ``upload``: its event data has the picture's file as `content`, a "data:" URL in
    base64. Larger pictures than recognition needs are reduced in the browser first.
    """

    def __init__(self, **properties: Any):
        super().__init__("picture", {}, elem_id="picture", largest=LARGEST_FILE, **properties)


def problem(sentence: str) -> dict[str, str]:
    """The template's data for a picture that could not be used; `sentence` says why."""
    return {"problem": sentence}
