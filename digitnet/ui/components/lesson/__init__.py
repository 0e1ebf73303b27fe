"""What teaching a model changed: before and after, on drawings and test images it has not seen."""

import base64
from typing import Any


def lesson(
    taught: int,
    model: str,
    right: tuple[int, int],
    unseen: int,
    accuracies: tuple[float, float] | None,
    file: bytes,
) -> dict[str, Any]:
    """The template's data.

    Parameters
    ----------
    taught : number of drawings that the model learned from
    model : the name of the model that was taught
    right : how many of the unseen drawings were read before and after
    unseen : number of drawings that it did not learn from
    accuracies : on the test images, before and after; None where these are missing
    file : the weights as a safetensors file, to be downloaded
    """
    return {
        "model": model,
        "taught": taught,
        "unseen": unseen,
        "before": right[0],
        "after": right[1],
        "file": f"data:application/octet-stream;base64,{base64.b64encode(file).decode()}",
        "test": [f"{100 * accuracy:.2f} %" for accuracy in accuracies] if accuracies else None,
    }
