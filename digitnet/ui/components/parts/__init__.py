"""The activations of a network: its template, its hidden units or its feature maps."""

from typing import Any

import numpy as np
from torch import nn

from digitnet.classifier import Classifier
from digitnet.explain.attribution import (
    feature_maps,
    grad_cam,
    has_hidden_units,
    hidden_units,
    is_linear,
    template,
)
from digitnet.ui.components.base import png_url
from digitnet.ui.components.evidence import rounded, signed
from digitnet.ui.components.maps import sheet, signed_map

MAX_UNITS = 8  # hidden units shown one by one


def parts(classifier: Classifier, image: np.ndarray, digit: int | None = None) -> dict[str, Any]:
    """The template's data; empty for a network that is neither of the three.

    Parameters
    ----------
    classifier : with a linear network, one with a hidden ReLU layer, or one with convolutions
    image : its input, float32 ``[28, 28]`` in 0..1
    digit : 0 to 9; the one with the greatest logit where it is None
    """
    if digit is None:
        (prediction,) = classifier.predict_images(image[None])
        digit = int(prediction.probabilities.argmax())
    network = classifier.network
    if any(isinstance(layer, nn.Conv2d) for layer in network.layers):
        shown = _feature_maps(classifier, image, digit)
    elif has_hidden_units(network):
        shown = _hidden_units(classifier, image, digit)
    elif is_linear(network):
        shown = _template(classifier, image, digit)
    else:
        return {}
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
    units = hidden_units(classifier, image)
    contributions = units.contributions[digit]
    count = len(contributions)
    shown = list(range(count))
    if count > MAX_UNITS:
        shown = np.argsort(-np.abs(contributions), kind="stable")[:MAX_UNITS].tolist()
    rest = float(contributions.sum() - contributions[shown].sum())
    total = float(contributions.sum() + units.bias[digit])
    terms = rounded((*contributions[shown].tolist(), rest, float(units.bias[digit])), total)
    longest = float(np.abs(units.contributions).max()) or 1.0
    return {
        "count": count,
        "active_count": int((units.activations > 0).sum()),
        "others": count - len(shown),
        "rest": signed(terms[-2]),
        "bias": signed(terms[-1]),
        "logit": signed(total),
        "units": [
            {
                "number": unit + 1,
                "active": bool(units.activations[unit] > 0),
                "activation": f"{units.activations[unit]:.2f}",
                "pre_activation": signed(float(units.pre_activations[unit])),
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
                    for at, value in enumerate(units.contributions[:, unit].tolist())
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
