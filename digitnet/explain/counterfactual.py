"""Counterfactuals: the smallest part of the ink whose removal changes a model's answer."""

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
from digitnet.explain.pieces import Pieces

MAX_REMOVED = 2  # strokes, or pieces of the ink, removed together
MAX_TRIALS = 40  # combinations of as many strokes
MAX_STROKES_SEARCHED = 12  # of a drawing; one with more is searched by pixels only
MAX_POINTS_SEARCHED = 20_000  # of all combinations of as many strokes; bounds the search time
MAX_LENGTH_REMOVED = 1 / 2  # of all strokes; what is left must be recognisable as this drawing
MAX_INK_REMOVED = 1 / 3  # of an image, likewise
PATCH = 3  # pixels, the side of the square erased in one step: about the width of the pen
MAX_PATCHES = 8
CANDIDATES = 8  # patches tried in each step; the best is erased


@dataclass(frozen=True, eq=False)
class Counterfactual:
    """A drawing or image with less ink, to which the model answers differently.

    Attributes
    ----------
    answer : the new answer, a digit, or None where it does not look like a digit
    image : float32 ``[28, 28]`` in 0..1, what the model sees without the removed ink
    removed : fraction of the ink that was removed, 0..1; by length, where strokes were removed
    strokes : indices of the removed strokes; empty where pieces or patches were erased
    pieces : how many pieces of the ink were erased
    """

    answer: int | None
    image: np.ndarray
    removed: float
    strokes: tuple[int, ...] = ()
    pieces: int = 0


def answers(classifier: Classifier, logits: torch.Tensor) -> list[int | None]:
    """`Prediction.answer` for logits float32 ``[N, 10]`` of images that are not blank."""
    accepted = (digit_score(logits) >= classifier.metadata.threshold).tolist()
    return [
        digit if is_digit else None
        for digit, is_digit in zip(logits.argmax(1).tolist(), accepted, strict=True)
    ]


def find_counterfactual(
    classifier: Classifier,
    image: np.ndarray,
    pieces: Pieces,
    digit: int,
    strokes: Strokes | None = None,
) -> Counterfactual | None:
    """Find a small part of the ink without which `classifier` answers differently.

    If the answer is `digit`, any other answer is a counterfactual. If it is another one, the search
    is for the answer `digit`; if that is not found, any change of the answer is returned. Whole
    strokes are tried first, then pieces of the ink, then patches of pixels.

    Parameters
    ----------
    classifier : to explain
    image : float32 ``[28, 28]`` in 0..1, not blank
    pieces : of the ink of `image`
    digit : 0 to 9
    strokes : the parsed drawing that `image` is of, if it is of one

    Returns
    -------
    The counterfactual; None if none was found within `MAX_LENGTH_REMOVED` and `MAX_INK_REMOVED`.
    """
    searches: list[Callable[[], Counterfactual | None]] = [
        lambda: without_pieces(classifier, image, pieces, digit),
        lambda: without_patches(classifier, image, digit),
    ]
    if strokes is not None:
        searches.insert(0, lambda: without_strokes(classifier, strokes, digit))
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(image)[None]))
    wanted = _wanted(digit, now)
    other = None
    for search in searches:
        found = search()
        if found and wanted(found.answer):
            return found
        other = other or found
    return other


def without_strokes(classifier: Classifier, strokes: Strokes, digit: int) -> Counterfactual | None:
    """`find_counterfactual` by removing as few strokes as possible, and the shortest of these.

    The remaining strokes are fitted and centred as a drawing of their own. Drawings of more than
    `MAX_STROKES_SEARCHED` strokes are not searched; with many points, fewer combinations are tried.
    """
    max_trials = min(MAX_TRIALS, MAX_POINTS_SEARCHED // max(1, sum(map(len, strokes))))
    if len(strokes) > MAX_STROKES_SEARCHED or max_trials == 0:
        return None
    unit = max((np.abs(points).max() for points in strokes), default=1) or 1  # against overflow
    lengths = [float(np.hypot(*np.diff(points / unit, axis=0).T).sum()) for points in strokes]
    whole = sum(lengths)
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(images_of_strokes([strokes]))))
    wanted = _wanted(digit, now)
    other = None
    for count in range(1, min(MAX_REMOVED, len(strokes) - 1) + 1):
        trials = sorted(
            combinations(range(len(strokes)), count),
            key=lambda trial: sum(lengths[number] for number in trial),
        )[:max_trials]
        left = [[s for n, s in enumerate(strokes) if n not in trial] for trial in trials]
        images = images_of_strokes(left)
        after = answers(classifier, classifier.logits(torch.from_numpy(images)))
        for trial, image, answer in zip(trials, images, after, strict=True):
            removed = sum(lengths[number] for number in trial) / whole if whole else 0.0
            if removed > MAX_LENGTH_REMOVED:
                break
            if wanted(answer):
                return Counterfactual(answer, image, removed, trial)
            if answer != now and other is None:
                other = Counterfactual(answer, image, removed, trial)
    return other


