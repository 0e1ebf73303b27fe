"""Where a visitor puts a picture."""

from typing import Any

import gradio as gr


class Upload(gr.Image):
    """Its value is the path of a file that a visitor sent, whatever is in it.

    Gradio's own component opens it as a picture of any format, where a refusal leaves it on the
    disk.
    """

    is_template = True  # Gradio shows it as what it is derived from

    def preprocess(self, payload: Any) -> Any:
        return payload and payload.path
