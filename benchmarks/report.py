"""Make docs/benchmarks.md of what the benchmarks measured.

python -m benchmarks.report
"""

import json
import re
from pathlib import Path
from typing import Any

from benchmarks import PROJECT
from benchmarks.results import RESULTS
from digitnet.weights import write_atomically

PAGE = PROJECT / "docs" / "benchmarks.md"
# The sections' order; what is not named here comes last.
ORDER = [
    *("accuracy", "accuracy_peer", "accuracy_seeds", "teaching", "rejection", "pages"),
    *("robustness", "adversarial", "explain"),
    *("drawing", "page", "load", "watching", "long_run", "bad_input", "training"),
]
INTRODUCTION = """# Benchmarks

All measured figures of the project. This page is made by `python -m benchmarks.report` of the files
in `benchmarks/results/`, which the benchmarks write; don't edit it by hand. Each section says which
command measured it, when, on what hardware, and of which commit.
"""
NUMBER = re.compile(r"[-+]?[\d.,]+\b.*")


def report(folder: Path = RESULTS) -> str:
    """The page in Markdown, of all results in `folder`."""

    def rank(path: Path) -> tuple[int, str]:
        return ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.stem

    files = sorted(folder.glob("*.json"), key=rank)
    sections = [section(json.loads(file.read_text(encoding="utf-8"))) for file in files]
    return "\n".join([INTRODUCTION, *sections])


def section(result: dict[str, Any]) -> str:
    """What one benchmark measured."""
    lines = [f"## {result['title']}", "", f"{origin(result)}"]
    for table in result["tables"]:
        if table["title"]:
            lines += ["", f"### {table['title']}"]
        lines += ["", *markdown(table["columns"], table["rows"])]
        for note in table["notes"]:
            lines += ["", note]
    return "\n".join([*lines, ""])


def origin(result: dict[str, Any]) -> str:
    """Who measured what: command, date, hardware, versions, commit."""
    hardware, versions = result["hardware"], result["versions"]
    machine = f"{hardware['cpu']}, {hardware['cores']} cores"
    if hardware.get("gpu"):
        machine += f", {hardware['gpu']}"
    if result["commit"] is None:
        commit = "**an earlier commit, which was not recorded**"
    else:
        commit = f"commit `{result['commit']}`"
        if result["is_modified"]:
            commit += " **with changes that were not committed**"
    used = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"`{result['command']}`, {result['date']}; {machine}; {used}; {commit}."


def markdown(columns: list[str], rows: list[list[str]]) -> list[str]:
    """The lines of a table; columns of numbers are aligned to the right."""
    rules = [
        "---:" if all(NUMBER.fullmatch(cell) for cell in column if cell) else "---"
        for column in zip(*rows, strict=True)
    ]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (columns, rules, *rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def main() -> None:
    write_atomically(PAGE, report().encode())
    print(f"Wrote {PAGE.relative_to(PROJECT)}.")


if __name__ == "__main__":
    main()
