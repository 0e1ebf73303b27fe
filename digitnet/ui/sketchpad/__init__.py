"""A square to draw in by mouse, pen or finger."""

from typing import Any

import gradio as gr

from digitnet.drawing import Drawing
from digitnet.ui.component import Component


class Sketchpad(Component):
    """Its value is a drawing: a list of strokes, each a list of (x, y) points, 0..1000, y down.

    Listen to ``input``: it fires while the pen is down, when it is lifted, and on undo and clear.
    """

    def __init__(self, **properties: Any):
        super().__init__(value=[], elem_id="sketchpad", **properties)

    def preprocess(self, payload: Any) -> Any:
        # Nothing but strokes from here: to_image takes paths too, and a visitor must not name one.
        if payload is not None and not isinstance(payload, list):
            raise gr.Error("A drawing is a list of strokes.")
        return payload or []

    def api_info(self) -> dict[str, Any]:
        return {
            "type": "array",
            "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "description": "A drawing: a list of strokes, each a list of [x, y] points, y down.",
        }

    def example_payload(self) -> Drawing:
        return [[[200, 200], [800, 200], [400, 900]]]

    example_value = example_payload
