"""Every style of writing: the allographs of the digits, other signs, and scribbles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from digitnet.synthetic.allographs import DIGITS, NON_DIGITS
from digitnet.synthetic.curves import Stroke, parse

NOT_A_DIGIT = -1  # the label of what is not one digit
NON_DIGIT_KINDS = (*NON_DIGITS, "scribbles", "two digits")

RandomControls = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Style:
    """A style: one way of writing one sign."""

    kind: str  # "digits" or one of NON_DIGIT_KINDS
    name: str
    label: int
    weight: float  # relative frequency within its kind
    strokes: list[Stroke]
    random_controls: RandomControls | None = None  # replace the control points of `strokes`


def _random_points(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.uniform(-0.55, 0.55, (count, 11, 2))


def _zigzag(rng: np.random.Generator, count: int) -> np.ndarray:
    along = np.linspace(-0.5, 0.5, 12) + rng.normal(0, 0.02, (count, 12))
    across = 0.5 * (-1.0) ** np.arange(12) * rng.uniform(0.15, 1, (count, 1))
    across += rng.normal(0, 0.06, (count, 12))
    angle = rng.uniform(0, np.pi, (count, 1))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * along - sin * across, sin * along + cos * across], axis=-1)


def _spiral(rng: np.random.Generator, count: int) -> np.ndarray:
    radius = np.sqrt(np.linspace(0, 1, 24))  # even steps along the path, not around it
    turns = rng.uniform(2.4, 3.6, (count, 1)) * rng.choice([-1, 1], (count, 1))
    angle = 2 * np.pi * (rng.uniform(0, 1, (count, 1)) + turns * radius)
    return 0.5 * np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _coil(rng: np.random.Generator, count: int) -> np.ndarray:
    time = np.linspace(0, 1, 28)
    turns = rng.uniform(3, 5, (count, 1))
    angle = 2 * np.pi * (rng.uniform(0, 1, (count, 1)) + turns * time)
    x = rng.uniform(0.8, 1.8, (count, 1)) * (time - 0.5) + 0.22 * np.cos(angle)
    return np.stack([x, 0.35 * np.sin(angle)], axis=-1)


_SCRIBBLES: dict[str, tuple[RandomControls, int, bool]] = {  # with K control points, with corners
    "curve": (_random_points, 11, False),
    "polyline": (_random_points, 11, True),
    "rounded zigzag": (_zigzag, 12, False),
    "zigzag": (_zigzag, 12, True),
    "spiral": (_spiral, 24, False),
    "coil": (_coil, 28, False),
}


def _all_styles() -> list[Style]:
    styles = []
    for digit, allographs in DIGITS.items():
        total = sum(weight for weight, _ in allographs.values())
        for name, (weight, text) in allographs.items():
            styles.append(Style("digits", f"{digit} {name}", digit, weight / total, parse(text)))
    for kind, signs in NON_DIGITS.items():
        for name, text in signs.items():
            styles.append(Style(kind, f"{kind} {name}", NOT_A_DIGIT, 1, parse(text)))
    for name, (controls, size, corner) in _SCRIBBLES.items():
        # The control points are random; the path is that of evenly spaced ones.
        even = np.column_stack([np.linspace(0, 6, size), np.zeros(size), np.full(size, corner)])
        styles.append(Style("scribbles", f"scribbles {name}", NOT_A_DIGIT, 1, [even], controls))
    styles.append(Style("two digits", "two digits", NOT_A_DIGIT, 1, []))
    return styles


STYLES = _all_styles()
STYLE_NAMES = tuple(style.name for style in STYLES)
TWO_DIGITS = len(STYLES) - 1  # the index of the pairs of digits
