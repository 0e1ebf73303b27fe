"""Cut and join what reads better so, by how much the pieces look like digits."""

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from digitnet.reading.rows import Group, box_of
from digitnet.reading.writing import Piece, Writing

# Images float32 [N, 28, 28] to how much each looks like a digit, float [N], 0..1.
DigitLikeness = Callable[[np.ndarray], np.ndarray]

# Widths are in heights of the piece itself.
NARROW = 0.55  # what is narrower is not cut
SLANTS = (0.0, 0.25, -0.25)  # of cuts, columns to a row
MAX_CUTS = 6
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
    boxes = np.array([box_of(writing.level(piece)) for piece, _ in pieces])
    pairs = []
    for first, second in combinations(range(len(pieces)), 2):
        left, right = pieces[first][1], pieces[second][1]
        low, high = boxes[[first, second], :2], boxes[[first, second]] @ FAR_CORNER
        width, height = high.max(axis=0) - low.min(axis=0)
        across, down = low.max(axis=0) - high.min(axis=0)
        gap = max(across, down) / max(height, 1e-9)
        near = CLOSE if left.row == right.row else CLOSE / 2
        if not left.sign + right.sign and gap < near and width < MAX_PIECE * height:
            pairs.append((first, second, across / max(boxes[[first, second], 2].min(), 1e-9)))
    if not pairs:
        return pieces
    both = [Piece(pieces[one][0].marks + pieces[other][0].marks) for one, other, _ in pairs]
    scores = _scores(writing, [piece for piece, _ in pieces] + both, likeness)
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
    writing: Writing, pieces: list[tuple[Piece, Group]], likeness: DigitLikeness
) -> list[tuple[Piece, Group]]:
    """Cut what reads better in pieces, such as two digits that touch."""
    scores = _scores(writing, [piece for piece, _ in pieces], likeness)
    result = []
    for (piece, group), score in zip(pieces, scores, strict=True):
        _, _, width, height = box_of(writing.level(piece))
        # Pieces score 0 at most, and each cut costs.
        if group.sign or height == 0 or score > -CUT_COST or width < NARROW * height:
            result.append((piece, group))
            continue
        options = [([piece], score)] + [
            _best_path(writing, piece, slant, likeness) for slant in SLANTS
        ]
        best, _ = max(options, key=lambda option: option[1])
        result += [(part, group) for part in best]
    return result


def _best_path(
    writing: Writing, piece: Piece, slant: float, likeness: DigitLikeness
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
        if MIN_PIECE < (edges[end] - edges[start]) / height < MAX_PIECE
    ]
    parts = [Piece(piece.marks, cuts[start], cuts[end], slant) for start, end in spans]
    scores = _scores(writing, parts, likeness) if parts else np.zeros(0)
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
    margin = max(1, round(MIN_PIECE / 0.04))
    inner = range(margin, count - margin)
    order = sorted(inner, key=lambda place: ink[place])
    chosen: list[int] = []
    for place in order:
        if len(chosen) < MAX_CUTS and all(abs(place - other) >= 3 for other in chosen):
            chosen.append(place)
    return sorted(float(edges[place] + edges[place + 1]) / 2 for place in chosen)


def _scores(writing: Writing, pieces: Sequence[Piece], likeness: DigitLikeness) -> np.ndarray:
    """The logarithms of how much pieces look like digits, float ``[N]``."""
    return np.log(np.clip(likeness(writing.images(pieces)), MIN_LIKENESS, 1))
