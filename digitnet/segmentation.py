"""Several digits in one picture or drawing: each is found, row by row, from left to right.

A stroke of a drawing, or a connected patch of a picture's ink, is a mark; marks are put together to
digits by where they lie (see `digitnet.rows`). Where a recogniser is given, it has the last word:
what it reads as no digit is cut where there is little ink, and the pieces are put together anew,
as the best path through all ways to do so (R. Casey and E. Lecolinet, "A Survey of Methods and
Strategies in Character Segmentation", 1996: over-segmentation with recognition).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from digitnet.drawing import Drawing, checked_strokes, to_images
from digitnet.ink import ink_of
from digitnet.pictures import Picture
from digitnet.rows import TOUCHING, Group, arranged, box_of, turned
from digitnet.writing import NEARLY_TOUCHING, InkWriting, Piece, Writing, resampled

MAX_PARTS = 500  # a page of print has more

# Images float32 [N, 28, 28] to how much each looks like a digit, float [N], 0..1.
Recogniser = Callable[[np.ndarray], np.ndarray]

# Widths are in heights of the piece itself.
WIDE = 1.0  # what is wider may be several digits, however it reads
NARROW = 0.55  # what is narrower is not cut
DOUBTFUL = 0.5  # what looks less like a digit than this may be several, or a part of one
SLANTS = (0.0, 0.25, -0.25)  # of cuts, columns to a row
MOST_CUTS = 6
LEAST_PIECE, WIDEST_PIECE = 0.12, 1.3
CUT_COST = 1.5  # of a cut, in the logarithm of what pieces look like digits
LOWEST = 0.01  # no piece looks less like a digit than this
CLOSE = 0.15  # a gap that there may be between parts of one digit
FAR_CORNER = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])  # of x, y, width, height
GAIN = 0.3  # in the logarithm, from putting two groups together


@dataclass(frozen=True, eq=False)
class Found:
    """A digit, or a sign, in a picture or a drawing.

    Attributes
    ----------
    box : x and y of the top left corner, width and height; in pixels of the picture, turned as its
        EXIF data says, or in the drawing's own unit
    image : float32 ``[28, 28]`` in 0..1, what the models see of it, the row's tilt taken out
    row : 0 for the topmost row
    sign : "-", ".", ":" or "?" where it is too small to be a digit beside digits, else ""
    """

    box: tuple[float, float, float, float]
    image: np.ndarray
    row: int = 0
    sign: str = ""


def find_digits(picture: Picture, recogniser: Recogniser | None = None) -> list[Found]:
    """The digits and signs of a picture, row by row from left to right; none if it is blank.

    Parameters
    ----------
    picture : see `digitnet.to_image`
    recogniser : tells whether digits that touch are better read apart; if None, they stay together

    Raises
    ------
    ValueError : if the picture cannot be read, is too large, or shows too many marks.
    """
    ink = ink_of(picture)
    if ink.count > MAX_PARTS:
        raise ValueError(f"The picture shows {ink.count:,} marks; show one row of digits only.")
    writing = InkWriting(ink)
    groups, writing.tilt = arranged(writing.marks, NEARLY_TOUCHING)
    return _read_apart(writing, groups, recogniser)


def find_digits_in_drawing(drawing: Drawing, recogniser: Recogniser | None = None) -> list[Found]:
    """The digits of a drawing, as `find_digits` finds them in a picture.

    Raises
    ------
    ValueError : if it is no drawing, or has too many strokes.
    """
    strokes = checked_strokes(drawing)
    groups, tilt = _arranged_strokes(strokes)
    return _read_apart(StrokeWriting(strokes, tilt), groups, recogniser)


def shows_several_digits(drawing: Drawing) -> bool:
    """Whether `find_digits_in_drawing` finds more than one; sooner than that."""
    strokes = checked_strokes(drawing)
    return len(strokes) > 1 and len(_arranged_strokes(strokes)[0]) > 1


def _arranged_strokes(strokes: list[np.ndarray]) -> tuple[list[Group], float]:
    """`arranged` of strokes float64 ``[n, 2]``; ValueError if there are too many."""
    if len(strokes) > MAX_PARTS:
        raise ValueError(f"The drawing has {len(strokes):,} strokes; draw one row of digits only.")
    if not strokes:
        return [], 0.0
    unit = max(np.abs(points).max() for points in strokes) or 1  # against overflow
    return arranged(resampled([points / unit for points in strokes]), TOUCHING)


# ---- drawings --------------------------------------------------------------------------------


class StrokeWriting:
    """A drawing's strokes, float64 ``[n, 2]`` each, in rows tilted by radians clockwise."""

    def __init__(self, strokes: list[np.ndarray], tilt: float):
        self.strokes, self.tilt = strokes, tilt

    def level(self, piece: Piece) -> np.ndarray:
        points = resampled([self.strokes[mark] for mark in piece.marks])
        return turned(np.concatenate(points), self.tilt)

    def images(self, pieces: Sequence[Piece]) -> np.ndarray:
        return to_images(
            [[turned(part, self.tilt) for part in self._cut(piece)] for piece in pieces]
        )

    def box(self, piece: Piece) -> tuple[float, float, float, float]:
        return box_of(np.concatenate(self._cut(piece)))

    def _cut(self, piece: Piece) -> list[np.ndarray]:
        """The piece's strokes, cut where they leave it."""
        strokes = [self.strokes[mark] for mark in piece.marks]
        if piece.left == -np.inf and piece.right == np.inf:
            return strokes
        result = []
        for points in resampled(strokes):
            held = piece.holds(turned(points, self.tilt))
            ends = np.flatnonzero(np.diff(held)) + 1
            runs = zip(np.split(points, ends), np.split(held, ends), strict=True)
            result += [run for run, inside in runs if inside[0]]
        return result or [np.zeros((1, 2))]


