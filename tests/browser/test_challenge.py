"""The challenge: draw a digit that only the best model reads."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.actions import SEVEN, draw

# How the models answer, by the digit that is asked for.
ANSWERS = {
    "it": ("1", "2", "{}"),
    "it and one more": ("{}", "2", "{}"),
    "none": ("1", "2", "?"),
}
SETTLE = """(answers) => window.dispatchEvent(new CustomEvent("digitnet:settled", { detail: {
    models: ["linear", "nonlinear", "cnn"].map(
        (model, at) => ({ model, predicted: answers[at] })) } }))"""
TASK = r"^Draw a (\d) that only the cnn reads\.$"


@pytest.fixture
def task(page):
    page.locator("#challenge .start").click()
    task = page.locator("#challenge .task")
    expect(task).to_have_text(re.compile(TASK))
    # Answers that cannot be the digit by chance.
    while task.inner_text()[7] in "12":
        page.locator("#challenge .start").click()
    return task


def settle(page, task, kind):
    digit = re.search(r"a (\d) that only", task.inner_text())[1]
    page.evaluate(SETTLE, [answer.format(digit) for answer in ANSWERS[kind]])
    return digit


def test_it_says_who_reads_it_too_and_counts(page, task):
    asked = task.inner_text()
    settle(page, task, "none")
    expect(task).to_have_text(asked)
    settle(page, task, "it and one more")
    expect(task).to_have_text(f"linear reads it too. {asked}")
    digit = settle(page, task, "it")
    expect(task).to_have_text(
        re.compile(
            rf"^Only the cnn reads your {digit} \(1 so far\)\. Now draw a (?!{digit})\d that"
        )
    )


def test_a_drawing_is_judged(page, task):
    while task.inner_text()[7] != "7":
        page.locator("#challenge .start").click()
    draw(page, SEVEN)
    asked = "Draw a 7 that only the cnn reads."
    expect(task).to_have_text(f"linear and nonlinear read it too. {asked}")
