"""Pictures of numbers that have a place in the image: what is for and against, and how strong."""

import numpy as np

# Okabe and Ito's sky blue and orange, which colour-blind people can tell apart, and both from grey.
FOR = np.array((86, 180, 233))
AGAINST = np.array((230, 159, 0))
INK = np.array((110, 110, 110))  # of full strength, where nothing is for or against
MARK = np.array((240, 120, 200))  # what is taken away


def signed_map(values: np.ndarray, limit: float, ink: np.ndarray | None = None) -> np.ndarray:
    """Values above 0 in blue and below 0 in orange, over grey ink, on black.

    Parameters
    ----------
    values : float ``[H, W]``
    limit : the value that has the full colour; others are mixed in proportion
    ink : float ``[H, W]`` in 0..1; none where it is None

    Returns
    -------
    uint8 ``[H, W, 3]``
    """
    strength = np.clip(np.abs(values) / (limit or 1), 0, 1)[..., None]
    colour = np.where(values[..., None] > 0, FOR, AGAINST)
    ground = np.zeros(3) if ink is None else ink[..., None] * INK
    return np.rint(strength * colour + (1 - strength) * ground).astype(np.uint8)


def marked_map(image: np.ndarray, left: np.ndarray) -> np.ndarray:
    """`image` in grey, what is not `left` of it marked; float ``[H, W]`` in 0..1 to uint8 RGB."""
    gone = (image - left)[..., None]
    grey = left[..., None] * (2 * INK)
    return np.rint(np.clip(gone * MARK + grey, 0, 255)).astype(np.uint8)


def sheet(maps: np.ndarray, columns: int) -> np.ndarray:
    """Maps ``[C, H, W]``, 0 or more, in rows of `columns`, a grey line between: uint8 ``[H', W']``.

    White is the greatest value of them all; half as bright, a quarter of it.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    scaled = np.full((rows * columns, height + 1, width + 1), 60, np.uint8)
    scaled[:count, :height, :width] = np.rint(255 * np.sqrt(maps / (maps.max() or 1)))
    tiled = scaled.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return tiled.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