def without_pieces(
    classifier: Classifier, image: np.ndarray, pieces: Pieces, digit: int
) -> Counterfactual | None:
    """`find_counterfactual` by erasing as few pieces of the ink as possible, and the smallest.

    Parameters
    ----------
    classifier, digit : as in `find_counterfactual`
    image : float32 ``[28, 28]`` in 0..1
    pieces : of the ink of `image`
    """
    inks = [float(image[pieces.owner == number].sum()) for number in range(len(pieces.paths))]
    whole = sum(inks)
    (now,) = answers(classifier, classifier.logits(torch.from_numpy(image)[None]))
    wanted = _wanted(digit, now)
    other = None
    for count in range(1, MAX_REMOVED + 1):
        removals = {
            trial: sum(inks[number] for number in trial) / whole
            for trial in combinations(range(len(inks)), count)
        }
        trials = [trial for trial, share in removals.items() if share <= MAX_INK_REMOVED]
        if not trials:
            break
        trials.sort(key=removals.__getitem__)
        images = np.stack([np.where(np.isin(pieces.owner, t), 0, image) for t in trials])
        after = answers(classifier, classifier.logits(torch.from_numpy(images)))
        for trial, left, answer in zip(trials, images, after, strict=True):
            change = Counterfactual(answer, left, removals[trial], pieces=count)
            if wanted(answer):
                return change
            if answer != now and other is None:
                other = change
    return other


def without_patches(classifier: Classifier, image: np.ndarray, digit: int) -> Counterfactual | None:
    """`find_counterfactual` by erasing square patches of pixels, greedily.

    In each step, the gradient of the objective selects candidates, and the best of them is erased.
    """
    forward = make_forward(classifier.network, classifier.device)
    seen = torch.from_numpy(image.astype(np.float32)).to(classifier.device)
    whole = seen.sum()
    (now,) = answers(classifier, classifier.logits(seen[None]))
    wanted = _wanted(digit, now)
    other = None
    for _ in range(MAX_PATCHES):
        batch = as_batch(seen[None]).requires_grad_()
        with torch.enable_grad():
            objective = _objective(classifier, forward(batch), digit, digit == now).sum()
            (gradient,) = torch.autograd.grad(objective, batch)
        trials = _erasures(seen, -seen * gradient[0, 0])
        trials = trials[trials.sum((1, 2)) >= (1 - MAX_INK_REMOVED) * whole]
        if not len(trials):
            break
        logits = classifier.logits(trials)
        best = int(_objective(classifier, logits, digit, digit == now).argmax())
        seen = trials[best]
        answer = answers(classifier, logits)[best]
        if answer != now and (wanted(answer) or other is None):
            removed = 1 - float(seen.sum() / whole)
            other = Counterfactual(answer, seen.cpu().numpy(), removed)
            if wanted(answer):
                break
    return other


def _wanted(digit: int, now: int | None) -> Callable[[int | None], bool]:
    """A test whether an answer is `digit`; if the answer is `digit` now, whether it is another."""
    return lambda answer: (answer == digit) != (now == digit)


def _objective(
    classifier: Classifier, logits: torch.Tensor, digit: int, away: bool
) -> torch.Tensor:
    """The margin of `digit` over all other answers, in logits ``[N]``; negated if `away`."""
    others = logits[:, [other for other in range(logits.shape[1]) if other != digit]].amax(1)
    if classifier.metadata.threshold > 0:
        others = others.clamp_min(0)  # the logit of "not a digit"
    margin = logits[:, digit] - others
    return -margin if away else margin


def _erasures(image: torch.Tensor, gains: torch.Tensor) -> torch.Tensor:
    """Copies ``[n, 28, 28]`` of `image` ``[28, 28]``, each without one of the best patches.

    Patches are ranked by their mean of `gains` ``[28, 28]``. Only local maxima with ink count.
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