# ---- with a recogniser ------------------------------------------------------------------------


def _read_apart(
    writing: Writing, groups: list[Group], recogniser: Recogniser | None
) -> list[Found]:
    """What groups show, those that read better in pieces cut, and in one joined."""
    pieces = [(Piece(group.marks), group) for group in groups]
    if recogniser and pieces:
        pieces = _joined(writing, pieces, recogniser)
        pieces = _cut(writing, pieces, recogniser)
    images = writing.images([piece for piece, _ in pieces])
    return [
        Found(writing.box(piece), image, group.row, group.sign)
        for (piece, group), image in zip(pieces, images, strict=True)
    ]


def _joined(
    writing: Writing, pieces: list[tuple[Piece, Group]], recogniser: Recogniser
) -> list[tuple[Piece, Group]]:
    """Put neighbours together that are one digit, such as a 4 in two strokes."""
    boxes = np.array([box_of(writing.level(piece)) for piece, _ in pieces])
    pairs = []
    for first, second in combinations(range(len(pieces)), 2):
        one, other = pieces[first][1], pieces[second][1]
        low, high = boxes[[first, second], :2], boxes[[first, second]] @ FAR_CORNER
        width, height = high.max(axis=0) - low.min(axis=0)
        across, down = low.max(axis=0) - high.min(axis=0)
        gap = max(across, down) / max(height, 1e-9)
        near = CLOSE if one.row == other.row else CLOSE / 2
        if not one.sign + other.sign and gap < near and width < WIDEST_PIECE * height:
            pairs.append((first, second, across / max(boxes[[first, second], 2].min(), 1e-9)))
    if not pairs:
        return pieces
    both = [Piece(pieces[one][0].marks + pieces[other][0].marks) for one, other, _ in pairs]
    scores = _scores(writing, [piece for piece, _ in pieces] + both, recogniser)
    alone, together = scores[: len(pieces)], scores[len(pieces) :]
    result = dict(enumerate(pieces))
    for (one, other, gap), piece, score in zip(pairs, both, together, strict=True):
        gain = score - alone[one] - alone[other]
        interlocked = gap < -0.25 and score > np.log(0.8)
        untouched = result.get(one) == pieces[one] and result.get(other) == pieces[other]
        if untouched and (interlocked or gain > GAIN):
            result[one] = (piece, pieces[one][1])
            del result[other]
    return list(result.values())


def _cut(self, piece: Piece) -> list[np.ndarray]:
    """The piece's strokes, cut where they leave it."""
    strokes = [self.strokes[mark] for mark in piece.marks]
    if piece.left == -np.inf and piece.right == np.inf:
        return strokes
    result = []
    for points in resampled(strokes):
        held = piece.holds(turned(points, self.tilt))
        ends = np.flatnonzero(np.diff(held)) + 1
        runs = zip(np.split(points, ends), np.split(held, ends), strict=True)
        result += [run for run, inside in runs if inside[0]]
    return result or [np.zeros((1, 2))]


# ---- with a recogniser ------------------------------------------------------------------------


def _read_apart(
    writing: Writing, groups: list[Group], recogniser: Recogniser | None
) -> list[Found]:
    """What groups show, those that read better in pieces cut, and in one joined."""
    pieces = [(Piece(group.marks), group) for group in groups]
    if recogniser and pieces:
        pieces = _joined(writing, pieces, recogniser)
        pieces = _cut(writing, pieces, recogniser)
    images = writing.images([piece for piece, _ in pieces])
    return [
        Found(writing.box(piece), image, group.row, group.sign)
        for (piece, group), image in zip(pieces, images, strict=True)
    ]


