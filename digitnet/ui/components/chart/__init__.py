"""Line charts, drawn as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 360, 220  # in the units of the SVG
LEFT, RIGHT, TOP, BOTTOM = 48, 20, 10, 36  # margins for tick labels and axis names


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes
    ----------
    name : for the legend
    points : (x, y), in the axes' units, in order
    marks : (x, y) of points to mark with a dot
    """

    name: str
    points: Sequence[tuple[float, float]]
    marks: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, with ticks (value, label)."""

    name: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


def percent_axis(name: str, low: float = 0.0, high: float = 1.0) -> Axis:
    """An axis of shares from `low` to `high` in 0..1, with five ticks in percent."""
    values = [low + (high - low) * quarter / 4 for quarter in range(5)]
    return Axis(name, low, high, [(value, f"{100 * value:.4g} %") for value in values])


def chart(title: str, series: Sequence[Series], x: Axis, y: Axis) -> dict[str, Any]:
    """The template's data. Points outside the axes are clipped to them."""

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (min(max(point[0], x.low), x.high) - x.low) / (x.high - x.low)
        up = (min(max(point[1], y.low), y.high) - y.low) / (y.high - y.low)
        return (
            round(LEFT + across * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM), 1),
        )

    return {
        "title": title,
        "x_name": x.name,
        "y_name": y.name,
        "x_ticks": [{"at": place((at, y.low))[0], "label": label} for at, label in x.ticks],
        "y_ticks": [{"at": place((x.low, at))[1], "label": label} for at, label in y.ticks],
        "series": [
            {
                "name": one.name,
                "kind": number % 6,
                "points": " ".join(f"{across},{up}" for across, up in map(place, one.points)),
                "marks": [{"x": across, "y": up} for across, up in map(place, one.marks)],
            }
            for number, one in enumerate(series)
        ],
    }
