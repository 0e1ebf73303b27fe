"""What the page's components share: a `gr.HTML` whose parts are files, and pictures as URLs."""

import base64
import io
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

PHOTO_SIZE = 800  # pixels, the longest side at which a photo is shown


class View(gr.HTML):
    """A `gr.HTML` made of the files in one folder of `digitnet.ui.components`.

    These are ``template.html``, ``style.css`` and, if there are any, scripts: ``*.js``, which run
    as one, after ``base.js`` and in the order of their names.

    The value is JSON (lists, dictionaries, numbers, strings); a function in the folder's
    ``__init__.py`` makes it. The template is Handlebars, which escapes HTML in what it inserts; but
    Gradio then evaluates the result as a JavaScript template literal, so a value must never hold
    text that a visitor wrote.

    Parameters
    ----------
    name : of the folder
    value : what is shown first
    properties : of `gr.HTML`, such as `elem_id`, and what the template takes besides `value`
    """

    def __init__(self, name: str, value: Any = None, **properties: Any):
        folder = Path(__file__).parent / name
        scripts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))]
        if scripts:
            shared = Path(__file__).with_suffix(".js")
            scripts.insert(0, shared.read_text(encoding="utf-8"))
        super().__init__(
            value=value,
            html_template=(folder / "template.html").read_text(encoding="utf-8"),
            css_template=(folder / "style.css").read_text(encoding="utf-8"),
            js_on_load="\n".join(scripts) or None,
            apply_default_css=False,
            **properties,
        )

    def preprocess(self, payload: Any) -> Any:
        return payload

    def postprocess(self, value: Any) -> Any:
        return value

    def api_info(self) -> dict[str, Any]:
        return {"type": "object"}


def svg_points(stroke: np.ndarray) -> str:
    """The points ``[P, 2]`` of a stroke, as an SVG polyline takes them.

    The last one stands there twice: a line of no length would not be drawn; doubled, it is a dot.
    """
    return " ".join(f"{x},{y}" for x, y in [*stroke.tolist(), stroke[-1].tolist()])


def png_url(image: np.ndarray) -> str:
    """The URL of an array: float32 in 0..1 or uint8 in 0..255, ``[H, W]`` or ``[H, W, 3]``."""
    if image.dtype != np.uint8:
        image = np.rint(image * 255).astype(np.uint8)
    return _url(Image.fromarray(image), "png")


def picture_url(picture: Image.Image) -> str:
    """The URL of a picture, as a PNG file."""
    return _url(picture, "png")


def photo_url(picture: Image.Image) -> str:
    """The URL of a photo, as a JPEG file of at most `PHOTO_SIZE` pixels a side."""
    small = picture.copy()
    small.thumbnail((PHOTO_SIZE, PHOTO_SIZE))
    return _url(small, "jpeg")


def _url(picture: Image.Image, kind: str) -> str:
    content = io.BytesIO()
    picture.save(content, kind)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
