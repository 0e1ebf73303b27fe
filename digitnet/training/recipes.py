"""How the models are trained: the recipes, apart from the loop that follows them."""

from dataclasses import dataclass

from digitnet.models import MODELS


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: Adam and cross-entropy, and the values below.

    Attributes
    ----------
    epochs : passes over the training images
    batch_size : images a step
    learning_rate : of Adam; its highest, where `one_cycle` varies it
    one_cycle : whether the rate rises and falls once over the whole training, as in Smith &
        Topin, "Super-Convergence" (2018)
    averaging : decay a step of an average of the weights, which is what is kept once it is some
        thousand steps old (`digitnet.training.loop.MATURE_AFTER`); none at 0
    augmented : whether the images are distorted, differently each epoch
    digits : digits of the synthetic writer added to each epoch, new ones each time
    non_digits : likewise, things that are not digits; see `digitnet.training.loop.loss_of`
    held_back : training images kept back, to fit the temperature with
    shifted : whether answers are the mean over small shifts of the image, once trained
    """

    epochs: int
    batch_size: int
    learning_rate: float
    one_cycle: bool = False
    averaging: float = 0.0
    augmented: bool = False
    digits: int = 0
    non_digits: int = 0
    held_back: int = 0
    shifted: bool = False

    @property
    def threshold(self) -> float:
        """Lowest `digitnet.calibration.digit_score` of what counts as a digit.

        Where the ten digits together are more probable than none; all is a digit to networks that
        never learned what is none.
        """
        return 0.5 if self.non_digits else 0.0


RECIPES: dict[str, dict[str, Recipe]] = {
    # The tutorial's own: Adam at its default rate, plain MNIST.
    "baseline": dict.fromkeys(MODELS, Recipe(epochs=5, batch_size=32, learning_rate=1e-3)),
    # For drawings. Four hidden units have no room for distorted images, nor for what is no digit:
    # the small networks learn from MNIST as it is, and the styles it lacks from the writer.
    "augmented": dict.fromkeys(
        MODELS,
        Recipe(
            epochs=8,
            batch_size=64,
            learning_rate=5e-3,
            one_cycle=True,
            digits=22_000,
            held_back=3_000,
        ),
    )
    | {
        "cnn": Recipe(
            epochs=26,
            batch_size=128,
            learning_rate=8e-3,
            one_cycle=True,
            averaging=0.999,
            augmented=True,
            digits=40_000,
            non_digits=8_000,
            held_back=2_000,
            shifted=True,
        )
    },
}
