"""What would change a model's mind: the little ink without which it answers something else."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch.nn import functional

from digitnet.calibration import digit_score
from digitnet.classifier import Classifier
from digitnet.drawing import Strokes, images_of_strokes
from digitnet.evaluation import as_batch, make_forward

MAX_STROKES = 2  # taken away together
MAX_TRIALS = 40  # combinations of strokes of one number
MOST_SEARCHED = 12  # strokes of a drawing; one with more is searched by pixels alone
MAX_DRAWING_POINTS = (
    20_000  # of all combinations of one number, which bounds the time a search takes
)
MAX_LENGTH_REMOVED = 1 / 2  # of all strokes; without more, it would be another drawing
MAX_INK_REMOVED = 1 / 3  # of an image, likewise
PATCH = 3  # pixels, the side of the square that is erased at once: about a pen's width
MAX_PATCHES = 8
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


def find_counterfactual(
    classifier: Classifier, subject: Strokes | np.ndarray, digit: int
) -> Change | None:
    """The little ink that `classifier` must lose to answer `digit`, or anything else.

    Where its answer is `digit` already, any other will do. Where it is not, and nothing makes it
    `digit`, what else it was found to answer is given. Whole strokes are tried first, then pixels.

    Parameters
    ----------
    subject : the parsed strokes of one digit, or an image float32 ``[28, 28]`` in 0..1
    digit : 0 to 9

    Returns
    -------
    None where nothing of moderate size changes the answer.
    """
    if isinstance(subject, np.ndarray):
        return without_patches(classifier, subject, digit)
    (image,) = images_of_strokes([subject])
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(image)[None]))
    by_strokes = without_strokes(classifier, subject, digit)
    if by_strokes and _wanted(digit, now)(by_strokes.answer):
        return by_strokes
    by_patches = without_patches(classifier, image, digit)
    if by_patches and (by_strokes is None or _wanted(digit, now)(by_patches.answer)):
        return by_patches
    return by_strokes


def without_strokes(classifier: Classifier, strokes: Strokes, digit: int) -> Change | None:
    """`find_counterfactual` by strokes: the fewest, and of as many the shortest.

    What is left is seen as a drawing of its own, fitted and centred afresh. Drawings of more than
    `MOST_SEARCHED` strokes are not searched, and those of very many points less thoroughly.
    """
    trials_at_most = min(MAX_TRIALS, MAX_DRAWING_POINTS // max(1, sum(map(len, strokes))))
    if len(strokes) > MOST_SEARCHED or trials_at_most == 0:
        return None
    unit = max((np.abs(points).max() for points in strokes), default=1) or 1  # against overflow
    lengths = [float(np.hypot(*np.diff(points / unit, axis=0).T).sum()) for points in strokes]
    whole = sum(lengths)
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(images_of_strokes([strokes]))))
    wanted = _wanted(digit, now)
    other = None
    for count in range(1, min(MAX_STROKES, len(strokes) - 1) + 1):
        trials = sorted(
            combinations(range(len(strokes)), count),
            key=lambda trial: sum(lengths[number] for number in trial),
        )[:trials_at_most]
        left = [[s for n, s in enumerate(strokes) if n not in trial] for trial in trials]
        images = images_of_strokes(left)
        after = answers(classifier, classifier.logits(torch.from_numpy(images)))
        for trial, image, answer in zip(trials, images, after, strict=True):
            removed = sum(lengths[number] for number in trial) / whole if whole else 0.0
            if removed > MAX_LENGTH_REMOVED:
                break
            if wanted(answer):
                return Change(answer, image, removed, trial)
            if answer != now and other is None:
                other = Change(answer, image, removed, trial)
    return other


def without_patches(classifier: Classifier, image: np.ndarray, digit: int) -> Change | None:
    """`find_counterfactual` by pixels: patches are erased, one after another, each the best of its time.

    The gradient of what is wanted says which patches could be the best; those are then tried.
    """
    forward = make_forward(classifier.network, classifier.device, classifier.metadata.tta)
    seen = torch.from_numpy(image.astype(np.float32)).to(classifier.device)
    whole = seen.sum()
    (now,) = answers(classifier, classifier.logits(seen[None]))
    wanted = _wanted(digit, now)
    other = None
    for _ in range(MAX_PATCHES):
        batch = as_batch(seen[None]).requires_grad_()
        with torch.enable_grad():
            aim = _aim(classifier, forward(batch), digit, digit == now).sum()
            (gradient,) = torch.autograd.grad(aim, batch)
        trials = _erasures(seen, -seen * gradient[0, 0])
        trials = trials[trials.sum((1, 2)) >= (1 - MAX_INK_REMOVED) * whole]
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
