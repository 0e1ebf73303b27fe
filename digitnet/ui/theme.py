"""The colours and fonts of the page."""

import gradio as gr

# The default theme's grey of subdued text, and its orange, have too little contrast: WCAG AA asks
# for 4.5 to 1.
THEME = gr.themes.Default(
    font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
).set(
    body_text_color_subdued="#52525b",
    body_text_color_subdued_dark="#b4b4bd",
    block_title_text_color="#3f3f46",
    block_title_text_color_dark="#d4d4d8",
    color_accent="var(--accent)",  # page.css has it for both modes
    button_primary_background_fill="#c2410c",
    button_primary_background_fill_dark="#c2410c",
    button_primary_background_fill_hover="#9a3412",
    button_primary_background_fill_hover_dark="#9a3412",
)
