"""Cut and join what reads better so, by how much the pieces look like digits."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from digitnet.reading.rows import SHORT, Group, box_of
from digitnet.reading.writing import Piece, Writing

# Images float32 [N, 28, 28] to how much each looks like a digit, float [N], 0..1.
DigitLikeness = Callable[[np.ndarray], np.ndarray]

# Widths are in heights of the piece itself.
NARROW = 0.55  # what is narrower is not cut
SLANTS = (0.0, 0.25, -0.25)  # of cuts, columns to a row
MAX_CUTS = 6
CELL = 0.04  # of the ink's histogram
MAX_INKED = 0.6  # of a column that is cut: not along a stroke
MIN_PIECE, MAX_PIECE = 0.12, 1.3
CUT_COST = 2.0  # of a cut, in the logarithm of what pieces look like digits
MIN_LIKENESS = 0.01  # no piece looks less like a digit than this
CLOSE = 0.15  # a gap that there may be between parts of one digit
FAR_CORNER = np.array([[1, 0], [0, 1], [1, 0], [0, 1]])  # of x, y, width, height
GAIN = 0.3  # in the logarithm, from putting two groups together


def cut_and_joined(
    writing: Writing, pieces: list[tuple[Piece, Group]], likeness: DigitLikeness
) -> list[tuple[Piece, Group]]:
    """`pieces`, those that look more like digits in parts cut, and those in one joined."""
    return _cut(writing, _joined(writing, pieces, likeness), likeness)


def _joined(
    writing: Writing, pieces: list[tuple[Piece, Group]], likeness: DigitLikeness
) -> list[tuple[Piece, Group]]:
    """Put neighbours together that are one digit, such as a 4 in two strokes."""
    while True:
        joined = _pairs_joined(writing, pieces, likeness)
        if len(joined) == len(pieces):
            return pieces
        pieces = joined


def _pairs_joined(
    writing: Writing, pieces: list[tuple[Piece, Group]], likeness: DigitLikeness
) -> list[tuple[Piece, Group]]:
    """`pieces`, each put together with one neighbour at most."""
    boxes = np.array([box_of(writing.level(piece)) for piece, _ in pieces])
    pairs = []
    for first, second in combinations(range(len(pieces)), 2):
        left, right = pieces[first][1], pieces[second][1]
        low, high = boxes[[first, second], :2], boxes[[first, second]] @ FAR_CORNER
        width, height = high.max(axis=0) - low.min(axis=0)
        across, down = low.max(axis=0) - high.min(axis=0)
        gap = max(across, down) / max(height, 1e-9)
        near = CLOSE if left.row == right.row else CLOSE / 2
        if left.sign + right.sign in ("", "?") and gap < near and width < MAX_PIECE * height:
            pairs.append((first, second, across / max(boxes[[first, second], 2].min(), 1e-9)))
    if not pairs:
        return pieces
    both = [Piece(pieces[one][0].marks + pieces[other][0].marks) for one, other, _ in pairs]
    scores = _scores(writing, [piece for piece, _ in pieces] + both, likeness)
    # What is shown as "?" is no worse for not looking like a digit.
    alone = np.where([group.sign == "?" for _, group in pieces], 0, scores[: len(pieces)])
    result = dict(enumerate(pieces))
    for (one, other, gap), piece, score in zip(pairs, both, scores[len(pieces) :], strict=True):
        gain = score - alone[one] - alone[other]
        interlocked = gap < -0.25 and score > np.log(0.8)
        untouched = result.get(one) is pieces[one] and result.get(other) is pieces[other]
        if untouched and (interlocked or gain > GAIN):
            group = pieces[other if pieces[one][1].sign else one][1]  # the one that is no sign
            result[one] = (piece, group)
            del result[other]
    return list(result.values())


def _cut(
    writing: Writing, pieces: list[tuple[Piece, Group]], likeness: DigitLikeness
) -> list[tuple[Piece, Group]]:
    """Cut what reads better in pieces, such as two digits that touch."""
    scores = _scores(writing, [piece for piece, _ in pieces], likeness)
    result = []
    for (piece, group), score in zip(pieces, scores, strict=True):
        points = writing.level(piece)
        _, _, width, height = box_of(points)
        # Pieces score 0 at most, and each cut costs.
        if group.sign or height == 0 or score > -CUT_COST or width < NARROW * height:
            result.append((piece, group))
            continue
        ink = writing.spread(piece)
        options = [([piece], score)] + [
            _best_path(writing, piece, points, ink, slant, likeness) for slant in SLANTS
        ]
        best, _ = max(options, key=lambda option: option[1])
        result += [(part, group) for part in best]
    return result


def _best_path(
    writing: Writing,
    piece: Piece,
    points: np.ndarray,
    ink: np.ndarray,
    slant: float,
    likeness: DigitLikeness,
) -> tuple[list[Piece], float]:
    """The pieces that read best of all ways to cut one, and the sum of their scores.

    Parameters
    ----------
    writing, piece, likeness : what is cut, and how much pieces look like digits
    points, ink : ``[n, 2]``, as `Writing.level` and `Writing.spread` give them of the piece
    slant : of the cuts, columns to a row
    """
    _, _, _, height = box_of(points)
    along = points[:, 0] - slant * points[:, 1]
    cuts = [-np.inf, *_valleys(ink, slant, height), np.inf]
    low, high = along.min(), along.max()
    edges = np.clip(cuts, low, high)
    spans = [
        (start, end, Piece(piece.marks, cuts[start], cuts[end], slant))
        for start in range(len(cuts))
        for end in range(start + 1, len(cuts))
        if MIN_PIECE < (edges[end] - edges[start]) / height < MAX_PIECE
    ]
    # What is shorter is a flag or a foot of a digit.
    spans = [span for span in spans if _height_of(points[span[2].holds(points)]) > SHORT * height]
    scores = _scores(writing, [part for _, _, part in spans], likeness) if spans else np.zeros(0)
    best: list[tuple[float, list[Piece]]] = [(-np.inf, [])] * len(cuts)
    best[0] = (CUT_COST, [])
    for (start, end, part), score in zip(spans, scores, strict=True):
        total = best[start][0] + score - CUT_COST
        if total > best[end][0]:
            best[end] = (total, [*best[start][1], part])
    return best[-1][1], best[-1][0]


def _valleys(ink: np.ndarray, slant: float, height: float) -> list[float]:
    """Where a row of points ``[n, 2]`` over ink may be cut, sorted: in columns with least ink."""
    along = ink[:, 0] - slant * ink[:, 1]
    cells = [max(1, int(extent / (CELL * height))) for extent in (np.ptp(along), height)]
    counts, edges, _ = np.histogram2d(along, ink[:, 1], cells)
    inked = (counts > 0).mean(axis=1)
    margin = max(1, round(MIN_PIECE / CELL))
    inner = [place for place in range(margin, cells[0] - margin) if inked[place] < MAX_INKED]
    chosen: list[int] = []
    for place in sorted(inner, key=lambda place: inked[place]):
        if len(chosen) < MAX_CUTS and all(abs(place - other) >= 3 for other in chosen):
            chosen.append(place)
    return sorted(float(edges[place] + edges[place + 1]) / 2 for place in chosen)


def _height_of(points: np.ndarray) -> float:
    return float(np.ptp(points[:, 1])) if len(points) else 0.0


def _scores(writing: Writing, pieces: Sequence[Piece], likeness: DigitLikeness) -> np.ndarray:
    """The logarithms of how much pieces look like digits, float ``[N]``."""
    return np.log(np.clip(likeness(writing.images(pieces)), MIN_LIKENESS, 1))
