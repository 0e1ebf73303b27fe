"""A sketchpad for mouse, pen, finger and keyboard, with examples and a link to the drawing."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from digitnet.drawing import Drawing, Strokes, parse_drawing
from digitnet.synthetic.writer import write_styles
from digitnet.ui.components.base import View, photo_url, png_url

SIZE = 1000  # units, the sketchpad's side
PEN_WIDTH = 60  # units; a drawing that is no larger is not a digit yet
EXAMPLE_SIZE = 600  # units, the longest side of an example
# Styles that other demos often get wrong, by their names in `digitnet.synthetic.allographs`.
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

    Or the value is a test image with its number, ``{"test_image": 17}``, which the server sets with
    `test_image_value`; or it is the visitor's picture, ``{"picture": True}``, which the server sets
    with `picture_value`.

    The event ``input`` is triggered when the pen is lifted, on undo, redo and clear, and when an
    example has been played; while the pen is down, only if the networks in the browser do not
    answer (`digitnet.ui.browser`). The event ``apply`` is triggered when a link or the state stored
    in the browser is shown, see `digitnet.ui.session`.

    Parameters
    ----------
    chosen : what is selected at first, by the names that `digitnet.ui.session` uses
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

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "description": "A drawing: a list of strokes, each a list of [x, y] points, y down.",
        }

    def example_payload(self) -> Drawing:
        return [[[200, 200], [800, 200], [400, 900]]]

    example_value = example_payload


def sketchpad_value(payload: Any) -> Strokes | dict[str, Any]:
    """The sketchpad's value of what a browser sent; ValueError if it is something else.

    A drawing whose longest side is below `PEN_WIDTH` is returned as an empty one.
    """
    if isinstance(payload, dict) and type(payload.get("test_image")) is int:
        return {"test_image": payload["test_image"]}
    if isinstance(payload, dict) and payload.get("picture"):
        return {"picture": True}
    if payload is None:
        return []
    # Only strokes are accepted: `to_image` opens paths too, and a visitor must not name one.
    if not isinstance(payload, list):
        raise ValueError("A drawing is a list of strokes.")
    strokes = parse_drawing(payload)
    if not strokes or np.ptp(np.concatenate(strokes), axis=0).max() < PEN_WIDTH:
        return []
    return strokes


def test_image_value(index: int, image: np.ndarray) -> dict[str, Any]:
    """The sketchpad's value that shows the test image number `index`, uint8 ``[28, 28]``."""
    return {"test_image": index, "picture": png_url(image)}


def picture_value(
    picture: Image.Image, boxes: Sequence[tuple[float, float, float, float]]
) -> dict[str, Any]:
    """The sketchpad's value that shows a visitor's picture and boxes in it.

    Parameters
    ----------
    picture : as the visitor sees it
    boxes : x and y of the top left corner, width and height, in pixels of the picture
    """
    scale = SIZE / max(picture.size)  # the picture is shown as large as it fits, in the middle
    left, top = ((SIZE - side * scale) / 2 for side in picture.size)
    margin = SIZE / 50
    outlines = [
        [
            round(left + x * scale - margin),
            round(top + y * scale - margin),
            round(width * scale + 2 * margin),
            round(height * scale + 2 * margin),
        ]
        for x, y, width, height in boxes
    ]
    return {"picture": photo_url(picture), "outlines": outlines}


def examples() -> list[dict[str, Any]]:
    """The template's data: a drawing of the synthetic writer in each of `EXAMPLE_STYLES`."""
    found = []
    for name in EXAMPLE_STYLES:
        digit, style = name.split(" ", 1)
        strokes = [" ".join(f"{x},{y}" for x, y in stroke) for stroke in example(name)]
        found.append({"digit": digit, "style": style, "strokes": strokes})
    return found


def example(style: str) -> list[list[list[int]]]:
    """The example in one of `EXAMPLE_STYLES`, in the middle of the sketchpad."""
    drawing = list(write_styles(EXAMPLE_STYLES, seed=0))[EXAMPLE_STYLES.index(style)]
    points = np.concatenate(drawing)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = EXAMPLE_SIZE / (high - low).max()
    return [
        np.rint((np.array(stroke) - (low + high) / 2) * scale + SIZE / 2).astype(int).tolist()
        for stroke in drawing
    ]
