"""What axe-core finds to complain of: nothing serious, anywhere."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.actions import (
    SEVEN,
    answer,
    choose,
    draw,
    open_fold,
    open_tab,
    switch_theme,
    type_number,
)
from tests.browser.conftest import PHONE, WIDE, visit

# The footer is Gradio's own.
OURS = {"exclude": [["footer"]]}
LOOKS = 10  # of a second or so; what fades in meanwhile has too little contrast on the way


def complaints(page, both_themes):
    """What axe-core finds and goes on finding; with `both_themes`, also what it says of the
    colours of the other one.
    """
    found = lasting_violations(page)
    if both_themes:
        switch_theme(page)
        found += lasting_violations(page, {"runOnly": ["color-contrast"]})
        switch_theme(page)
    return found


def lasting_violations(page, options=None):
    for _ in range(LOOKS):
        found = violations(page, options)
        if not found:
            break
    return found


def violations(page, options):
    options = {"resultTypes": ["violations"]} | (options or {})
    found = Axe().run(page, context=OURS, options=options).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("device", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_no_serious_violation(browser, address, device, theme):
    both_themes = device is WIDE
    with visit(browser, address, device, theme) as page:
        if device is WIDE:
            draw(page, SEVEN)
            expect(answer(page)).to_have_text("7")
        assert complaints(page, both_themes) == []
        open_tab(page, "Why")
        open_fold(page, "engineers")
        open_fold(page, "why-image-fold")
        type_number(page, 8, "why-image")
        page.locator("#why-image-button").click()
        for model in ("linear", "nonlinear", "cnn"):
            choose(page, model, "model")
            expect(page.locator("#evidence .question b").first).to_have_text(model)
            expect(page.locator("#parts figure, #parts .unit").first).to_be_visible()
            assert complaints(page, both_themes) == []
        open_tab(page, "Break it")
        expect(page.locator("#distorted [data-model]")).to_have_count(3)
        page.locator("#find").click()
        expect(page.locator("#nudge .way")).to_have_count(2)
        assert complaints(page, both_themes) == []
        open_tab(page, "Test predictions")
        for fold in ("filters", "confusion-fold"):
            open_fold(page, fold)
        expect(page.locator("#gallery .tile")).to_have_count(60, timeout=90_000)
        page.locator("#gallery .tile").first.click()
        # The tiles may be the linear model's, while the others' predictions are under way.
        expect(page.locator("#closeup .model")).to_have_count(3, timeout=90_000)
        assert complaints(page, both_themes) == []
        open_tab(page, "Compare")
        for fold in ("curves", "distorted", "layers", "grid"):
            open_fold(page, f"{fold}-fold")
        expect(page.locator("#grid .tile")).to_have_count(16)
        assert complaints(page, both_themes) == []
        open_tab(page, "Your hand")
        expect(page.locator("#hand .score tbody tr")).to_have_count(6)
        assert complaints(page, both_themes) == []
        choose(page, "linear", "model")
        choose(page, "as in the article", "recipe")
        open_tab(page, "Train it")
        open_fold(page, "advanced")
        type_number(page, 30, "epochs")
        assert complaints(page, both_themes) == []
        page.locator("#train").click()
        expect(page.locator("#training-answer figure img")).to_be_visible(timeout=90_000)
        assert complaints(page, both_themes) == []
        page.locator("#stop").click()
        expect(page.locator("#training .test")).to_be_visible(timeout=90_000)
        assert complaints(page, both_themes) == []
