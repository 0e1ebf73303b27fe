"""The drawings by people that the models are measured on; see data/drawings/README.md."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks import PROJECT
from digitnet.drawing import Strokes
from digitnet.drawing_files import read_drawings


@dataclass(frozen=True)
class DrawingSet:
    """A file of labelled drawings.

    Attributes
    ----------
    label : what tables call it
    source : the data set that it is from
    """

    label: str
    source: str
    path: Path

    def read(self) -> tuple[list[Strokes], list[int]]:
        """All drawings, and the digit that each is."""
        drawings, labels = zip(*read_drawings(self.path), strict=True)
        return list(drawings), list(labels)

    def by_writer(self) -> dict[str, tuple[list[Strokes], list[int]]]:
        """The same for each of the people."""
        with gzip.open(self.path, "rt", encoding="utf-8") as lines:
            writers = [json.loads(line)["writer"] for line in lines]
        people: dict[str, tuple[list[Strokes], list[int]]] = {}
        for writer, (drawing, label) in zip(writers, read_drawings(self.path), strict=True):
            drawings, labels = people.setdefault(writer, ([], []))
            drawings.append(drawing)
            labels.append(label)
        return people


FOLDER = PROJECT / "data" / "drawings"
DEVELOPMENT = DrawingSet(
    "development drawings (pendigits)",
    "UCI Pen-Based Recognition of Handwritten Digits",
    FOLDER / "pendigits.jsonl.gz",
)
# Only totals over all of its drawings are printed or saved, so that nothing is chosen by it.
TEST = DrawingSet("test drawings (UJI)", "UJI Pen Characters v2", FOLDER / "uji.jsonl.gz")
