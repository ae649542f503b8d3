"""LogME: how probable a target's few labels are under a linear model of a network's features."""

import numpy as np

from tlcourse.transferability.given import checked, one_hot

RATIOS = np.log(10.0) * np.arange(-12, 12.5, 0.5)
"""Where LogME looks first for the best α / β: logarithms, in units of the largest squared singular value. One feature
whose scale or mean is a million times another's hides the other; standardise such features first."""

WELL_APART = 1e-7
"""Eigenvectors of the smaller product of the features with themselves serve where its smallest eigenvalue is more than
this share of its largest. Otherwise rounding would be seen in the score, and the slower singular values are taken."""


def logme(*, features, labels):
    """Return LogME: how probable the labels are under a linear model of the features, its two precisions maximised.

    For one target ``y``, 1 for the examples of a class and 0 for the others, and features F ``(n, d)``: weights are
    normal with precision α, noise is normal with precision β, and the evidence is::

        log p(y | F) = n/2 log β + d/2 log α - n/2 log 2π - β/2 ||F m - y||² - α/2 m'm - 1/2 log |A|,

    with ``A = α I + β F'F`` and ``m = β A^-1 F'y``. LogME is the largest evidence, its mean over classes, divided by n.
    With the singular values s of F, only the ratio r = α / β must be searched: of a target with parts z along the
    singular vectors and a rest outside, ``q = ||rest||² + sum z² r / (r + s²)`` gives the best ``β = n / q`` and
    ``log p = n/2 (log(n / 2π q) - 1) + 1/2 sum log(r / (r + s²))``. One decomposition serves all classes, and more
    features than examples, or features that occur twice or are 0, do no harm. (The paper iterates α and β to the same
    maximum.)

    Args:
        features: float ``(n, d)``, finite, not all 0.
        labels: int ``(n,)`` from 0 on, two classes at least.

    Returns:
        A float; larger is better. Where the labels are an exact linear function of the features the evidence may have
        no maximum; then it is taken at r = 1e-12 of the largest s².

    Raises:
        ValueError: if there is one class only, numbers of rows differ, or features are not finite or all 0.

    Source:
        You, Liu, Wang & Long (2021), *LogME: Practical Assessment of Pre-trained Models for Transfer Learning*, ICML.

    >>> labels = np.array([0, 0, 1, 1])
    >>> good, bad = np.array([[-1.0], [-0.9], [0.9], [1.0]]), np.array([[-1.0], [0.9], [-0.9], [1.0]])
    >>> logme(features=good, labels=labels) > logme(features=bad, labels=labels)
    True
    """
    features, labels = checked(features, labels)
    targets = one_hot(labels)
    squares, along = _along(features, targets)
    beyond = targets.sum(axis=0) - along.sum(axis=1)  # what no weights can reach
    beyond[beyond < 1e-12 * targets.sum(axis=0)] = 0
    best = [_largest_evidence(*target, squares, len(labels)) for target in zip(along, beyond)]
    return float(np.mean(best) / len(labels))


def _along(features, targets):
    """Squared singular values, the largest 1, and for each target its squared part along each singular vector."""
    from scipy.linalg import eigh

    features = features[:, features.any(axis=0)] / np.abs(features).max()
    n, d = features.shape
    squares, vectors = eigh(features @ features.T if n < d else features.T @ features, driver="evd")
    if squares[0] > WELL_APART * squares[-1]:
        parts = vectors.T @ (targets if n < d else features.T @ targets)
        return squares / squares[-1], parts.T**2 / (1 if n < d else squares)
    u, s, _ = np.linalg.svd(features, full_matrices=False)
    real = s > s[0] * max(n, d) * np.finfo(float).eps
    return (s[real] / s[0]) ** 2, (u[:, real].T @ targets).T ** 2


def _largest_evidence(along, beyond, squares, n):
    from scipy.optimize import minimize_scalar

    def less(log_ratio):
        share = 1 / (1 + squares * np.exp(-np.atleast_1d(log_ratio)[:, None]))
        left = np.maximum(beyond + share @ along, 1e-300)
        return -n / 2 * (np.log(n / (2 * np.pi * left)) - 1) - np.log(share).sum(axis=1) / 2

    first = less(RATIOS)
    at = int(np.argmin(first))
    around = RATIOS[max(at - 1, 0)], RATIOS[min(at + 1, len(RATIOS) - 1)]
    refined = minimize_scalar(lambda ratio: less(ratio)[0], bounds=around, method="bounded", options={"xatol": 1e-7})
    return -min(refined.fun, first[at])
