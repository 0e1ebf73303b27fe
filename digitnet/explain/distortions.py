"""Seven ways to make a digit harder to read, each with a slider's range.

They act on the 28x28 image that the models see: MNIST's geometry has done its work by then, so that
moving or shrinking the ink is not undone. The same image and value always give the same result.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.training.augmentation import resample
from digitnet.models import IMAGE_SIZE

FINE = 4  # times as fine, each way, as the image: the grid that thickness is measured on
NOISE_SEED = 0


@dataclass(frozen=True)
class Distortion:
    """One way to distort images, by a value from `low` to `high` in steps of `step`.

    Attributes
    ----------
    name : unique
    unit : what the value counts, in words
    identity : the value that changes nothing
    """

    name: str
    unit: str
    low: float
    high: float
    step: float
    identity: float
    function: Callable[[torch.Tensor, float], torch.Tensor]

    def __call__(self, images: torch.Tensor, value: float) -> torch.Tensor:
        """Distort images float32 ``[N, 28, 28]`` in 0..1 by `value`; gives the same kind.

        Raises
        ------
        ValueError : if `value` is not between `low` and `high`.
        """
        if not self.low <= value <= self.high:
            raise ValueError(
                f"{self.name} goes from {self.low:g} to {self.high:g}, not to {value:g}."
            )
        if value == self.identity:
            return images.clone()
        return self.function(images, value).clamp_(0, 1)

    def values(self, at_least: int | None = None) -> list[float]:
        """The slider's values in order: all of them, or fewer, evenly spaced.

        From `low` to `high`, `identity` among them; not fewer than `at_least`.
        """
        last = round((self.high - self.low) / self.step)
        middle = round((self.identity - self.low) / self.step)
        widest = 1 if at_least is None else last // (at_least - 1)
        common = math.gcd(middle, last)
        stride = max(steps for steps in range(1, widest + 1) if common % steps == 0)
        return [round(self.low + index * self.step, 6) for index in range(0, last + 1, stride)]


def _rotate(images: torch.Tensor, degrees: float) -> torch.Tensor:
    angle = math.radians(degrees)
    cos, sin = math.cos(angle), math.sin(angle)
    # From where each pixel is taken; y goes down, so that this turns the ink clockwise.
    return _moved(images, [[cos, sin, 0], [-sin, cos, 0]])


def _shift(images: torch.Tensor, pixels: float) -> torch.Tensor:
    return _moved(images, [[1, 0, -pixels / (IMAGE_SIZE / 2)], [0, 1, 0]])


def _scale(images: torch.Tensor, factor: float) -> torch.Tensor:
    return _moved(images, [[1 / factor, 0, 0], [0, 1 / factor, 0]])


def _moved(images: torch.Tensor, matrix: list[list[float]]) -> torch.Tensor:
    matrices = torch.tensor(matrix, device=images.device).expand(len(images), 2, 3)
    return resample(images, matrices)


def _thicken(images: torch.Tensor, pixels: float) -> torch.Tensor:
    """Grow the ink by half of `pixels` on each side, or let it shrink."""
    size = (FINE * IMAGE_SIZE, FINE * IMAGE_SIZE)
    sign = 1 if pixels > 0 else -1
    grown = sign * functional.interpolate(images[:, None], size, mode="nearest")
    for number in range(round(abs(pixels) / 2 * FINE)):
        # A cross and a square in turn: an octagon, nearly a round pen.
        across = functional.max_pool2d(grown, (1, 3), 1, (0, 1))
        if number % 2:
            grown = functional.max_pool2d(across, (3, 1), 1, (1, 0))
        else:
            grown = torch.maximum(across, functional.max_pool2d(grown, (3, 1), 1, (1, 0)))
    return sign * functional.avg_pool2d(grown, FINE)[:, 0]


def _add_noise(images: torch.Tensor, deviation: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(NOISE_SEED)
    noise = torch.randn(images.shape, generator=generator)
    return images + deviation * noise.to(images.device)


def _blur(images: torch.Tensor, deviation: float) -> torch.Tensor:
    reach = math.ceil(3 * deviation)
    offsets = torch.arange(-reach, reach + 1, dtype=torch.float32, device=images.device)
    weights = (-0.5 * (offsets / deviation) ** 2).exp()
    weights /= weights.sum()
    across = functional.conv2d(images[:, None], weights[None, None, None], padding=(0, reach))
    return functional.conv2d(across, weights[None, None, :, None], padding=(reach, 0))[:, 0]


def _occlude(images: torch.Tensor, side: float) -> torch.Tensor:
    """Black out a square; where its edge cuts through pixels, in part."""
    positions = torch.arange(IMAGE_SIZE, device=images.device) + 0.5 - IMAGE_SIZE / 2
    covered = (side / 2 + 0.5 - positions.abs()).clamp(0, 1)
    return images * (1 - covered[:, None] * covered)


DISTORTIONS: dict[str, Distortion] = {
    one.name: one
    for one in (
        Distortion("rotate", "degrees clockwise", -90, 90, 5, 0, _rotate),
        Distortion("shift", "pixels to the right", -14, 14, 1, 0, _shift),
        Distortion("scale", "times the size", 0.4, 1.8, 0.05, 1, _scale),
        Distortion("stroke thickness", "pixels thicker", -3, 6, 0.5, 0, _thicken),
        Distortion("noise", "of full ink (standard deviation)", 0, 1, 0.025, 0, _add_noise),
        Distortion("blur", "pixels (standard deviation)", 0, 4, 0.1, 0, _blur),
        Distortion("occlusion", "pixels, side of a black square", 0, 28, 1, 0, _occlude),
    )
}