def _joined(
    writing: Writing, pieces: list[tuple[Piece, Group]], recogniser: Recogniser
) -> list[tuple[Piece, Group]]:
    """Put neighbours together that are one digit, such as a 4 in two strokes."""
    boxes = np.array([box_of(writing.level(piece)) for piece, _ in pieces])
    pairs = []
    for first, second in combinations(range(len(pieces)), 2):
        one, other = pieces[first][1], pieces[second][1]
        low, high = boxes[[first, second], :2], boxes[[first, second]] @ FAR_CORNER
        width, height = high.max(axis=0) - low.min(axis=0)
        across, down = low.max(axis=0) - high.min(axis=0)
        gap = max(across, down) / max(height, 1e-9)
        near = CLOSE if one.row == other.row else CLOSE / 2
        if not one.sign + other.sign and gap < near and width < WIDEST_PIECE * height:
            pairs.append((first, second, across / max(boxes[[first, second], 2].min(), 1e-9)))
    if not pairs:
        return pieces
    both = [Piece(pieces[one][0].marks + pieces[other][0].marks) for one, other, _ in pairs]
    scores = _scores(writing, [piece for piece, _ in pieces] + both, recogniser)
    alone, together = scores[: len(pieces)], scores[len(pieces) :]
    result = dict(enumerate(pieces))
    for (one, other, gap), piece, score in zip(pairs, both, together, strict=True):
        gain = score - alone[one] - alone[other]
        interlocked = gap < -0.25 and score > np.log(0.8)
        untouched = result.get(one) is pieces[one] and result.get(other) is pieces[other]
        if untouched and (interlocked or gain > GAIN):
            result[one] = (piece, pieces[one][1])
            del result[other]
    return list(result.values())


def _cut(
    writing: Writing, pieces: list[tuple[Piece, Group]], recogniser: Recogniser
) -> list[tuple[Piece, Group]]:
    """Cut what reads better in pieces, such as two digits that touch."""
    scores = _scores(writing, [piece for piece, _ in pieces], recogniser)
    result = []
    for (piece, group), score in zip(pieces, scores, strict=True):
        _, _, width, height = box_of(writing.level(piece))
        doubtful = score < np.log(DOUBTFUL) and width > NARROW * height
        if group.sign or height == 0 or not (doubtful or width > WIDE * height):
            result.append((piece, group))
            continue
        options = [([piece], score)] + [
            _best_path(writing, piece, slant, recogniser) for slant in SLANTS
        ]
        best, _ = max(options, key=lambda option: option[1])
        result += [(part, group) for part in best]
    return result


def _best_path(
    writing: Writing, piece: Piece, slant: float, recogniser: Recogniser
) -> tuple[list[Piece], float]:
    """The pieces that read best of all ways to cut one, and the sum of their scores."""
    points = writing.level(piece)
    _, _, _, height = box_of(points)
    along = points[:, 0] - slant * points[:, 1]
    cuts = [-np.inf, *_valleys(along, height), np.inf]
    low, high = along.min(), along.max()
    edges = np.clip(cuts, low, high)
    spans = [
        (start, end)
        for start in range(len(cuts))
        for end in range(start + 1, len(cuts))
        if LEAST_PIECE < (edges[end] - edges[start]) / height < WIDEST_PIECE
    ]
    parts = [Piece(piece.marks, cuts[start], cuts[end], slant) for start, end in spans]
    scores = _scores(writing, parts, recogniser) if parts else []
    best: list[tuple[float, list[Piece]]] = [(-np.inf, [])] * len(cuts)
    best[0] = (CUT_COST, [])
    for (start, end), part, score in sorted(
        zip(spans, parts, scores, strict=True), key=lambda one: one[0][0]
    ):
        total = best[start][0] + score - CUT_COST
        if total > best[end][0]:
            best[end] = (total, [*best[start][1], part])
    return best[-1][1], best[-1][0]


def _valleys(along: np.ndarray, height: float) -> list[float]:
    """Where there is least ink along a row, of points at `along` ``[n]``, sorted."""
    step = 0.04 * height
    count = max(1, int(np.ptp(along) / step))
    ink, edges = np.histogram(along, count)
    margin = max(1, round(LEAST_PIECE / 0.04))
    inner = range(margin, count - margin)
    order = sorted(inner, key=lambda place: ink[place])
    chosen: list[int] = []
    for place in order:
        if len(chosen) < MOST_CUTS and all(abs(place - other) >= 3 for other in chosen):
            chosen.append(place)
    return sorted(float(edges[place] + edges[place + 1]) / 2 for place in chosen)


def _scores(writing: Writing, pieces: Sequence[Piece], recogniser: Recogniser) -> np.ndarray:
    """The logarithms of how much pieces look like digits, float ``[N]``."""
    return np.log(np.clip(recogniser(writing.images(pieces)), LOWEST, 1))
