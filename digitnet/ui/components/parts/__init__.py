"""The activations of a network: its template, its hidden units or its feature maps."""

from typing import Any

import numpy as np
from torch import nn

from digitnet.classifier import Classifier
from digitnet.explain.attribution import feature_maps, grad_cam, hidden, template
from digitnet.ui.components.base import png_url
from digitnet.ui.components.evidence import rounded, signed
from digitnet.ui.components.maps import sheet, signed_map

MAX_UNITS = 8  # hidden units shown one by one


def parts(classifier: Classifier, image: np.ndarray, digit: int | None = None) -> dict[str, Any]:
    """The template's data.

    Parameters
    ----------
    classifier : with a network of any kind in `digitnet.models.MODELS`
    image : its input, float32 ``[28, 28]`` in 0..1
    digit : 0 to 9; the one with the greatest logit where it is None
    """
    if digit is None:
        (prediction,) = classifier.predict_images(image[None])
        digit = int(prediction.probabilities.argmax())
    layers = {type(layer) for layer in classifier.network.layers}
    if nn.Conv2d in layers:
        shown = _feature_maps(classifier, image, digit)
    elif nn.ReLU in layers:
        shown = _hidden_units(classifier, image, digit)
    else:
        shown = _template(classifier, image, digit)
    return {"shown": True, "digit": digit, **shown}


def _template(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """The template, the ink and their product."""
    weights, bias = template(classifier, digit)
    contributions = weights * image
    total = contributions.sum() + bias
    pixels, shown_bias = rounded((contributions.sum(), bias), total)
    return {
        "template": png_url(signed_map(weights, np.abs(weights).max())),
        "ink": png_url(image),
        "contributions": png_url(signed_map(contributions, np.abs(contributions).max(), image)),
        "pixels": signed(pixels),
        "bias": signed(shown_bias),
        "logit": signed(total),
    }


def _hidden_units(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """The hidden units; of many, those with the greatest contributions to the logit of `digit`."""
    units = hidden(classifier, image)
    contributions = units.pushes[digit]
    count = len(contributions)
    shown = list(range(count))
    if count > MAX_UNITS:
        shown = np.argsort(-np.abs(contributions), kind="stable")[:MAX_UNITS].tolist()
    rest = float(contributions.sum() - contributions[shown].sum())
    total = float(contributions.sum() + units.bias[digit])
    terms = rounded((*contributions[shown].tolist(), rest, float(units.bias[digit])), total)
    longest = float(np.abs(units.pushes).max()) or 1.0
    return {
        "count": count,
        "active_count": int((units.firing > 0).sum()),
        "others": count - len(shown),
        "rest": signed(terms[-2]),
        "bias": signed(terms[-1]),
        "logit": signed(total),
        "units": [
            {
                "number": unit + 1,
                "active": bool(units.firing[unit] > 0),
                "activation": f"{units.firing[unit]:.2f}",
                "pre_activation": signed(float(units.entering[unit])),
                "contribution": signed(term),
                "weights": png_url(
                    signed_map(units.weights[unit], np.abs(units.weights[unit]).max())
                ),
                "bars": [
                    {
                        "digit": at,
                        "contribution": signed(term if at == digit else value),
                        "width": f"{50 * abs(value) / longest:.1f}",
                        "for": value > 0,
                        "asked": at == digit,
                    }
                    for at, value in enumerate(units.pushes[:, unit].tolist())
                ],
            }
            for unit, term in zip(shown, terms, strict=False)
        ],
    }


def _feature_maps(classifier: Classifier, image: np.ndarray, digit: int) -> dict[str, Any]:
    """Grad-CAM over the ink, and the feature maps of each convolution."""
    cam = grad_cam(classifier, image, digit)
    return {
        "cam_is_blank": not cam.any(),
        "cam": png_url(signed_map(cam, cam.max(), image)),
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
