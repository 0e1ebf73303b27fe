"""What the page tells the browser's console."""

from playwright.sync_api import expect

from tests.browser.actions import CROSSED_SEVEN, answer, choose, draw
from tests.browser.conftest import WIDE, visit


def test_drawing_warns_of_nothing(browser, address):
    """Gradio's client takes the page's first function for /predict, and counts its arguments."""
    with visit(browser, address, WIDE) as page:
        warnings = []
        page.on("console", lambda message: warnings.append((message.type, message.text)))
        draw(page, CROSSED_SEVEN)
        choose(page, "linear", "model")
        expect(answer(page)).to_have_text("7")
        assert [text for kind, text in warnings if kind == "warning"] == []
