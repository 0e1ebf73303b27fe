"""Several digits in one picture or drawing: each is found, row by row, from left to right.

A mark is a stroke of a drawing, or a connected component of a picture's ink. Marks are grouped into
digits by their positions (`digitnet.reading.rows`). With a recogniser, groups that do not look like
a digit are cut or joined (`digitnet.reading.cutting`).
"""

from dataclasses import dataclass, field

import numpy as np

from digitnet.drawing import Strokes
from digitnet.pictures import Picture
from digitnet.reading.cutting import DigitLikeness, cut_and_joined
from digitnet.reading.ink import Ink, ink_of
from digitnet.reading.rows import TOUCHING, Group, arranged
from digitnet.reading.strokes import StrokeWriting, split_strokes
from digitnet.reading.writing import NEARLY_TOUCHING, InkWriting, Piece, Writing, resampled

MAX_MARKS = 500  # a page of print has more
WIDE = 1.0  # heights; a wider drawing may show several digits


@dataclass(frozen=True, eq=False)
class DetectedDigit:
    """A digit, or a sign between digits, in a picture or a drawing.

    Attributes
    ----------
    box : x and y of the top left corner, width and height; in pixels of the picture, turned as its
        EXIF data says, or in the drawing's own unit
    image : float32 ``[28, 28]`` in 0..1, what the models see of it, the row's tilt taken out
    row : 0 for the topmost row
    sign : "-", ".", ":" or "?" where it is too small to be a digit of its row, else ""
    """

    box: tuple[float, float, float, float]
    image: np.ndarray
    row: int = 0
    sign: str = ""


def segment_picture(picture: Picture, likeness: DigitLikeness | None = None) -> list[DetectedDigit]:
    """The digits and signs of a picture, row by row from left to right; none if it is blank.

    Parameters
    ----------
    picture : see `digitnet.to_image`
    likeness : such as `Classifier.digit_likeness`, decides whether ink is one digit or several;
        without it, digits that touch are one

    Raises
    ------
    ValueError : if the picture cannot be read, is too large, or shows too many marks.
    """
    return segment_ink(ink_of(picture), likeness)


def segment_ink(ink: Ink, likeness: DigitLikeness | None = None) -> list[DetectedDigit]:
    """`segment_picture` of a picture whose ink has been found."""
    if ink.count > MAX_MARKS:
        raise ValueError(f"The picture shows {ink.count:,} marks; show one row of digits only.")
    writing = InkWriting(ink)
    groups, writing.tilt = arranged(writing.marks, NEARLY_TOUCHING)
    return _detected(writing, groups, likeness)


@dataclass(frozen=True, eq=False)
class DrawnRow:
    """The strokes of a drawing, grouped into digits.

    Attributes
    ----------
    strokes : of the whole drawing
    groups : the digits and signs, row by row from left to right
    tilt : of the rows, radians clockwise
    """

    strokes: Strokes
    groups: list[Group] = field(default_factory=list)
    tilt: float = 0.0

    @property
    def may_show_several(self) -> bool:
        """Whether there are several groups, or one that is too wide for most digits."""
        if len(self.groups) != 1:
            return len(self.groups) > 1
        width, height = np.ptp(np.concatenate(self.strokes), axis=0)
        return bool(width > WIDE * height)

    def detect(self, likeness: DigitLikeness | None = None) -> list[DetectedDigit]:
        """Each digit's box and image; `likeness` as in `segment_picture`."""
        row = group_strokes(split_strokes(self.strokes, likeness)) if likeness else self
        return _detected(StrokeWriting(row.strokes, row.tilt), row.groups, likeness)


def group_strokes(strokes: Strokes) -> DrawnRow:
    """Group the strokes of a drawing that shows digits side by side.

    Raises
    ------
    ValueError : if there are more than `MAX_MARKS` strokes, or too many digits.
    """
    if len(strokes) > MAX_MARKS:
        raise ValueError(f"The drawing has {len(strokes):,} strokes; draw one row of digits only.")
    if len(strokes) < 2:
        return DrawnRow(strokes, [Group((0,))] if strokes else [])
    unit = max(np.abs(points).max() for points in strokes) or 1  # against overflow
    marks = resampled([points / unit for points in strokes])
    return DrawnRow(strokes, *arranged(marks, TOUCHING))


def segment_drawing(strokes: Strokes, likeness: DigitLikeness | None = None) -> list[DetectedDigit]:
    """The digits and signs of a drawing, as `segment_picture` gives those of a picture.

    Raises
    ------
    ValueError : if there are more than `MAX_MARKS` strokes, or too many digits.
    """
    return group_strokes(strokes).detect(likeness)


def _detected(
    writing: Writing, groups: list[Group], likeness: DigitLikeness | None
) -> list[DetectedDigit]:
    pieces = [(Piece(group.marks), group) for group in groups]
    if likeness and pieces:
        pieces = cut_and_joined(writing, pieces, likeness)
    images = writing.images([piece for piece, _ in pieces])
    return [
        DetectedDigit(writing.box(piece), image, group.row, group.sign)
        for (piece, group), image in zip(pieces, images, strict=True)
    ]
