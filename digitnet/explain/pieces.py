"""Pieces of the ink, to which the contributions of pixels are summed.

The contributions of single pixels are exact, but hard to read. People think in strokes: a drawing
is divided along the pen's path, and an image, whose path is not known, along its ink.
"""

from dataclasses import dataclass

import numpy as np
import scipy

from digitnet.drawing import Strokes
from digitnet.explain.attribution import Attribution
from digitnet.models import IMAGE_SIZE
from digitnet.rendering import (
    fit_into_box,
    length_along,
    path_of,
    render_paths,
    shifts_to_centre,
)

PIECES = 12  # of a drawing or an image, about
SPACING = 0.25  # pixels between the points of a path
SOLID = 0.5  # of full ink; in an image, a piece is spread from a pixel with at least this


@dataclass(frozen=True, eq=False)
class Pieces:
    """The ink of an image, divided into pieces.

    Attributes
    ----------
    owner : int ``[28, 28]``, the number of the piece that each pixel belongs to; -1 without ink
    paths : for each piece, the lines that the pen drew, float ``[n, 2]`` each, the (x, y) of points
        in pixels from the top left corner; no lines if the pen's path is not known
    """

    owner: np.ndarray
    paths: list[list[np.ndarray]]

    def sums(self, attribution: Attribution) -> np.ndarray:
        """What each piece contributes to the logit, float64 ``[P]``; with `blank`, they sum to it.

        `attribution` is of the same image.
        """
        inked = self.owner >= 0
        contributions = attribution.contributions[inked].astype(np.float64)
        return np.bincount(self.owner[inked], contributions, len(self.paths))


def pieces_of_strokes(strokes: Strokes, image: np.ndarray) -> Pieces:
    """Divide a drawing along the pen's path; each pixel belongs to the nearest point of the path.

    Parameters
    ----------
    strokes : a parsed drawing of one digit
    image : its image float32 ``[28, 28]``, as of `digitnet.to_image`; not blank
    """
    rows, columns = shifts_to_centre(render_paths([path_of(strokes)]))
    points = fit_into_box(np.concatenate(strokes)[None])[0] + [columns.item(), rows.item()]
    lines = np.split(points, np.cumsum([len(stroke) for stroke in strokes])[:-1])
    alongs = [length_along(line) for line in lines]
    numbers = _numbers(np.array([along[-1] for along in alongs]))
    paths: list[list[np.ndarray]] = [[] for _ in range(1 + max(n[-1] for n in numbers))]
    for line, along, (first, last) in zip(lines, alongs, numbers, strict=True):
        parts = last - first + 1
        ends = np.linspace(0, along[-1], parts + 1)
        for part in range(parts):
            count = 2 + int((ends[part + 1] - ends[part]) / SPACING)
            places = np.linspace(ends[part], ends[part + 1], count)
            path = np.stack([np.interp(places, along, axis) for axis in line.T], axis=1)
            paths[first + part].append(path)
    every = [np.concatenate(path) for path in paths]
    owners = np.repeat(np.arange(len(every)), [len(path) for path in every])
    owner = np.full(image.shape, -1)
    inked = np.argwhere(image > 0)
    nearest = scipy.spatial.KDTree(np.concatenate(every)).query(inked[:, ::-1] + 0.5)[1]
    owner[tuple(inked.T)] = owners[nearest]
    return Pieces(owner, paths)


def pieces_of_image(image: np.ndarray) -> Pieces:
    """Divide an image float32 ``[28, 28]`` in 0..1 along its ink; it is not blank.

    Pieces are spread from points that are as far apart as possible, the way being along the ink
    (farthest-point sampling; T. Gonzalez, "Clustering to minimize the maximum intercluster
    distance", 1985).
    """
    inked = np.argwhere(image > 0)
    apart = scipy.spatial.distance.cdist(inked, inked)
    graph = scipy.sparse.csr_array(np.where(apart < 1.5, apart, 0))
    solid = image[tuple(inked.T)] >= min(SOLID, image.max())
    seeds = [int(np.flatnonzero(solid)[0])]
    for _ in range(PIECES):
        way, _, source = scipy.sparse.csgraph.dijkstra(
            graph, indices=seeds, min_only=True, return_predecessors=True
        )
        farthest = int(np.where(solid, way, -1).argmax())
        if len(seeds) == PIECES or way[farthest] == 0:
            break
        seeds.append(farthest)
    # What no ink connects to a seed belongs to the nearest one.
    lost = source < 0
    source[lost] = np.array(seeds)[apart[np.ix_(lost, seeds)].argmin(axis=1)]
    owner = np.full((IMAGE_SIZE, IMAGE_SIZE), -1)
    order = {seed: number for number, seed in enumerate(seeds)}
    owner[tuple(inked.T)] = [order[seed] for seed in source.tolist()]
    return Pieces(owner, [[] for _ in seeds])


def _numbers(lengths: np.ndarray) -> list[tuple[int, int]]:
    """The first and the last piece of each stroke: `PIECES` in all, about.

    A stroke has one piece or several of equal length; where there are more than `PIECES` strokes, a
    piece has one stroke or several.
    """
    if len(lengths) > PIECES:
        ends = np.cumsum(lengths + 1e-9)
        pieces = np.minimum(PIECES * (ends - lengths / 2) / ends[-1], PIECES - 1).astype(int)
        pieces = np.unique(pieces, return_inverse=True)[1]
        return [(piece, piece) for piece in pieces.tolist()]
    counts = np.rint(PIECES * lengths / max(lengths.sum(), 1e-9)).astype(int).clip(1)
    ends = np.cumsum(counts)
    return [(int(end - count), int(end - 1)) for count, end in zip(counts, ends, strict=True)]
