"""Fit a linear head first, in closed form; fine-tuning then starts from it (LP-FT)."""

import keras
import numpy as np

from tlcourse.features import fit_probe


def fit_head(head, features, labels):
    """Set a linear layer to the course's probe, scaled to the loss that fine-tuning will use.

    The probe's scores lie near -1 and 1. As logits they are far too unsure: cross-entropy would begin with large
    gradients, which change the features before anything else. We fit the head first to avoid exactly this. So the
    scores are multiplied by one number, from 0.1 to 100, that minimises the mean cross-entropy on the labelled
    examples. If the scores separate these examples, there is no minimum: the search ends where the loss is almost zero.
    The head is then far too sure, and the features hardly move at first. Any head ends there if it is trained for long.

    Args:
        head: built ``Dense`` layer with a bias and no activation, from ``(n, features)`` to ``(n, classes)`` logits.
        features: float ``(n, features)``, what the head will get.
        labels: int ``(n,)``, from 0 on.

    Returns:
        The fitted `Probe`, before scaling.

    Raises:
        ValueError: if the layer is not such a one, or as `fit_probe`.

    Source:
        Kumar, Raghunathan, Jones, Ma & Liang (2022), *Fine-Tuning can Distort Pretrained Features and Underperform
        Out-of-Distribution*, ICLR: linear probing, then fine-tuning.

    >>> head = keras.layers.Dense(2)
    >>> head.build((None, 1))
    >>> probe = fit_head(head, np.array([[0.0], [0.1], [0.9], [1.0]]), np.array([0, 0, 1, 1]))
    >>> head.get_weights()[0].shape
    (1, 2)
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    linear = isinstance(head, keras.layers.Dense) and head.activation is keras.activations.linear and head.use_bias
    if not linear or not head.built:
        raise ValueError(
            f"The head must be a built Dense layer with a bias and no activation; got {head!r}. "
            "Build it by calling the model once, and let the loss take logits."
        )
    probe = fit_probe(features, labels, classes=head.units)
    scores, labels = probe.scores(np.asarray(features, "float64")), np.asarray(labels)

    def cross_entropy(log_scale):
        logits = np.exp(log_scale) * scores
        return np.mean(logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels])

    scale = np.exp(minimize_scalar(cross_entropy, bounds=np.log([0.1, 100]), method="bounded").x)
    head.set_weights([scale * probe.weights, scale * probe.bias])
    return probe
