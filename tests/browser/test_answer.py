"""What the answer says where there is none, and when a screen reader hears of it."""

from playwright.sync_api import expect

from tests.browser.actions import ONE, SEVEN, answer, draw, place


def says(page):
    return page.locator("#answer .sentence")


def test_a_refusal_takes_the_place_of_the_old_answer(page):
    draw(page, ONE)
    expect(answer(page)).to_have_text("1")
    page.keyboard.press("Escape")
    for n in range(33):
        page.mouse.move(*place(page, (0.02 + 0.029 * n, 0.4)))
        page.mouse.down()
        page.mouse.move(*place(page, (0.02 + 0.029 * n, 0.5)))
        page.mouse.up()
    expect(says(page)).to_contain_text("show at most 32")
    expect(answer(page)).to_have_text("–")
    page.get_by_role("button", name="Clear").click()
    expect(says(page)).to_have_text("cnn waits for a digit")


def test_an_answer_to_something_else_does_not_look_current(page):
    draw(page, SEVEN)
    expect(answer(page)).to_have_text("7")
    expect(page.locator("#answer .late")).to_be_hidden()
    held, released = [], []
    page.route(
        "**/run/predict*",
        lambda route: route.continue_() if released else held.append(route),
    )
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#answer .late")).to_have_text("The server has not answered yet")
    expect(page.locator("#answer .late")).to_be_visible()
    expect(says(page)).to_be_hidden()
    released.extend(held)
    for route in held:
        route.continue_()
    expect(says(page)).to_have_text("cnn waits for a digit")
    expect(page.locator("#answer .late")).to_be_hidden()


def test_a_screen_reader_is_told_once_after_the_pen(page):
    page.evaluate(
        """() => {
            window.heard = [];
            const live = "[aria-live]:not([aria-live=off]), [role=status], [role=alert]";
            const note = () => {
                for (const one of document.querySelectorAll("#answer :is(" + live + ")")) {
                    const text = one.textContent.trim();
                    if (text && text !== window.heard.at(-1)) window.heard.push(text);
                }
            };
            const all = { subtree: true, childList: true, characterData: true };
            new MutationObserver(note).observe(document.querySelector("#answer"), all);
        }"""
    )
    draw(page, SEVEN, lift=False)
    expect(answer(page)).to_have_text("7")
    page.wait_for_timeout(1500)  # longer than a pause in which something could be said
    assert page.evaluate("heard") == []
    page.mouse.up()
    page.wait_for_function("heard.length > 0")
    expect(page.locator("#answer .spoken")).to_have_text(says(page).inner_text())
    assert len(page.evaluate("heard")) == 1
