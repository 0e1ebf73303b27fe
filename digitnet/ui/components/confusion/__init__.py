"""A confusion matrix: a table whose cells can be clicked.

The event ``click`` has ``actual`` and ``predicted``, the digits of the cell.
"""

from typing import Any

import numpy as np


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
                        "count": count,
                        "right": actual == predicted,
                        # Relative to the most frequent mistake, for the shade.
                        "share": round(100 * int(mistakes[actual, predicted]) / most),
                    }
                    for predicted, count in enumerate(row)
                ],
            }
            for actual, row in enumerate(confusion.tolist())
        ],
    }
