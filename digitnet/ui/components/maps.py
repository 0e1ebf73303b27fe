"""Pictures of values per pixel, such as attributions and activations."""

import numpy as np

# Okabe and Ito's sky blue and orange, which colour-blind people can tell apart, and both from grey.
FOR = np.array((86, 180, 233))
AGAINST = np.array((230, 159, 0))
INK = np.array((110, 110, 110))  # full ink, where the value is 0
MARK = np.array((240, 120, 200))  # ink that is removed


def signed_map(values: np.ndarray, limit: float, ink: np.ndarray | None = None) -> np.ndarray:
    """Values above 0 in blue and below 0 in orange, over grey ink, on black.

    Parameters
    ----------
    values : float ``[H, W]``
    limit : the magnitude with the full colour; smaller ones are mixed in proportion
    ink : float ``[H, W]`` in 0..1; no ink where it is None

    Returns
    -------
    uint8 ``[H, W, 3]``
    """
    return mixed(values, limit, np.zeros(3) if ink is None else ink[..., None] * INK)


def mixed(values: np.ndarray | float, limit: float, ground: np.ndarray) -> np.ndarray:
    """The colours uint8 ``[..., 3]`` of values, as in `signed_map`, on the colour `ground`."""
    values = np.asarray(values)[..., None]
    strength = np.clip(np.abs(values) / (limit or 1), 0, 1)
    colour = np.where(values > 0, FOR, AGAINST)
    return np.rint(strength * colour + (1 - strength) * ground).astype(np.uint8)


def marked_map(image: np.ndarray, left: np.ndarray) -> np.ndarray:
    """`image` in grey with the removed ink marked, uint8 ``[H, W, 3]``.

    `image` and `left`, without that ink, are float ``[H, W]`` in 0..1.
    """
    gone = (image - left)[..., None]
    grey = left[..., None] * (2 * INK)
    return np.rint(np.clip(gone * MARK + grey, 0, 255)).astype(np.uint8)


def sheet(maps: np.ndarray, columns: int) -> np.ndarray:
    """Maps ``[C, H, W]`` of values >= 0 in a grid with `columns` columns, uint8 ``[H', W']``.

    White is the maximum over all maps; the brightness is proportional to the square root.
    """
    count, height, width = maps.shape
    rows = -(-count // columns)
    scaled = np.full((rows * columns, height + 1, width + 1), 60, np.uint8)
    scaled[:count, :height, :width] = np.rint(255 * np.sqrt(maps / (maps.max() or 1)))
    tiled = scaled.reshape(rows, columns, height + 1, width + 1).swapaxes(1, 2)
    return tiled.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
