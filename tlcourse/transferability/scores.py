"""Scores of a network by a target's few labels: the H-score, LEEP and nearest neighbours."""

from numbers import Integral

import numpy as np

from tlcourse.transferability.given import checked, one_hot

SHRUNKEN = 1e-6
"""A covariance that is shrunken by more than this can be inverted; one that is not, perhaps not."""


def h_score(*, features, labels):
    """Return the shrunken H-score: how much of the features' spread lies between the classes.

    ``trace(S^-1 (1 - a) B)``, with B the covariance of the class means, each example having the mean of its class, and
    S the Ledoit-Wolf estimate of the covariance of the features, shrunk by a share a towards a multiple of the
    identity. Without the shrinkage, with more features than examples, S could not be inverted.

    Args:
        features: float ``(n, d)``, finite, not constant.
        labels: int ``(n,)`` from 0 on, two classes at least.

    Returns:
        A float from 0 to the number of classes less one; larger is better.

    Raises:
        ValueError: if there is one class only, numbers of rows differ, or features are not finite or constant.

    Source:
        Bao et al. (2019), *An Information-Theoretic Approach to Transferability in Task Transfer Learning*, ICIP;
        shrunken: Ibrahim, Ponomareva & Mazumder (2022), *Newer is Not Always Better: Rethinking Transferability
        Metrics, Their Peculiarities, Stability and Performance*, ECML PKDD.

    >>> labels = np.array([0, 0, 1, 1])
    >>> round(h_score(features=np.array([[-1.0], [-1.0], [1.0], [1.0]]), labels=labels), 6)
    1.0
    """
    from scipy.linalg import solve
    from sklearn.covariance import LedoitWolf

    features, labels = checked(features, labels)
    centred = features - features.mean(axis=0)
    if not (np.abs(centred) > 1e-12 * np.abs(features).max()).any():
        raise ValueError("Features must not be constant; every example has the same.")
    targets = one_hot(labels)
    counts = targets.sum(axis=0)
    means = targets.T @ centred / counts[:, None]
    estimate = LedoitWolf(assume_centered=True, store_precision=False).fit(centred / np.abs(centred).max())
    means /= np.abs(centred).max()
    if estimate.shrinkage_ > SHRUNKEN:
        inverted = solve(estimate.covariance_, means.T, assume_a="pos")
    else:
        inverted = np.linalg.pinv(estimate.covariance_, hermitian=True) @ means.T
    between = (counts / len(labels) * (means * inverted.T).sum(axis=1)).sum()
    return float((1 - estimate.shrinkage_) * between)


def leep(*, probabilities, labels):
    """Return LEEP: the mean log probability of the labels, read off the source's own predictions.

    With θ(x) the source's probabilities of its own classes z, the joint ``P(y, z)`` is the mean of
    ``θ(x_i)_z [y_i = y]``. From it follows ``P(y | z)``, and the score is the mean of
    ``log sum_z P(y_i | z) θ(x_i)_z``. Nothing is fitted, and only networks with a head can have a score.

    Args:
        probabilities: float ``(n, source classes)``, each row from 0 to 1 with sum 1.
        labels: int ``(n,)`` from 0 on, two classes at least.

    Returns:
        A float, at most 0; larger is better.

    Raises:
        ValueError: if there is one class only, numbers of rows differ, or rows are no probabilities.

    Source:
        Nguyen, Hassner, Seeger & Archambeau (2020), *LEEP: A New Measure to Evaluate Transferability of Learned
        Representations*, ICML, equations 1 and 2.

    >>> leep(probabilities=np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), labels=np.array([1, 1, 0, 0]))
    0.0
    """
    probabilities, labels = checked(probabilities, labels)
    sums = probabilities.sum(axis=1)
    if probabilities.min() < -1e-6 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            f"Rows must be probabilities, from 0 to 1 with sum 1; got values from {probabilities.min():.3g} and sums "
            f"from {sums.min():.3g} to {sums.max():.3g}. Put a softmax on scores."
        )
    probabilities = probabilities / sums[:, None]
    joint = one_hot(labels).T @ probabilities / len(labels)
    given = joint / np.maximum(joint.sum(axis=0), 1e-300)
    return float(np.log((given.T[:, labels] * probabilities.T).sum(axis=0)).mean() + 0.0)


def nearest_neighbours(*, features, labels, k=3):
    """Return the share of examples whose k nearest others mostly have its label.

    Nearness is the cosine. A tie goes to the class of the nearer neighbours.

    Args:
        features: float ``(n, d)``, finite; no row all 0.
        labels: int ``(n,)`` from 0 on, two classes at least.
        k: neighbours asked, from 1 to n - 1.

    Returns:
        A float from 0 to 1; larger is better. Of examples that are equally near, those that come first count.

    Raises:
        ValueError: if there is one class only, numbers of rows differ, features are not finite, or k is out of range.

    Source:
        Cover & Hart (1967), *Nearest Neighbor Pattern Classification*; as a score of transferability: Puigcerver et al.
        (2021), *Scalable Transfer Learning with Expert Models*, ICLR.

    >>> features = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> nearest_neighbours(features=features, labels=[0, 0, 1, 1], k=1)
    1.0
    """
    features, labels = checked(features, labels)
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k < len(labels):
        raise ValueError(f"k must be a whole number from 1 to {len(labels) - 1}, the other examples; got {k!r}.")
    largest = np.abs(features).max(axis=1, keepdims=True)
    if not largest.all():
        raise ValueError("No row of features may be all 0: it has no direction. Leave such examples out.")
    directions = features / largest
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    votes = 1 + 1e-6 * 0.5 ** np.arange(k)
    counted = np.einsum("nkc,k->nc", one_hot(labels)[nearest], votes)
    return float((counted.argmax(axis=1) == labels).mean())
