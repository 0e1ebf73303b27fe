"""Recipes: the hyperparameters that each model is trained with."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters of the training loop, which uses Adam and cross-entropy.

    Attributes
    ----------
    epochs : passes over the training images
    batch_size : images per step
    learning_rate : of Adam; its maximum if `one_cycle`
    one_cycle : whether the learning rate follows a one-cycle schedule (Smith & Topin,
        "Super-Convergence", 2018)
    ema_decay : decay per step of an exponential moving average (EMA) of the weights; 0 for none
    augmentation : whether the images are distorted at random, differently in each epoch
    digits : number of new synthetic digits added to each epoch
    non_digits : likewise, of drawings that are not digits; see `digitnet.training.loop.loss_of`
    held_back : number of training images held back to fit the temperature
    adversarial_share : share of each batch's digits that are perturbed, see `digitnet.attacks`
    adversarial_size : the largest step of that, full ink being 1; the step of each image is random,
        uniform from 0 to this
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
    adversarial_share: float = 0.0
    adversarial_size: float = 0.0

    @property
    def threshold(self) -> float:
        """The lowest `digitnet.calibration.digit_score` of a digit.

        At 1/3, "not a digit" is twice as probable as the ten digits together: visitors draw digits
        more often than the training does, and a digit that is refused is the worse mistake. At 0,
        for models trained without drawings that are not digits, everything counts as a digit.
        """
        return 1 / 3 if self.non_digits else 0.0


@dataclass(frozen=True)
class Recipe:
    """One way to train every model.

    Attributes
    ----------
    label : its name on the page
    default : the hyperparameters of models without an entry in `by_model`
    by_model : the hyperparameters of other models, by name
    """

    label: str
    default: Hyperparameters
    by_model: Mapping[str, Hyperparameters] = field(default_factory=dict)

    def for_model(self, model: str) -> Hyperparameters:
        """The hyperparameters of the model called `model`."""
        return self.by_model.get(model, self.default)


# In the order on the page.
RECIPES: dict[str, Recipe] = {
    # Four hidden units are too few to learn distorted images or what is not a digit. The small
    # networks learn from plain MNIST, and from synthetic digits in styles that MNIST lacks.
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
                epochs=20,
                batch_size=128,
                learning_rate=8e-3,
                one_cycle=True,
                ema_decay=0.999,
                augmentation=True,
                digits=60_000,
                non_digits=28_000,
                held_back=2_000,
                adversarial_share=0.25,
                adversarial_size=0.05,
            )
        },
    ),
    "article": Recipe(
        "as in the article", Hyperparameters(epochs=5, batch_size=32, learning_rate=1e-3)
    ),
}
