"""Staying close to the start: L2-SP."""

import keras
import numpy as np


class L2SP(keras.regularizers.Regularizer):
    """Penalty on the distance of a weight from where it started: ``strength / 2 * ||w - start||^2``.

    Plain weight decay pulls towards zero, that is, towards forgetting; this pulls towards what was borrowed.

    Args:
        start: the starting values, an array of the weight's shape.
        strength: α of the paper, at least 0; with 0 nothing is added to the loss.
        besides: a regulariser that is added to it, such as the layer's own, or ``None``.

    Raises:
        ValueError: if the strength is negative.

    Source:
        Li, Grandvalet & Davoine (2018), *Explicit Inductive Bias for Transfer Learning with Convolutional Networks*,
        ICML, equation 3.

    >>> float(L2SP(np.zeros(2), strength=1.0)(keras.ops.ones(2)))
    1.0
    """

    def __init__(self, start, strength, besides=None):
        if not strength >= 0:
            raise ValueError(f"strength must be at least 0; got {strength}.")
        self.start, self.strength, self.besides = np.asarray(start, "float32"), float(strength), besides

    def __call__(self, weight):
        penalty = self.strength / 2 * keras.ops.sum(keras.ops.square(weight - self.start))
        return penalty if self.besides is None else penalty + self.besides(weight)


def stay_close(model, strength):
    """Add an `L2SP` penalty to each weight of a network that trains; its present value is where it started.

    Call it on the borrowed part, with the borrowed weights in it, before `compile`; the head, which starts from
    nothing, is regularised as usual. The penalty belongs to the training and not to the network: it is part of no saved
    file. A second call replaces the first; strength 0 takes the penalty off. A layer's own regulariser stays.

    Args:
        model: the borrowed network, built.
        strength: α, at least 0.

    Returns:
        Number of weights (arrays) that are penalised.

    Raises:
        ValueError: if the strength is negative or NaN. Then nothing has changed.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> stay_close(network, strength=0.1), float(network.losses[0])
    (2, 0.0)
    """
    L2SP((), strength)  # refuses what it can't be, before anything changes
    for weight in model.weights:
        if isinstance(weight.regularizer, L2SP):
            weight.regularizer = weight.regularizer.besides
    # The flags of the weights: an outer model trains them, whatever the flag of the model that holds them.
    weights = [weight for weight in model.weights if weight.trainable and strength != 0]
    for weight in weights:
        weight.regularizer = L2SP(keras.ops.convert_to_numpy(weight), strength, weight.regularizer)
    return len(weights)
