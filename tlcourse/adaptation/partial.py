"""Only some of the source's classes occur in the target: weigh them, so that none is matched with what is not there."""

from numbers import Integral

import numpy as np

from tlcourse.adaptation.selection import checked_logits
from tlcourse.checks import checked_labels


def class_weights(logits):
    """Return what each class of the source should count, by the model's own answers on the unlabelled target.

    ``γ = mean_i softmax(logits_i)``, divided by its largest value. A class that the model hardly ever sees in the
    target counts little. The model is often wrong there, but its mistakes mostly go to classes that do occur.

    Args:
        logits: finite float ``(m, classes)``, of target examples, with two classes or more.

    Returns:
        Float ``(classes,)``, from 0 to 1, the largest 1.

    Raises:
        ValueError: if the logits are not such, or look like probabilities: a softmax on a softmax would level them.

    Source:
        Cao, Ma, Long & Wang (2018), *Partial Adversarial Domain Adaptation*, ECCV: the class weights of PADA.

    >>> class_weights(np.log([[0.8, 0.2], [0.8, 0.2]])).round(6).tolist()
    [1.0, 0.25]
    """
    from scipy.special import softmax

    weights = softmax(checked_logits(logits, no_probabilities=True), axis=1).mean(axis=0)
    return weights / weights.max()


def draw_by_class(labels, weights, n, *, seed):
    """Draw rows of the source with replacement, each in proportion to the weight of its class.

    PADA multiplies the loss of each source example, of its label and of its domain, by the weight of its class. Drawing
    examples in that proportion gives the source the same losses on average, up to a factor, with any method.

    Args:
        labels: whole numbers ``(m,)``, the source's.
        weights: float ``(classes,)``, at least 0, a weight for each label, such as `class_weights`.
        n: how many rows, at least 1.
        seed: seed of the draw.

    Returns:
        Row numbers, int ``(n,)``.

    Raises:
        ValueError: if a label has no weight, weights are negative, not finite or all 0 for these labels, or n is not
            such.

    >>> draw_by_class(np.array([0, 1, 1]), np.array([1.0, 0.0]), 2, seed=0).tolist()
    [0, 0]
    """
    labels, weights = checked_labels(labels, len(labels)), np.asarray(weights, "float64")
    if weights.ndim != 1 or labels.max() >= len(weights) or not np.isfinite(weights).all() or weights.min() < 0:
        raise ValueError(
            "There must be a finite weight of at least 0 for each class; "
            f"got {weights.shape} for labels up to {labels.max()}."
        )
    of_each = weights[labels]
    if not of_each.any() or not (isinstance(n, Integral) and n >= 1):
        raise ValueError(f"A class of these labels must have a weight above 0, and n be 1 or more; got n={n!r}.")
    of_each = of_each / of_each.max()
    return np.random.default_rng(seed).choice(len(labels), n, p=of_each / of_each.sum())
