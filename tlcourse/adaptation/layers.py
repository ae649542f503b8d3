"""A layer that matches two domains inside `fit`, and one that keeps their statistics apart."""

import math
from numbers import Real

import keras

from tlcourse.adaptation.losses import check_features


@keras.saving.register_keras_serializable(package="tlcourse")
class Align(keras.layers.Layer):
    """Add a distance between the features of two domains to the model's loss.

    ``strength * distance(source, target)`` is added in training; the source's features are passed on.

    Args:
        distance: a function of two batches of features, such as `coral` or `mmd`. To load a saved model again, it must
            be registered with Keras, as these are; for other options than theirs, register a function of your own.
        strength: λ, finite, at least 0. With 0 nothing is added.

    Call arguments:
        source: float ``(n, d)``.
        target: float ``(m, d)``.

    Raises:
        ValueError: if ``distance`` is no function, the strength is not such, or the features are not shaped ``(n, d)``
            and ``(m, d)``.

    >>> from tlcourse.adaptation import coral
    >>> layer = Align(coral, strength=2.0)
    >>> _ = layer(keras.ops.eye(2), 2 * keras.ops.eye(2), training=True)
    >>> [round(float(loss), 4) for loss in layer.losses]  # 2 * (0.5 - 2)^2 * 4 / (4 * 2^2)
    [1.125]
    """

    def __init__(self, distance, strength, **options):
        super().__init__(**options)
        if not callable(distance):
            raise ValueError(f"distance must be a function of two batches, such as coral; got {distance!r}.")
        self.distance, self.strength = distance, checked_strength(strength)

    def call(self, source, target, training=None):
        if training and self.strength:
            self.add_loss(self.strength * self.distance(source, target))
        return source

    def compute_output_shape(self, source_shape, target_shape):
        check_features(source_shape, target_shape)
        return source_shape

    def get_config(self):
        distance = keras.saving.serialize_keras_object(self.distance)
        return {**super().get_config(), "distance": distance, "strength": self.strength}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "distance": keras.saving.deserialize_keras_object(config["distance"])})


@keras.saving.register_keras_serializable(package="tlcourse")
class DomainBatchNormalization(keras.layers.Layer):
    """Batch normalisation with one scale and shift, and moving statistics for each domain.

    Args:
        domains: number of domains, at least 1.
        momentum: of the moving statistics, as in ``keras.layers.BatchNormalization``.
        epsilon: added to the variance.

    Call arguments:
        x: float ``(n, …, channels)``, a batch from *one* domain.
        domain: which, from 0 on.

    Raises:
        ValueError: if there is no domain, or ``domain`` is none of them.

    Source:
        Li, Wang, Shi, Liu & Hou (2016), *Revisiting Batch Normalization For Practical Domain Adaptation*. Chang, You,
        Seo, Kwak & Han (2019), CVPR, give each domain its own scale and shift, too; here they are shared.

    >>> norm = DomainBatchNormalization(momentum=0.0)
    >>> _ = norm(keras.ops.convert_to_tensor([[1.0], [3.0]]), domain=1, training=True)
    >>> [float(one.moving_mean[0]) for one in norm.statistics]
    [0.0, 2.0]
    """

    def __init__(self, domains=2, momentum=0.99, epsilon=1e-3, **options):
        super().__init__(**options)
        if not domains >= 1:
            raise ValueError(f"There must be at least one domain; got {domains}.")
        self.momentum, self.epsilon = momentum, epsilon
        self.statistics = [
            keras.layers.BatchNormalization(
                momentum=momentum, epsilon=epsilon, center=False, scale=False, dtype=self.dtype_policy
            )
            for _ in range(domains)
        ]

    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=(shape[-1],), initializer="zeros", name="beta")
        for one in self.statistics:
            one.build(shape)

    def call(self, x, domain=0, training=None):
        if domain not in range(len(self.statistics)):
            raise ValueError(f"domain must be from 0 to {len(self.statistics) - 1}; got {domain!r}.")
        return self.gamma * self.statistics[domain](x, training=training) + self.beta

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        own = {"domains": len(self.statistics), "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def checked_strength(value):
    """Return λ as a float.

    Raises:
        ValueError: if it is not a finite number, at least 0.
    """
    if not (isinstance(value, Real) and 0 <= value < math.inf):
        raise ValueError(f"strength must be a finite number, at least 0; got {value!r}.")
    return float(value)
