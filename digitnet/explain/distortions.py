"""Distortions that make a digit harder to read, each with the range of a slider.

They act on the 28x28 image, after the drawing was fitted and centred, so that shifting or scaling
the ink is not undone. All are deterministic.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn import functional

from digitnet.models import IMAGE_SIZE
from digitnet.warping import warp

FINE = 4  # subpixels of a pixel, in each direction, of the grid on which thickness is changed
NOISE_SEED = 0


@dataclass(frozen=True)
class Distortion:
    """A distortion of images by a value from `low` to `high` in steps of `step`.

    Attributes
    ----------
    name : unique
    unit : of the value, in words
    identity : the value that changes nothing
    function : takes images float32 ``[N, 28, 28]`` in 0..1 and the value
    """

    name: str
    unit: str
    low: float
    high: float
    step: float
    identity: float
    function: Callable[[torch.Tensor, float], torch.Tensor]

    def __call__(self, images: torch.Tensor, value: float) -> torch.Tensor:
        """Distorted copies of images float32 ``[N, 28, 28]`` in 0..1.

        Raises
        ------
        ValueError : if `value` is not between `low` and `high`.
        """
        if not self.low <= value <= self.high:
            raise ValueError(
                f"The value of {self.name} must be from {self.low:g} to {self.high:g}, "
                f"not {value:g}."
            )
        if value == self.identity:
            return images.clone()
        return self.function(images, value).clamp_(0, 1)

    def values(self, at_least: int | None = None) -> list[float]:
        """Evenly spaced values from `low` to `high` that include `identity`.

        All values of the slider, or as few as possible but not fewer than `at_least`.
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
    # Maps output to input positions; with y down, this turns the ink clockwise.
    return _moved(images, [[cos, sin, 0], [-sin, cos, 0]])


def _shift(images: torch.Tensor, pixels: float) -> torch.Tensor:
    return _moved(images, [[1, 0, -pixels / (IMAGE_SIZE / 2)], [0, 1, 0]])


def _scale(images: torch.Tensor, factor: float) -> torch.Tensor:
    return _moved(images, [[1 / factor, 0, 0], [0, 1 / factor, 0]])


def _moved(images: torch.Tensor, matrix: list[list[float]]) -> torch.Tensor:
    matrices = torch.tensor(matrix, device=images.device).expand(len(images), 2, 3)
    return warp(images, matrices)


def _thicken(images: torch.Tensor, pixels: float) -> torch.Tensor:
    """Dilate the ink by half of `pixels` on each side; erode it where `pixels` is negative."""
    size = (FINE * IMAGE_SIZE, FINE * IMAGE_SIZE)
    sign = 1 if pixels > 0 else -1
    grown = sign * functional.interpolate(images[:, None], size, mode="nearest")
    for number in range(round(abs(pixels) / 2 * FINE)):
        # Alternating a cross and a square approximates a round structuring element.
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
    """Black out a square in the centre, pixels on its edge in part."""
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
