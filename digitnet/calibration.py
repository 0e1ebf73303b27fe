"""Probabilities that mean what they say."""

import torch
from torch.nn import functional

BINS = 15  # of equal width, as in Guo et al., "On Calibration of Modern Neural Networks" (2017)


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """The number that logits are best divided by before the softmax (Guo et al., 2017).

    Parameters
    ----------
    logits : float ``[N, 10]``, of images that the network was not trained on
    labels : int64 ``[N]``

    Returns
    -------
    The temperature with the least cross-entropy: above 1 where the network is too sure of itself.
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
    """How much images look like a digit at all, float ``[N]`` in 0..1.

    The probability of the ten digits together, where an eleventh answer, "no digit", has the logit
    0: the background class of Dhamija et al., "Reducing Network Agnostophobia" (2018), with nothing
    of its own to learn. Networks that were trained with it push all ten logits of what is no digit
    below 0.

    Parameters
    ----------
    logits : float ``[N, 10]``
    """
    return logits.logsumexp(1).sigmoid()


def reliability(probabilities: torch.Tensor, labels: torch.Tensor) -> list[dict[str, float]]:
    """How often answers given with a certain confidence are right: a reliability diagram.

    Parameters
    ----------
    probabilities : float ``[N, 10]`` that sum to 1
    labels : int64 ``[N]``

    Returns
    -------
    For each of `BINS` ranges of confidence that has answers: their ``count``, mean ``confidence``
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
    """Expected calibration error, 0..1: how far confidence and accuracy lie apart on average."""
    total = sum(entry["count"] for entry in diagram)
    gaps = (entry["count"] * abs(entry["confidence"] - entry["accuracy"]) for entry in diagram)
    return sum(gaps) / total
