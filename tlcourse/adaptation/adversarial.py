"""Layers against an adversary that tells two domains apart, inside `fit`."""

import math
from numbers import Real

import keras
from keras import ops

from tlcourse.adaptation.layers import checked_strength
from tlcourse.adaptation.losses import check_features


@keras.saving.register_keras_serializable(package="tlcourse")
class GradientReversal(keras.layers.Layer):
    """Pass values on, and turn the gradient round: forwards ``x``, backwards ``-λ dx``.

    Written as ``x' - λ (x - x')`` with ``x' = stop_gradient(x)``, so it needs nothing of a backend.

    With ``ramp``, λ grows from 0 to ``strength`` over so many steps of training, as ``2 / (1 + exp(-10 p)) - 1`` with
    ``p`` from 0 to 1. The layer counts its own training steps in a weight that no gradient changes: `fit` on JAX reads
    weights once an epoch, so a callback could not do it. Each call in training counts as a step: call it once a batch.

    Args:
        strength: λ at the end, finite, at least 0.
        ramp: steps until λ is there, at least 1; or ``None``, from the first step on.

    Raises:
        ValueError: if the strength is not such, or ``ramp`` is no such number.

    Source:
        Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, JMLR 17(59), section 4.2 for the layer,
        5.2.2 for the ramp.

    >>> float(GradientReversal(0.5)(ops.ones(())))
    1.0
    """

    def __init__(self, strength, ramp=None, **options):
        super().__init__(**options)
        self.strength, self.ramp = checked_strength(strength), ramp
        if ramp is not None and not (isinstance(ramp, Real) and 1 <= ramp < math.inf):
            raise ValueError(f"ramp must be a number of steps from 1 on, or None; got {ramp!r}.")
        # In float16, counting would end at 2048.
        self.step = self.add_weight(dtype="float32", autocast=False, initializer="zeros", trainable=False, name="step")
        self.built = True

    def call(self, x, training=None):
        strength = ops.cast(self.strength * self.share(), x.dtype)
        if training:
            self.step.assign_add(1.0)
        value = ops.stop_gradient(x)
        return value - strength * (x - value)

    def share(self):
        """The share of ``strength`` that is reached at the present step, from 0 to 1."""
        if self.ramp is None:
            return 1.0
        progress = ops.minimum(ops.convert_to_tensor(self.step) / self.ramp, 1.0)
        return 2 / (1 + ops.exp(-10 * progress)) - 1

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "strength": self.strength, "ramp": self.ramp}


@keras.saving.register_keras_serializable(package="tlcourse")
class Adversary(keras.layers.Layer):
    """Train a domain classifier, and the features against it: DANN.

    A small network tells source from target by the features. Its cross-entropy, the mean of both domains' means, is
    added to the model's loss in training, behind a `GradientReversal`: the classifier learns to tell the domains apart,
    what comes before it learns to prevent that. If the domains can't be told apart, the added loss is near ``log 2``.

    Args:
        strength: λ at the end, finite, at least 0. With 0 nothing before this layer feels it.
        ramp: steps until λ is there, as in `GradientReversal`.
        units: width of the classifier's hidden layer, at least 1.

    Call arguments:
        source: float ``(n, d)``.
        target: float ``(m, d)``.

    Returns:
        The source's features, unchanged.

    Raises:
        ValueError: as `GradientReversal`, or if the features are not shaped ``(n, d)`` and ``(m, d)``.

    Source:
        Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, JMLR 17(59); the domain's
        part of equation 9, halved.

    >>> adversary = Adversary(strength=0.1)
    >>> adversary(ops.ones((4, 3)), ops.zeros((4, 3)), training=True).shape == (4, 3), len(adversary.losses)
    (True, 1)
    """

    def __init__(self, strength, ramp=None, units=64, **options):
        super().__init__(**options)
        self.units, dtype = units, self.dtype_policy
        self.reversal = GradientReversal(strength, ramp, dtype=dtype)
        self.hidden = keras.layers.Dense(units, activation="relu", dtype=dtype)
        self.logit = keras.layers.Dense(1, dtype=dtype)

    def build(self, source_shape, target_shape):
        width = check_features(source_shape, target_shape)
        self.hidden.build((None, width))
        self.logit.build((None, self.units))

    def call(self, source, target, training=None):
        if training:
            both = self.reversal(ops.concatenate([source, target]), training=True)
            logit = ops.cast(self.logit(self.hidden(both)), "float32")
            n = ops.shape(source)[0]
            self.add_loss((ops.mean(ops.softplus(logit[:n])) + ops.mean(ops.softplus(-logit[n:]))) / 2)
        return source

    def compute_output_shape(self, source_shape, target_shape):
        return source_shape

    def get_config(self):
        own = {"strength": self.reversal.strength, "ramp": self.reversal.ramp, "units": self.units}
        return {**super().get_config(), **own}
