"""Horizontal bars of shares, such as the accuracy of each model."""

from collections.abc import Sequence
from typing import Any


def bars(title: str, axis: str, shares: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """The template's data.

    Parameters
    ----------
    title : of the chart
    axis : what the bars measure, in per cent
    shares : the label of each bar, and its length in 0..1
    """
    return {
        "title": title,
        "axis": axis,
        "bars": [{"label": label, "percent": f"{100 * share:.2f}"} for label, share in shares],
    }
