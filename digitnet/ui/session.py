"""What a visitor left or was sent: drawing, model, recipe and tab, as the browser or a link has it.

The sketchpad's script stores it in the browser, for as long as its tab is open, and makes the
links. Here it gets to know what is chosen, and here the page is set to what was kept.
"""

from typing import Any

import gradio as gr

from digitnet.ui.components.sketchpad import Sketchpad, on_paper
from digitnet.ui.resources import Resources
from digitnet.ui.tabs.common import QUEUED, Choice, event_value

TELL_CHOICE = """(model, recipe, geometry) => {
    const detail = { model, recipe, geometry };
    window.dispatchEvent(new CustomEvent("digitnet:chosen", { detail }));
}"""
TELL_TAB = """() => {
    window.dispatchEvent(new CustomEvent("digitnet:chosen", { detail: { tab: "TAB" } }));
}"""
TELL_RESTORED = """() => { window.dispatchEvent(new Event("digitnet:restored")); }"""


def add_tab(label: str, name: str) -> gr.Tab:
    """Put a tab on the page that is open again when the page is; its id is `name`."""
    tab = gr.Tab(label, id=name)
    # Before the tab's other listeners: each one waits until the one before it is answered.
    tab.select(None, js=TELL_TAB.replace("TAB", name), api_visibility="private")
    return tab


def add_session(
    resources: Resources, choice: Choice, geometry: gr.Checkbox, sketchpad: Sketchpad, tabs: gr.Tabs
) -> None:
    """Keep what is chosen, and set the page to it when it is opened again or by a link."""
    chosen = [choice.model, choice.recipe, geometry]
    gr.on(
        [choice.model.change, choice.recipe.change, geometry.change],
        None,
        chosen,
        js=TELL_CHOICE,
        api_visibility="private",
    )
    names = [str(tab.id) for tab in tabs.children if isinstance(tab, gr.Tab)]

    def restore(event: gr.EventData) -> list[Any]:
        model, recipe = event_value(event, "model"), event_value(event, "recipe")
        fitted, tab = event_value(event, "geometry"), event_value(event, "tab")
        return [
            picture_of(event_value(event, "test_image")),
            model if model in resources.models else gr.skip(),
            recipe if recipe in resources.recipes else gr.skip(),
            fitted == "true" if fitted in ("true", "false") else gr.skip(),
            gr.Tabs(selected=tab) if tab in names else gr.skip(),
        ]

    def picture_of(test_image: object) -> Any:
        """The sketchpad's value with that test image, if there is one."""
        images = resources.predictions.images if resources.predictions else ()
        if type(test_image) is not int or not 0 <= test_image < len(images):
            return gr.skip()
        return on_paper(test_image, images[test_image])

    restored = sketchpad.apply(restore, None, [sketchpad, *chosen, tabs], queue=False, **QUEUED)
    restored.then(None, js=TELL_RESTORED, api_visibility="private")
