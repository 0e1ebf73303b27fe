"""Models and recipes side by side."""

import json
import re

from playwright.sync_api import expect

from tests.browser.actions import open_fold, open_tab
from tests.conftest import PROJECT


def test_every_model_and_recipe_has_its_measured_figures(page):
    open_tab(page, "Compare")
    folders = sorted((PROJECT / "weights").glob("*/metrics.json"))
    expected = {
        f"{100 * entry['test_accuracy']:.2f} %"
        for folder in folders
        for entry in json.loads(folder.read_text())["models"].values()
    }
    rows = page.locator("#comparison tbody tr")
    expect(rows).to_have_count(3 * len(folders))
    assert set(page.locator("#comparison .mnist").all_inner_texts()) == expected
    expect(page.locator("#accuracies li")).to_have_count(3)
    shown = page.locator("#accuracies .percent").all_inner_texts()
    metrics = json.loads((PROJECT / "weights" / "drawings" / "metrics.json").read_text())
    assert shown == [f"{100 * one['test_accuracy']:.2f} %" for one in metrics["models"].values()]
    assert page.locator("#sizes circle").count() == 3
    for fold in ("curves", "distorted", "layers"):
        open_fold(page, f"{fold}-fold")
    for chart in ("#training-curves", "#reliability"):
        assert page.locator(f"{chart} polyline").count() >= 3
    assert page.locator("[id^=robustness-]").count() == 7
    for chart in page.locator("[id^=robustness-]").all():
        assert chart.locator("polyline").count() == 3
    assert page.locator("#attack polyline").count() == 3
    nudges = page.locator("#comparison .nudge").all_inner_texts()
    assert len(nudges) == 2 * 3 * len(folders)
    assert all(re.match(r"0\.\d\d\d|[1-5]\.\d\d\d", nudge) for nudge in nudges)
    totals = page.locator("#layers tfoot td").all_inner_texts()
    assert totals == ["3,190", "3,190", "148,250"]


def test_a_grid_of_the_data_set(page):
    open_tab(page, "Compare")
    open_fold(page, "grid-fold")
    tiles = page.locator("#grid .tile")
    expect(tiles).to_have_count(16)
    before = tiles.first.get_attribute("title")
    page.get_by_role("button", name="Sixteen others").click()
    expect(tiles.first).not_to_have_attribute("title", before)
    assert re.fullmatch(r"\d - [a-z]+", tiles.first.inner_text().strip())
