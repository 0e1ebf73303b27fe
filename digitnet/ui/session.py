"""The state of a visitor's page, which the browser and links store: drawing, model, recipe, tab.

The sketchpad's script stores it in the browser, for as long as the browser's tab is open, and
makes the links. This module tells the script what is selected, and sets the page to a stored state.
"""

from typing import Any

import gradio as gr

from digitnet.ui.components.sketchpad import Sketchpad, test_image_value
from digitnet.ui.resources import Resources
from digitnet.ui.server.errors import handler
from digitnet.ui.tabs.common import QUEUED, Choice, event_value

TELL_CHOICE = """(model, recipe, geometry) => {
    const detail = { model, recipe, geometry };
    window.dispatchEvent(new CustomEvent("digitnet:chosen", { detail }));
}"""
TELL_TAB = """() => {
    window.dispatchEvent(new CustomEvent("digitnet:chosen", { detail: { tab: "TAB" } }));
}"""
# What a link or the storage holds may not exist here: it is what was selected that counts.
TELL_RESTORED = f"""(...selected) => {{
    ({TELL_CHOICE})(...selected);
    window.dispatchEvent(new Event("digitnet:restored"));
}}"""


def add_tab(label: str, name: str) -> gr.Tab:
    """Put a tab with the id `name` on the page, which is open again when the page is reopened."""
    tab = gr.Tab(label, id=name, elem_id=f"{name}-tab")
    # Before the tab's other listeners: each of them waits until the one before it is answered.
    tab.select(None, js=TELL_TAB.replace("TAB", name), api_visibility="private")
    return tab


def add_session(
    resources: Resources, choice: Choice, geometry: gr.Checkbox, sketchpad: Sketchpad, tabs: gr.Tabs
) -> None:
    """Store what is selected, and restore it when the page is reopened or opened by a link."""
    selectors = [choice.model, choice.recipe, geometry]
    gr.on(
        [choice.model.change, choice.recipe.change, geometry.change],
        None,
        selectors,
        js=TELL_CHOICE,
        api_visibility="private",
    )
    names = [str(tab.id) for tab in tabs.children if isinstance(tab, gr.Tab)]

    @handler
    def restore(event: gr.EventData) -> list[Any]:
        model, recipe = event_value(event, "model"), event_value(event, "recipe")
        fitted, tab = event_value(event, "geometry"), event_value(event, "tab")
        return [
            stored_image(event_value(event, "test_image")),
            model if model in resources.models else gr.skip(),
            recipe if recipe in resources.recipes else gr.skip(),
            fitted == "true" if fitted in ("true", "false") else gr.skip(),
            gr.Tabs(selected=tab) if tab in names else gr.skip(),
        ]

    def stored_image(test_image: object) -> Any:
        """The sketchpad's value with this test image, if there is one."""
        images = resources.predictions.images if resources.predictions else ()
        if type(test_image) is not int or not 0 <= test_image < len(images):
            return gr.skip()
        return test_image_value(test_image, images[test_image])

    restored = sketchpad.apply(restore, None, [sketchpad, *selectors, tabs], queue=False, **QUEUED)
    restored.then(None, selectors, js=TELL_RESTORED, api_visibility="private")
