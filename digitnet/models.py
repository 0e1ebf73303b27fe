"""The three networks, and the one registry that everything else iterates over."""

from dataclasses import dataclass

import torch
from torch import nn

IMAGE_SIZE = 28  # pixels, height and width
CLASSES = 10  # the digits 0 to 9
MAX_HIDDEN_UNITS = 4096


class Network(nn.Module):
    """A list of layers, run from first to last.

    Maps float32 ``[N, 1, 28, 28]`` in 0..1 to logits float32 ``[N, 10]``.

    Attributes
    ----------
    summary : what it looks at, in a few plain words
    default_hidden_units : width of the hidden layer in the article
    max_hidden_units : width of the largest network that the page trains
    """

    summary: str = ""
    default_hidden_units: int = 4
    max_hidden_units: int = 64

    def __init__(self, hidden_units: int | None = None):
        super().__init__()
        self.hidden_units = hidden_units or self.default_hidden_units
        self.layers = self.make_layers(self.hidden_units)

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        """The layers of a network of this size, with random weights."""
        raise NotImplementedError

    @property
    def has_convolutions(self) -> bool:
        """Whether it has convolutions, which take most of the time that a network takes."""
        return any(isinstance(layer, nn.Conv2d) for layer in self.layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.layers(images)


class LinearNet(Network):
    """Two linear layers with nothing between them: in effect, one 10x784 matrix."""

    summary = "weighted sums of the ink"

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(IMAGE_SIZE * IMAGE_SIZE, hidden_units),
            nn.Linear(hidden_units, CLASSES),
        )


class NonlinearNet(Network):
    """Two linear layers with a ReLU between them."""

    summary = "weighted sums and a ReLU"

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Flatten(),
            nn.Linear(IMAGE_SIZE * IMAGE_SIZE, hidden_units),
            nn.ReLU(),
            nn.Linear(hidden_units, CLASSES),
        )


class ConvNet(Network):
    """Two small convolutions, a max-pool and a linear layer.

    The second convolution has four times as many channels as the first: 16 and 64 by default.
    """

    summary = "patterns of the strokes"
    default_hidden_units = 16
    max_hidden_units = 32

    @staticmethod
    def make_layers(hidden_units: int) -> nn.Sequential:
        side = (IMAGE_SIZE + 2) // 2  # each convolution adds a pixel, the pooling halves
        return nn.Sequential(
            nn.Conv2d(1, hidden_units, kernel_size=2, stride=1, padding=1),
            nn.ReLU(),
            nn.Conv2d(hidden_units, 4 * hidden_units, kernel_size=2, stride=1, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * hidden_units * side**2, CLASSES),
        )


# Everything that depends on a model is found through this registry. Simplest model first.
MODELS: dict[str, type[Network]] = {
    "linear": LinearNet,
    "nonlinear": NonlinearNet,
    "cnn": ConvNet,
}


def available_models() -> tuple[str, ...]:
    """Names of the models, simplest first: ``('linear', 'nonlinear', 'cnn')``."""
    return tuple(MODELS)


def build(name: str, hidden_units: int | None = None) -> Network:
    """A new network with random weights, on the CPU.

    Parameters
    ----------
    name : one of `available_models()`
    hidden_units : width of the hidden layer; channels of the first convolution, for ``cnn``. None
        is the model's `default_hidden_units`

    Raises
    ------
    ValueError : if no model has that name, or `hidden_units` is not 1 to `MAX_HIDDEN_UNITS`.
    """
    if name not in MODELS:
        raise ValueError(f"There is no model {name!r}; choose one of {', '.join(MODELS)}.")
    if hidden_units is not None and not 1 <= hidden_units <= MAX_HIDDEN_UNITS:
        raise ValueError(
            f"hidden_units must be a whole number from 1 to {MAX_HIDDEN_UNITS:,}, "
            f"not {hidden_units}."
        )
    return MODELS[name](hidden_units)


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values in `model`."""
    return sum(parameter.numel() for parameter in model.parameters())


@dataclass(frozen=True)
class LayerSummary:
    """One layer: its description, the shape of its output for one image, its parameter count."""

    layer: str
    output_shape: tuple[int, ...]
    parameters: int


def summarise(model: Network) -> list[LayerSummary]:
    """Each layer of `model` in order, with its output shape for one image and parameter count."""
    device = next(model.parameters()).device
    value = torch.zeros(1, 1, IMAGE_SIZE, IMAGE_SIZE, device=device)
    summaries = []
    with torch.no_grad():
        for layer in model.layers:
            value = layer(value)
            summaries.append(
                LayerSummary(str(layer), tuple(value.shape[1:]), parameter_count(layer))
            )
    return summaries
