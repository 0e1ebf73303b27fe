"""Printed boxes, rows of boxes and combs around writing."""

import numpy as np
import scipy

STRAIGHT = 0.65  # of a side, no farther from a straight line than its own width
MIN_FRAME = 24  # pixels, either side
MAX_FRAMES = 40  # the largest marks are looked at


def frames(parts: np.ndarray) -> np.ndarray:
    """Where printed boxes, rows of boxes and combs around writing lie.

    Parameters
    ----------
    parts : int32 ``[H, W]``, marks numbered from 1

    Returns
    -------
    bool ``[H, W]``, without what is written in the boxes or touches them
    """
    result = np.zeros(parts.shape, bool)
    slices = scipy.ndimage.find_objects(parts)
    sizes = [min(side.stop - side.start for side in box) for box in slices]
    for number in np.argsort(sizes)[::-1][:MAX_FRAMES]:
        if sizes[number] < MIN_FRAME:
            break
        rows, columns = slices[number]
        mask = parts[rows, columns] == number + 1
        sides = _sides(mask)
        if sides is None:
            continue
        rest, _ = scipy.ndimage.label(mask & ~sides, np.ones((3, 3)))
        height = len(mask)
        written = False
        for piece, (down, across) in enumerate(scipy.ndimage.find_objects(rest), 1):
            tall, wide = down.stop - down.start, across.stop - across.start
            if tall > 0.7 * height and wide < 0.15 * tall:  # between two boxes
                sides |= rest == piece
            elif tall > 0.3 * height and wide > 0.05 * height:
                written = True
        # Beside ink that touches the frame, that of other marks within it.
        inside = [
            other
            for other, (down, across) in enumerate(slices)
            if other != number
            and columns.start <= across.start
            and across.stop <= columns.stop
            and min(down.stop, rows.stop) - max(down.start, rows.start) > 0.3 * height
        ]
        if written or inside:
            result[rows, columns] |= sides
    return result


def _sides(mask: np.ndarray) -> np.ndarray | None:
    """The straight sides of a box or a comb, bool ``[H, W]``; None if a shape is neither."""
    found = []
    for turns in range(4):  # the side that is uppermost after so many quarter turns
        turned = np.rot90(mask, turns)
        found.append(np.rot90(side, -turns) if (side := _top_side(turned)) is not None else None)
    top, right, bottom, left = found
    if bottom is None or left is None or right is None:
        return None
    return left | right | bottom | (top if top is not None else False)


def _top_side(mask: np.ndarray) -> np.ndarray | None:
    """The straight upper side of a shape ``[H, W]``, or None if there is none."""
    columns = np.flatnonzero(mask.any(axis=0))
    first = mask.argmax(axis=0)[columns]
    ended = np.cumsum(mask, axis=0)
    gap = ~mask & (ended > 0)
    last = np.where(gap.any(axis=0), gap.argmax(axis=0), len(mask))[columns]
    thickness = float(np.median(last - first))
    if thickness > 0.2 * len(mask):
        return None
    kept = np.abs(first - np.median(first)) <= max(0.2 * len(columns), 3)
    line = np.zeros(2)
    for _ in range(4):
        if kept.sum() < STRAIGHT * len(columns):
            return None
        line = np.polyfit(columns[kept], first[kept], 1)
        apart = np.abs(np.polyval(line, columns) - first)
        kept = apart <= max(np.median(apart), 1)
    if (apart <= max(1.5, thickness / 2)).mean() < STRAIGHT or abs(line[0]) > 0.25:
        return None
    edge = np.polyval(line, np.arange(mask.shape[1]))
    rows = np.arange(len(mask))[:, None]
    return mask & (rows >= edge - 2) & (rows <= edge + thickness + 1)
