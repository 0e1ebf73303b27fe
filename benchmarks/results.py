"""What a benchmark measured: printed as it comes, and kept with where and when that was."""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from benchmarks import PROJECT
from digitnet.weights import write_atomically

RESULTS = PROJECT / "benchmarks" / "results"
PACKAGES = ("torch", "numpy", "gradio")  # whose versions are kept


class Table:
    """A table that is printed row by row, as it is measured.

    Parameters
    ----------
    title : empty where the benchmark has only one table
    notes : sentences that explain the figures, in Markdown
    """

    def __init__(self, title: str, columns: list[str], notes: list[str] | None = None):
        self.title = title
        self.columns = columns
        self.notes = notes or []
        self.rows: list[list[str]] = []
        print(f"\n{title}\n" if title else "")
        print(f"{_line(columns)}\n{_line(['---'] * len(columns))}", flush=True)

    def add(self, *cells: object) -> None:
        """Print and keep a row."""
        row = [str(cell) for cell in cells]
        if len(row) != len(self.columns):
            raise ValueError(f"{len(row)} cells for {len(self.columns)} columns.")
        self.rows.append(row)
        print(_line(row), flush=True)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def parser(documentation: str) -> argparse.ArgumentParser:
    """A command line for a benchmark; `documentation` is its module's docstring."""
    made = argparse.ArgumentParser(description=documentation.splitlines()[0])
    made.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        metavar="FOLDER",
        help="where the JSON file with the results is written (benchmarks/results)",
    )
    return made


def save(folder: Path, name: str, title: str, tables: list[Table]) -> None:
    """Write ``NAME.json``, atomically: the tables, and when, where and of which commit they are."""
    content = {
        "title": title,
        "command": " ".join([f"python -m benchmarks.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
        **circumstances(),
        "tables": [
            {"title": t.title, "columns": t.columns, "rows": t.rows, "notes": t.notes}
            for t in tables
        ],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    write_atomically(folder / f"{name}.json", text.encode())


def circumstances() -> dict[str, Any]:
    """Date, hardware, versions and commit."""
    commit, is_modified = TREE
    return {
        "date": datetime.date.today().isoformat(),
        "hardware": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "python": platform.python_version(),
            **{package: importlib.metadata.version(package) for package in PACKAGES},
        },
        "commit": commit,
        "is_modified": is_modified,
    }


def cpu_model() -> str:
    """The processor's name, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def tree_state(project: Path) -> tuple[str | None, bool]:
    """The commit that is checked out, and whether files that git knows differ from it.

    What benchmarks write does not count: results, metrics, and what is made of them.
    """
    known = ["git", "-C", str(project)]
    changes = [*known, "status", "--porcelain", "--untracked-files=no", "--", "."]
    changes += [":!benchmarks/results", ":!docs/benchmarks.md"]
    changes += [":!weights/*/metrics.json", ":!weights/README.md"]
    try:
        commit = _output([*known, "rev-parse", "--short=10", "HEAD"])
        return commit, bool(_output(changes))
    except (OSError, subprocess.CalledProcessError):
        return None, False  # not a checkout


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


TREE = tree_state(PROJECT)  # at the start: files may change while a benchmark measures
