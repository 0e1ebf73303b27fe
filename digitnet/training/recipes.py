"""How the models are trained: the recipes, apart from the loop that follows them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hyperparameters:
    """What the training loop is told: Adam and cross-entropy, and the values below.

    Attributes
    ----------
    epochs : passes over the training images
    batch_size : images a step
    learning_rate : of Adam; its maximum, where `one_cycle` varies it
    one_cycle : whether the learning rate rises and falls once over the whole training, as in Smith
        & Topin, "Super-Convergence" (2018)
    ema_decay : decay a step of an exponential moving average of the weights; none at 0
    augmentation : whether the images are distorted, differently each epoch
    digits : digits of the synthetic writer added to each epoch, new ones each time
    non_digits : likewise, drawings that are not digits; see `digitnet.training.loop.loss_of`
    held_back : training images held back to fit the temperature
    tta : whether a trained model uses test-time augmentation, the mean over small shifts
    """

    epochs: int
    batch_size: int
    learning_rate: float
    one_cycle: bool = False
    ema_decay: float = 0.0
    augmentation: bool = False
    digits: int = 0
    non_digits: int = 0
    held_back: int = 0
    tta: bool = False

    @property
    def threshold(self) -> float:
        """The lowest `digitnet.calibration.digit_score` of what counts as a digit.

        At 0.5, the ten digits together are more probable than "no digit". Networks that never
        learned what is not a digit take everything for one.
        """
        return 0.5 if self.non_digits else 0.0


@dataclass(frozen=True)
class Recipe:
    """One way to train every model.

    Attributes
    ----------
    label : what the page calls it
    default : for every model that has no entry in `by_model`
    by_model : by the model's name
    """

    label: str
    default: Hyperparameters
    by_model: Mapping[str, Hyperparameters] = field(default_factory=dict)

    def for_model(self, model: str) -> Hyperparameters:
        """The hyperparameters that `model` is trained with."""
        return self.by_model.get(model, self.default)


# In the order that the page offers them.
RECIPES: dict[str, Recipe] = {
    # Four hidden units have no room for distorted images, nor for "no digit": the small networks
    # learn from MNIST as it is, and from the writer the styles that MNIST lacks.
    "drawings": Recipe(
        "for drawings",
        Hyperparameters(
            epochs=8,
            batch_size=64,
            learning_rate=5e-3,
            one_cycle=True,
            digits=22_000,
            held_back=3_000,
        ),
        {
            "cnn": Hyperparameters(
                epochs=26,
                batch_size=128,
                learning_rate=8e-3,
                one_cycle=True,
                ema_decay=0.999,
                augmentation=True,
                digits=40_000,
                non_digits=8_000,
                held_back=2_000,
                tta=True,
            )
        },
    ),
    "article": Recipe(
        "as in the article", Hyperparameters(epochs=5, batch_size=32, learning_rate=1e-3)
    ),
}
