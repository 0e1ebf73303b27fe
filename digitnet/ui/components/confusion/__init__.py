"""How often each digit is taken for each other one: a table whose cells can be chosen."""

from typing import Any

import numpy as np

from digitnet.ui.components.base import Component


class Confusion(Component):
    """Its value is what `cells` makes.

    Listen to ``click``: its event has ``actual`` and ``predicted``, the digits of the chosen cell.
    """

    def __init__(self, **properties: Any):
        super().__init__(**properties)


def cells(confusion: np.ndarray, model: str) -> dict[str, Any]:
    """The template's data from counts int64 ``[10, 10]``, ``[true, predicted]``."""
    mistakes = confusion * (1 - np.eye(len(confusion), dtype=int))
    most = max(1, int(mistakes.max()))
    return {
        "model": model,
        "digits": list(range(len(confusion))),
        "rows": [
            {
                "actual": actual,
                "cells": [
                    {
                        "actual": actual,
                        "predicted": predicted,
                        "count": f"{count:,}",
                        "right": actual == predicted,
                        # The share of the commonest mistake, for its shade.
                        "share": round(100 * int(mistakes[actual, predicted]) / most),
                    }
                    for predicted, count in enumerate(row)
                ],
            }
            for actual, row in enumerate(confusion.tolist())
        ],
    }
