"""A sheet of paper and the camera that takes a photo of it."""

import io

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

MAX_TILT = 10  # degrees


class Camera:
    """Projects points of the flat page into the picture: a rotation and a slight perspective."""

    def __init__(self, width: int, height: int, rng: np.random.Generator):
        self.size = np.array([width, height])
        angle = np.deg2rad(rng.uniform(-MAX_TILT, MAX_TILT))
        self.turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.vanishing = rng.uniform(-0.12, 0.12, 2) / self.size

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Points float ``[n, 2]`` of the page, in pixels, as pixels of the picture."""
        centred = (np.asarray(points, float) - self.size / 2) @ self.turn.T
        return centred / (1 + centred @ self.vanishing)[:, None] + self.size / 2


def projected(image: Image.Image, corners: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """An MNIST crop, sharpened, with its four corners laid onto `corners` of a field of `size`."""
    large = image.resize((8 * image.width, 8 * image.height), Image.Resampling.BICUBIC)
    large = large.point(lambda value: min(255, max(0, round((value - 127.5) * 2.5 + 127.5))))
    equations, values = [], []
    for (x, y), (u, v) in zip(
        corners,
        ((0, 0), (large.width, 0), (large.width, large.height), (0, large.height)),
        strict=True,
    ):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    homography = np.linalg.solve(np.array(equations), np.array(values)).tolist()
    return large.transform(size, Image.Transform.PERSPECTIVE, homography, Image.Resampling.BILINEAR)


def printed_lines(paper: str, size: float, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """How strongly lines are printed at each pixel, float32 ``[H, W]`` in 0..0.5."""
    width, height = camera.size
    layer = Image.new("L", (2 * int(width), 2 * int(height)))
    if paper == "plain":
        return np.zeros((int(height), int(width)), np.float32)
    brush = ImageDraw.Draw(layer)
    pitch = size * (rng.uniform(0.9, 2) if paper == "ruled" else rng.uniform(0.3, 1.1))
    pitch = max(pitch, 14)
    thickness = round(2 * rng.uniform(0.8, 2.2))
    reach = 0.4 * camera.size.max()

    def rule(start: np.ndarray, end: np.ndarray) -> None:
        ends = camera(np.stack([start, end])) * 2
        brush.line(ends.ravel().tolist(), fill=255, width=thickness)

    for y in np.arange(rng.uniform(0, pitch) - reach, height + reach, pitch):
        rule(np.array([-reach, y]), np.array([width + reach, y]))
    if paper == "squared":
        for x in np.arange(rng.uniform(0, pitch) - reach, width + reach, pitch):
            rule(np.array([x, -reach]), np.array([x, height + reach]))
    strength = rng.uniform(0.12, 0.4)
    return np.asarray(layer.reduce(2), np.float32) / 255 * strength


def developed(
    ink: np.ndarray, lines: np.ndarray, tool: str, light: str, rng: np.random.Generator
) -> Image.Image:
    """The photo of a page: ink and lines float32 ``[H, W]`` in 0..1 on paper, lit, as a JPEG."""
    shape = ink.shape
    grain = _grain(shape, rng)
    if tool == "pencil":  # catches on the paper's tooth, and is grey
        ink = ink * np.clip(0.8 + 0.3 * grain, 0, 1.1) * rng.uniform(0.3, 0.65)
        colour = np.array([0.15, 0.15, 0.17], np.float32)
    else:
        ink = ink * np.clip(1 + 0.05 * grain, 0, 1) * rng.uniform(0.7, 0.97)
        inks = [(0.05, 0.05, 0.05), (0.1, 0.15, 0.6), (0.6, 0.1, 0.1), (0.1, 0.4, 0.2)]
        colour = np.array(inks[int(rng.choice(4, p=[0.4, 0.35, 0.15, 0.1]))], np.float32)
    line_colour = np.array([(0.9, 0.6, 0.3), (0.8, 0.8, 0.8)][int(rng.integers(2))], np.float32)
    white = np.array([1, rng.uniform(0.92, 1), rng.uniform(0.8, 1)], np.float32)
    texture = 1 + np.float32(rng.uniform(0, 0.02)) * grain
    lit = _light(shape, light, rng) * np.float32(rng.uniform(0.6, 1))
    blur = rng.uniform(0.3, 1.2)
    noise = np.float32(rng.uniform(0.003, 0.03))
    channels = []
    for channel in range(3):
        page = white[channel] * texture - lines * line_colour[channel]
        page += ink * np.minimum(colour[channel] - page, 0)
        page = ndimage.gaussian_filter(page * lit, blur)
        page += noise * rng.standard_normal(shape, np.float32)
        channels.append(np.rint(np.clip(page, 0, 1) * 255).astype(np.uint8))
    file = io.BytesIO()
    picture = Image.fromarray(np.stack(channels, axis=2))
    picture.save(file, "JPEG", quality=int(rng.integers(55, 96)))
    return Image.open(file)


def _grain(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The paper's tooth: fine and coarse, of unit standard deviation."""
    texture = np.zeros(shape, np.float32)
    for width in (0.7, 2.5):
        grain = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), width)
        texture += grain / grain.std()
    return texture / texture.std()


def _light(shape: tuple[int, int], kind: str, rng: np.random.Generator) -> np.ndarray:
    """The light that falls on the page, float32 ``[H, W]``: uneven, with or without a shadow."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    longest = max(shape)
    way = rng.uniform(0, 2 * np.pi)
    along = ((columns - shape[1] / 2) * np.cos(way) + (rows - shape[0] / 2) * np.sin(way)) / longest
    blotches = rng.standard_normal((6, 8), np.float32)
    spots = np.asarray(
        Image.fromarray(blotches).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    )
    lit = 1 + np.float32(rng.uniform(0, 0.4)) * along + np.float32(rng.uniform(0, 0.06)) * spots
    radius = (columns / shape[1] - 0.5) ** 2 + (rows / shape[0] - 0.5) ** 2
    lit -= np.float32(rng.uniform(0, 0.5)) * radius  # a vignette
    if kind == "shadow":
        edge, softness = rng.uniform(-0.25, 0.25), rng.uniform(0.002, 0.03)
        other = rng.uniform(0, 2 * np.pi)
        across = (columns - shape[1] / 2) * np.cos(other) + (rows - shape[0] / 2) * np.sin(other)
        lit *= 1 - np.float32(rng.uniform(0.15, 0.5)) / (
            1 + np.exp(np.clip((across / longest - edge) / softness, -50, 50))
        )
    return np.clip(lit / lit.max(), 0.1, 1)
