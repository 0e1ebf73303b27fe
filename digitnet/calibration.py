"""Calibration of probabilities, and the score by which drawings count as digits."""

import torch
from torch.nn import functional

BINS = 15  # of equal width, as in Guo et al., "On Calibration of Modern Neural Networks" (2017)


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Fit the temperature, by which logits are divided before the softmax (Guo et al., 2017).

    Parameters
    ----------
    logits : float ``[N, 10]``, of images that the network was not trained on
    labels : int64 ``[N]``

    Returns
    -------
    The temperature with the lowest cross-entropy; above 1 if the network is overconfident.
    """
    logits, labels = logits.detach().cpu().double(), labels.cpu()
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = functional.cross_entropy(logits / log_temperature.exp(), labels)
        value.backward()
        return value

    optimizer.step(loss)
    return log_temperature.exp().item()


def digit_score(logits: torch.Tensor) -> torch.Tensor:
    """The probability that images show a digit at all.

    An eleventh class, "not a digit", has the constant logit 0: the background class of Dhamija et
    al., "Reducing Network Agnostophobia" (2018), without parameters. The score is the probability
    of the ten digits together. Networks trained with this class give images that are not digits ten
    logits far below 0.

    Parameters
    ----------
    logits : float ``[N, 10]``

    Returns
    -------
    float ``[N]`` in 0..1
    """
    return logits.logsumexp(1).sigmoid()


def reliability(probabilities: torch.Tensor, labels: torch.Tensor) -> list[dict[str, float]]:
    """A reliability diagram: the accuracy of predictions by their confidence.

    Parameters
    ----------
    probabilities : float ``[N, 10]`` that sum to 1
    labels : int64 ``[N]``

    Returns
    -------
    For each of `BINS` ranges of confidence with predictions: their ``count``, mean ``confidence``
    and ``accuracy``, both 0..1.
    """
    confidence, predicted = probabilities.max(1)
    right = (predicted == labels).float()
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    return [
        {
            "count": int((bins == index).sum()),
            "confidence": confidence[bins == index].mean().item(),
            "accuracy": right[bins == index].mean().item(),
        }
        for index in range(BINS)
        if (bins == index).any()
    ]


def calibration_error(diagram: list[dict[str, float]]) -> float:
    """Expected calibration error, 0..1: the mean difference of confidence and accuracy."""
    total = sum(entry["count"] for entry in diagram)
    gaps = (entry["count"] * abs(entry["confidence"] - entry["accuracy"]) for entry in diagram)
    return sum(gaps) / total
