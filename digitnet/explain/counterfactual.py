"""What would change a model's mind: the little ink without which it answers something else."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch.nn import functional

from digitnet.calibration import digit_score
from digitnet.classifier import Classifier
from digitnet.drawing import Drawing, checked_strokes, to_image, to_images
from digitnet.evaluation import as_batch, forward_of

MOST_STROKES = 2  # taken away together
MOST_TRIALS = 40  # combinations of strokes of one number
MOST_LENGTH = 1 / 2  # of all strokes; without more, it would be another drawing
MOST_INK = 1 / 3  # of an image, likewise
PATCH = 3  # pixels, the side of the square that is erased at once: about a pen's width
MOST_PATCHES = 8
CANDIDATES = 8  # patches tried at each step, of which the best is erased


@dataclass(frozen=True, eq=False)
class Change:
    """Ink that is taken away, and the answer without it.

    Attributes
    ----------
    answer : the digit, or None for what is no digit to the model
    image : float32 ``[28, 28]``, what the model sees then
    removed : share of the ink that is gone, 0..1; of the strokes' length, where it is strokes
    strokes : the numbers, from 0, of those taken away; none where pixels were erased
    """

    answer: int | None
    image: np.ndarray
    removed: float
    strokes: tuple[int, ...] = ()


def answers(classifier: Classifier, logits: torch.Tensor) -> list[int | None]:
    """The answer of each row of logits ``[N, 10]``; None for what is no digit to `classifier`."""
    accepted = (digit_score(logits) >= classifier.metadata.threshold).tolist()
    return [
        digit if is_digit else None
        for digit, is_digit in zip(logits.argmax(1).tolist(), accepted, strict=True)
    ]


def change_of_mind(
    classifier: Classifier, subject: Drawing | np.ndarray, digit: int
) -> Change | None:
    """The little ink that `classifier` must lose to answer `digit`, or anything else.

    Where its answer is `digit` already, any other will do. Where it is not, and nothing makes it
    `digit`, what else it was found to answer is given. Whole strokes are tried first, then pixels.

    Parameters
    ----------
    subject : a drawing of one digit, or an image float32 ``[28, 28]`` in 0..1
    digit : 0 to 9

    Returns
    -------
    None where nothing of moderate size changes the answer.

    Raises
    ------
    ValueError : if `subject` is neither.
    """
    if isinstance(subject, np.ndarray):
        return without_patches(classifier, subject, digit)
    image = to_image(subject)
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(image)[None]))
    by_strokes = without_strokes(classifier, subject, digit)
    if by_strokes and _wanted(digit, now)(by_strokes.answer):
        return by_strokes
    by_patches = without_patches(classifier, image, digit)
    if by_patches and (by_strokes is None or _wanted(digit, now)(by_patches.answer)):
        return by_patches
    return by_strokes


def without_strokes(classifier: Classifier, drawing: Drawing, digit: int) -> Change | None:
    """`change_of_mind` by strokes: the fewest, and of as many the shortest.

    What is left is seen as a drawing of its own, fitted and centred afresh.
    """
    strokes = checked_strokes(drawing)
    unit = max((np.abs(points).max() for points in strokes), default=1) or 1  # against overflow
    lengths = [float(np.hypot(*np.diff(points / unit, axis=0).T).sum()) for points in strokes]
    whole = sum(lengths)
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(to_images([drawing]))))
    wanted = _wanted(digit, now)
    other = None
    for count in range(1, min(MOST_STROKES, len(strokes) - 1) + 1):
        trials = sorted(
            combinations(range(len(strokes)), count),
            key=lambda trial: sum(lengths[number] for number in trial),
        )[:MOST_TRIALS]
        left = [[s for n, s in enumerate(strokes) if n not in trial] for trial in trials]
        images = to_images(left)
        after = answers(classifier, classifier.logits(torch.from_numpy(images)))
        for trial, image, answer in zip(trials, images, after, strict=True):
            removed = sum(lengths[number] for number in trial) / whole if whole else 0.0
            if removed > MOST_LENGTH:
                break
            if wanted(answer):
                return Change(answer, image, removed, trial)
            if answer != now and other is None:
                other = Change(answer, image, removed, trial)
    return other


def without_patches(classifier: Classifier, image: np.ndarray, digit: int) -> Change | None:
    """`change_of_mind` by pixels: patches are erased, one after another, each the best of its time.

    The gradient of what is wanted says which patches could be the best; those are then tried.
    """
    forward = forward_of(classifier.network, classifier.device, classifier.metadata.shifted)
    seen = torch.from_numpy(image.astype(np.float32)).to(classifier.device)
    whole = seen.sum()
    (now,) = answers(classifier, classifier.logits(seen[None]))
    wanted = _wanted(digit, now)
    other = None
    for _ in range(MOST_PATCHES):
        batch = as_batch(seen[None]).requires_grad_()
        with torch.enable_grad():
            aim = _aim(classifier, forward(batch), digit, digit == now).sum()
            (gradient,) = torch.autograd.grad(aim, batch)
        trials = _erasures(seen, -seen * gradient[0, 0])
        trials = trials[trials.sum((1, 2)) >= (1 - MOST_INK) * whole]
        if not len(trials):
            break
        logits = classifier.logits(trials)
        best = int(_aim(classifier, logits, digit, digit == now).argmax())
        seen = trials[best]
        answer = answers(classifier, logits)[best]
        if answer != now and (wanted(answer) or other is None):
            removed = 1 - float(seen.sum() / whole)
            other = Change(answer, seen.cpu().numpy(), removed)
            if wanted(answer):
                break
    return other


def _wanted(digit: int, now: int | None) -> Callable[[int | None], bool]:
    """Whether an answer is `digit`; or another, where it is `digit` now."""
    return lambda answer: (answer == digit) != (now == digit)


def _aim(classifier: Classifier, logits: torch.Tensor, digit: int, away: bool) -> torch.Tensor:
    """How far `digit` is ahead of all other answers, in logits ``[N]``; or behind, if `away`."""
    others = logits[:, [other for other in range(logits.shape[1]) if other != digit]].amax(1)
    if classifier.metadata.threshold > 0:
        others = others.clamp_min(0)  # the logit of "no digit"
    ahead = logits[:, digit] - others
    return -ahead if away else ahead


def _erasures(image: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
    """`image` ``[28, 28]`` without one patch, for the patches that gain most: ``[n, 28, 28]``.

    `gains` are each pixel's. Only patches that gain more than those beside them are tried, and
    none without ink.
    """
    by_patch, ink = functional.avg_pool2d(torch.stack([gains, image]), PATCH, 1, PATCH // 2)
    by_patch = torch.where(ink > 0, by_patch, -torch.inf)
    peaks = by_patch == functional.max_pool2d(by_patch[None], PATCH, 1, PATCH // 2)[0]
    tried = (peaks & (ink > 0)).flatten()
    best = torch.where(tried, by_patch.flatten(), -torch.inf).topk(CANDIDATES).indices
    best = best[tried[best]]
    centres = functional.one_hot(best, image.numel()).float().unflatten(1, (1, *image.shape))
    patches = functional.max_pool2d(centres, PATCH, 1, PATCH // 2)[:, 0]
    return image * (1 - patches)
