"""docs/benchmarks.md is made of what was measured, and says where that comes from."""

import json
import subprocess
import sys

import pytest

from benchmarks import report, results
from digitnet.metrics import read_metrics_by_recipe
from digitnet.weights import WEIGHTS_FOLDER
from tests.conftest import PROJECT


def test_the_committed_page_is_made_of_the_committed_results():
    assert report.PAGE.read_text(encoding="utf-8") == report.report()


def test_the_readmes_accuracy_is_that_of_the_metrics():
    """Without the first column, the recipe: its names in text and file need not be the same."""
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| recipe | model"))
    table = [[cell.strip() for cell in line.split("|")[2:-1]] for line in lines[start : start + 8]]
    assert sorted(table[2:]) == sorted(
        [model, f"{entry.parameters:,}"]
        + [
            f"{100 * getattr(entry, key).accuracy:.2f}"
            for key in ("test_drawings", "development_drawings")
        ]
        + [f"{100 * entry.test_accuracy:.2f}"]
        for metrics in read_metrics_by_recipe(WEIGHTS_FOLDER).values()
        for model, entry in metrics.models.items()
    )


@pytest.fixture
def saved(tmp_path, capsys, monkeypatch):
    """A result that was measured just now, and what was printed meanwhile."""
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/speed.py", "--twice"])
    table = results.Table("Speed", ["model", "seconds"], ["Less is better."])
    table.add("cnn", "0.50")
    table.add("a|b", 12)
    results.save(tmp_path, "speed_twice", "How fast", [table])
    return tmp_path, capsys.readouterr().out


def test_a_table_is_printed_as_it_is_measured(saved):
    _, printed = saved
    assert printed.splitlines() == [
        *("", "Speed", "", "| model | seconds |", "| --- | --- |"),
        *("| cnn | 0.50 |", "| a|b | 12 |"),
    ]


def test_a_section_says_when_where_and_of_which_commit_it_is(saved):
    folder, _ = saved
    result = json.loads((folder / "speed_twice.json").read_text(encoding="utf-8"))
    page = report.report(folder)
    assert "## How fast" in page and "### Speed" in page and "Less is better." in page
    assert "| model | seconds |\n| --- | ---: |\n| cnn | 0.50 |\n| a\\|b | 12 |" in page
    for part in (
        *("python -m benchmarks.speed --twice", result["date"], results.cpu_model()),
        *(result["versions"]["torch"], f"{result['hardware']['cores']} cores"),
    ):
        assert part in page


@pytest.mark.parametrize(
    ("commit", "is_modified", "words"),
    [
        ("0123456789", False, "commit `0123456789`."),
        ("0123456789", True, "commit `0123456789` **with changes that were not committed**"),
        (None, False, "**an earlier commit, which was not recorded**"),
    ],
)
def test_figures_of_another_tree_say_so(saved, commit, is_modified, words):
    folder, _ = saved
    file = folder / "speed_twice.json"
    result = json.loads(file.read_text(encoding="utf-8"))
    changed = result | {"commit": commit, "is_modified": is_modified}
    file.write_text(json.dumps(changed), encoding="utf-8")
    assert words in report.report(folder)


def test_a_changed_checkout_is_noticed(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    git("init")
    (tmp_path / "code.py").write_text("1\n")
    git("add", ".")
    git("commit", "-m", "x")
    head = git("rev-parse", "HEAD")
    commit, is_modified = results.tree_state(tmp_path)
    assert head.startswith(commit) and not is_modified
    (tmp_path / "code.py").write_text("2\n")
    assert results.tree_state(tmp_path) == (commit, True)


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        results.Table("", ["a", "b"]).add("c")
