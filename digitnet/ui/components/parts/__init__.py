"""What the parts of a network make of an image: its template, its hidden units, its features."""

from typing import Any

import numpy as np

from digitnet.classifier import Classifier
from digitnet.explain.attribution import feature_maps, grad_cam, hidden, template
from digitnet.models import ConvNet, LinearNet, NonlinearNet
from digitnet.ui.components.base import png_url
from digitnet.ui.components.evidence import rounded, signed
from digitnet.ui.components.maps import sheet, signed_map

MAX_UNITS = 8  # hidden units shown one by one


def parts(classifier: Classifier, image: np.ndarray, digit: int | None = None) -> dict[str, Any]:
    """The template's data.

    Parameters
    ----------
    classifier : whose network it is
    image : what it sees, float32 ``[28, 28]`` in 0..1
    digit : 0 to 9; the one with the greatest logit where it is None
    """
    if digit is None:
        (prediction,) = classifier.predict_images(image[None])
        digit = int(prediction.probabilities.argmax())
    shown = {LinearNet: _linear, NonlinearNet: _nonlinear, ConvNet: _convolutional}
    make = shown[type(classifier.network)]
    return {
        "kind": type(classifier.network).__name__,
        "digit": digit,
        **make(classifier, image, digit),
    }


def _linear(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """Template, ink, and the one times the other."""
    weights, bias = template(classifier, digit)
    shares = weights * image
    pixels, shown_bias = rounded((shares.sum(), bias), shares.sum() + bias)
    return {
        "linear": True,
        "template": png_url(signed_map(weights, np.abs(weights).max())),
        "ink": png_url(image),
        "shares": png_url(signed_map(shares, np.abs(shares).max(), image)),
        "pixels": signed(pixels),
        "bias": signed(shown_bias),
        "logit": signed(shares.sum() + bias),
    }


def _nonlinear(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """The hidden units: all of few, or those that push `digit` most."""
    made = hidden(classifier, image)
    pushes = made.pushes[digit]
    count = len(pushes)
    chosen = list(range(count))
    if count > MAX_UNITS:
        chosen = np.argsort(-np.abs(pushes), kind="stable")[:MAX_UNITS].tolist()
    rest = float(pushes.sum() - pushes[chosen].sum())
    total = float(pushes.sum() + made.bias[digit])
    terms = rounded((*pushes[chosen].tolist(), rest, float(made.bias[digit])), total)
    longest = float(np.abs(made.pushes).max()) or 1.0
    return {
        "nonlinear": True,
        "count": count,
        "fired": int((made.firing > 0).sum()),
        "others": count - len(chosen),
        "rest": signed(terms[-2]),
        "bias": signed(terms[-1]),
        "logit": signed(total),
        "units": [
            {
                "number": unit + 1,
                "fires": bool(made.firing[unit] > 0),
                "firing": f"{made.firing[unit]:.2f}",
                "entering": signed(float(made.entering[unit])),
                "push": signed(term),
                "weights": png_url(
                    signed_map(made.weights[unit], np.abs(made.weights[unit]).max())
                ),
                "bars": [
                    {
                        "digit": at,
                        "push": signed(term if at == digit else push),
                        "width": f"{50 * abs(push) / longest:.1f}",
                        "for": push > 0,
                        "asked": at == digit,
                    }
                    for at, push in enumerate(made.pushes[:, unit].tolist())
                ],
            }
            for unit, term in zip(chosen, terms, strict=False)
        ],
    }


def _convolutional(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """Grad-CAM over the ink, and the feature maps of each convolution."""
    where = grad_cam(classifier, image, digit)
    return {
        "convolutional": True,
        "nowhere": not where.any(),
        "cam": png_url(signed_map(where, where.max(), image)),
        "layers": [
            {
                "number": number,
                "count": len(maps),
                "side": maps.shape[1],
                "image": png_url(sheet(maps, columns=8 if len(maps) <= 32 else 16)),
            }
            for number, maps in enumerate(feature_maps(classifier, image), start=1)
        ],
    }
