"""The drawings by people that the models are measured on; see data/drawings/README.md."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks import PROJECT
from digitnet.__main__ import read_drawings
from digitnet.drawing import Strokes


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


FOLDER = PROJECT / "data" / "drawings"
DEVELOPMENT = DrawingSet(
    "development drawings (pendigits)",
    "UCI Pen-Based Recognition of Handwritten Digits",
    FOLDER / "pendigits.jsonl.gz",
)
# Only totals over all of its drawings are printed or saved, so that nothing is chosen by it.
TEST = DrawingSet("test drawings (UJI)", "UJI Pen Characters v2", FOLDER / "uji.jsonl.gz")
