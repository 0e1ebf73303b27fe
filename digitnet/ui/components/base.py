"""What the page's components share: a `gr.HTML` whose parts lie in files beside its class."""

import base64
import inspect
import io
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image


class Component(gr.HTML):
    """A `gr.HTML` made of ``template.html``, ``style.css`` and, if it has one, ``script.js``.

    The value is JSON (lists, dictionaries, numbers, strings). The template is Handlebars, which
    escapes HTML in what it inserts; but Gradio then evaluates the result as a JavaScript template
    literal, so a value must never hold text that a visitor wrote.
    """

    def __init__(self, value: Any = None, **properties: Any):
        folder = Path(inspect.getfile(type(self))).parent
        script = folder / "script.js"
        super().__init__(
            value=value,
            html_template=(folder / "template.html").read_text(encoding="utf-8"),
            css_template=(folder / "style.css").read_text(encoding="utf-8"),
            js_on_load=script.read_text(encoding="utf-8") if script.exists() else None,
            apply_default_css=False,
            **properties,
        )

    def preprocess(self, payload: Any) -> Any:
        return payload

    def postprocess(self, value: Any) -> Any:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


def png_url(image: np.ndarray) -> str:
    """A picture for an <img>: float32 in 0..1 or uint8 in 0..255, ``[H, W]`` or ``[H, W, 3]``."""
    if image.dtype != np.uint8:
        image = np.rint(image * 255).astype(np.uint8)
    return _url(Image.fromarray(image), "png")


def picture_url(picture: Image.Image) -> str:
    """A picture for an <img>, in colours."""
    return _url(picture, "png")


def jpeg_url(picture: Image.Image) -> str:
    """A photo for an <img>."""
    return _url(picture, "jpeg")


def _url(picture: Image.Image, kind: str) -> str:
    content = io.BytesIO()
    picture.save(content, kind)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
