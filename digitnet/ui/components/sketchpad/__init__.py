"""A square to draw in by mouse, pen, finger or keys, with examples and a link to the drawing."""

from typing import Any

import numpy as np

from digitnet.drawing import Drawing, checked_strokes
from digitnet.synthetic.writer import write_styles
from digitnet.ui.components.base import View, png_url
from digitnet.ui.server.limits import Refusal, one_sentence

SIZE = 1000  # units across the paper
PEN_WIDTH = 60  # units; ink that reaches no farther is not yet a digit
EXAMPLE_SIZE = 600  # units, the longest side of an example
# Ways of writing that other demos stumble over, by their names in `digitnet.synthetic.allographs`.
EXAMPLE_STYLES = (
    "0 slash across",
    "1 long flag and foot",
    "2 loop",
    "4 open",
    "5 detached bar",
    "7 crossbar",
    "8 two circles",
    "9 curly tail",
)


class Sketchpad(View):
    """Its value is a drawing: a list of strokes, each a list of (x, y) points, 0..1000, y down.

    Or it is a test image that lies on the paper: ``{"test_image": 17}``, by its number; the server
    sets it with `on_paper`. Or it is a picture of the visitor's: ``{"picture": True}``; the server
    sets it as ``{"picture": URL}``.

    Listen to ``input``: it fires while the pen is down, when it is lifted, on undo, redo and clear,
    and while an example is played. ``apply`` fires when a link or what the browser kept was put on
    the paper; `digitnet.ui.session` listens.

    Parameters
    ----------
    chosen : what is chosen beside it at first, as `digitnet.ui.session` tells it
    """

    def __init__(self, chosen: dict[str, str] | None = None, **properties: Any):
        super().__init__(
            "sketchpad",
            [],
            elem_id="sketchpad",
            examples=examples(),
            chosen=chosen or {},
            **properties,
        )

    def preprocess(self, payload: Any) -> Any:
        # Nothing but strokes from here: to_image takes paths too, and a visitor must not name one.
        if isinstance(payload, dict) and type(payload.get("test_image")) is int:
            return {"test_image": payload["test_image"]}
        if isinstance(payload, dict) and payload.get("picture"):
            return {"picture": True}
        if payload is not None and not isinstance(payload, list):
            raise Refusal("A drawing is a list of strokes.")
        with one_sentence():
            return payload if payload and reaches(payload, PEN_WIDTH) else []

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "description": "A drawing: a list of strokes, each a list of [x, y] points, y down.",
        }

    def example_payload(self) -> Drawing:
        return [[[200, 200], [800, 200], [400, 900]]]

    example_value = example_payload


def reaches(drawing: Drawing, length: float) -> bool:
    """Whether the ink's longest side is at least `length`; ValueError if it is no drawing."""
    strokes = checked_strokes(drawing)
    return bool(strokes) and np.ptp(np.concatenate(strokes), axis=0).max() >= length


def on_paper(index: int, image: np.ndarray) -> dict[str, Any]:
    """The sketchpad's value with the test image number `index`, uint8 ``[28, 28]``, on it."""
    return {"test_image": index, "picture": png_url(image)}


def examples() -> list[dict[str, Any]]:
    """One drawing in each of `EXAMPLE_STYLES` by the synthetic writer, as the template's data."""
    found = []
    for name, drawing in zip(EXAMPLE_STYLES, write_styles(EXAMPLE_STYLES, seed=0), strict=True):
        points = np.concatenate(drawing)
        low, high = points.min(axis=0), points.max(axis=0)
        scale = EXAMPLE_SIZE / (high - low).max()
        strokes = [
            np.rint((np.array(stroke) - (low + high) / 2) * scale + SIZE / 2).astype(int)
            for stroke in drawing
        ]
        digit, style = name.split(" ", 1)
        found.append(
            {
                "digit": digit,
                "style": style,
                "strokes": [" ".join(f"{x},{y}" for x, y in stroke) for stroke in strokes],
            }
        )
    return found
