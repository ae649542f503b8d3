"""The course's probe: a ridge classifier on standardised features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tlcourse.checks import checked_labels
from tlcourse.features.ridge import all_positive, fit_ridge, one_against_all

PENALTIES = tuple(10.0 ** np.arange(-1, 4.5, 0.5))
DEFAULT_PENALTY = 100.0
"""For one label per class, where leaving one out leaves a class empty and nothing can be chosen."""


@dataclass(frozen=True)
class Probe:
    """A fitted linear classifier.

    Attributes:
        layer: the layer it reads, or ``None`` where it was given a single array.
        penalty: the ridge penalty chosen.
        error: mean squared leave-one-out error at that choice, targets being -1 and 1; NaN where nothing was chosen.
        weights: ``(features, classes)``, for raw features: the standardisation is folded in.
        bias: ``(classes,)``.
        source_weight: what an example of the source counted, from 0 to 1; 0 where there was no source.
    """

    layer: str | None
    penalty: float
    error: float
    weights: np.ndarray
    bias: np.ndarray
    source_weight: float = 0.0

    def scores(self, features):
        """Return a score for each class, ``(n, classes)``, from features shaped or keyed as those it was fitted on.

        Raises:
            ValueError: if features have another width, or are not finite.
        """
        features = np.asarray(features if self.layer is None else features[self.layer])
        if features.ndim != 2 or features.shape[1] != len(self.weights) or not np.isfinite(features).all():
            raise ValueError(f"Features must be finite and shaped (n, {len(self.weights)}); got {features.shape}.")
        return features @ self.weights + self.bias

    def predict(self, features):
        """Return the class with the largest score, int ``(n,)``."""
        return self.scores(features).argmax(axis=1)


def fit_probe(features, labels, *, classes=None, penalties=PENALTIES):
    """Fit a ridge classifier; choose layer and penalty by leave-one-out inside the labels.

    The regression has one target for each class: 1 for its examples, -1 for all others. The left-out residual needs no
    refitting: with the hat matrix H of the fitted values it is ``(y_i - ŷ_i) / (1 - H_ii)``, and one singular value
    decomposition gives H for all penalties. If a class has only one label, nothing is chosen: the probe takes the last
    layer and `DEFAULT_PENALTY`.

    Args:
        features: float ``(n, features)``, or a dictionary of such arrays by layer, the last layer last.
        labels: int ``(n,)``, from 0 on.
        classes: number of classes; by default the largest label plus one.
        penalties: ridge penalties to choose from, each above 0.

    Returns:
        A `Probe`. The layer is its key, or ``None`` for a single array.

    Raises:
        ValueError: if lengths differ, features are not finite, a label is too large, all are one and ``classes`` is not
            given, or a penalty is not positive.

    Source:
        Golub, Heath & Wahba (1979), *Generalized Cross-Validation*; Rifkin & Lippert (2007), *Notes on Regularized
        Least Squares*.

    >>> probe = fit_probe(np.array([[0.0], [0.1], [0.9], [1.0]]), np.array([0, 0, 1, 1]))
    >>> probe.predict(np.array([[0.2], [0.7]]))
    array([0, 1])
    """
    layers = features if isinstance(features, Mapping) else {None: features}
    if not layers:
        raise ValueError("There must be features of at least one layer; got none.")
    labels = checked_labels(labels, len(next(iter(layers.values()))))
    if classes is None and len(np.unique(labels)) < 2:
        raise ValueError(f"There must be two classes or more; all labels are {labels[0]}.")
    classes = classes or int(labels.max()) + 1
    if labels.max() >= classes or not all_positive(penalties):
        raise ValueError(
            f"Labels must be below classes={classes} and penalties positive; got labels up to {labels.max()}, "
            f"penalties {tuple(penalties)}."
        )
    targets = one_against_all(labels, classes)
    counts = np.bincount(labels)
    if counts[counts > 0].min() > 1:
        fits = [Probe(layer, **fit_ridge(array, targets, penalties)) for layer, array in layers.items()]
        return min(fits, key=lambda probe: probe.error)
    layer, array = list(layers.items())[-1]
    return Probe(layer, **fit_ridge(array, targets, (DEFAULT_PENALTY,)) | {"error": float("nan")})
