"""Could we have known? Scores that rank pretrained networks by a target's few labels, before anything is trained.

All arguments are named: features and probabilities have one shape, and to swap them raises no error.
"""

import numpy as np

from tlcourse.checks import checked_labels

RATIOS = np.log(10.0) * np.arange(-12, 12.5, 0.5)
"""Where LogME looks first for the best α / β: logarithms, in units of the largest squared singular value. One feature
whose scale or mean is a million times another's hides the other; standardise such features first."""


def logme(*, features, labels):
    """Return LogME: how probable the labels are under a linear model of the features, its two precisions maximised.

    For one target ``y``, 1 for the examples of a class and 0 for the others, and features F ``(n, d)``: weights are
    normal with precision α, noise is normal with precision β, and the evidence is

        log p(y | F) = n/2 log β + d/2 log α - n/2 log 2π - β/2 ||F m - y||² - α/2 m'm - 1/2 log |A|,

    with ``A = α I + β F'F`` and ``m = β A^-1 F'y``. LogME is the largest evidence, its mean over classes, divided by n.
    With the singular values s of F, only the ratio r = α / β must be searched: of a target with parts z along the
    singular vectors and a rest outside, ``q = ||rest||² + sum z² r / (r + s²)`` gives the best ``β = n / q`` and
    ``log p = n/2 (log(n / 2π q) - 1) + 1/2 sum log(r / (r + s²))``. One decomposition serves all classes, and more
    features than examples, or features that occur twice, do no harm. (The paper iterates α and β to the same maximum.)

    Args:
        features: float ``(n, d)``, finite, not all 0.
        labels: int ``(n,)`` from 0 on, two classes at least.

    Returns:
        A float; larger is better. Where the labels are an exact linear function of the features the evidence may have
        no maximum; then it is taken at r = 1e-12 of the largest s².

    Raises:
        ValueError: if there is one class only, numbers of rows differ, or features are not finite or all 0.

    Source:
        You, Liu, Wang & Long (2021), *LogME: Practical Assessment of Pre-trained Models for Transfer Learning*, ICML,
        equation 2 and algorithm 1.

    >>> labels = np.array([0, 0, 1, 1])
    >>> good, bad = np.array([[-1.0], [-0.9], [0.9], [1.0]]), np.array([[-1.0], [0.9], [-0.9], [1.0]])
    >>> logme(features=good, labels=labels) > logme(features=bad, labels=labels)
    True
    """
    features, labels = _checked(features, labels)
    targets = _one_hot(labels)
    u, s, _ = np.linalg.svd(features, full_matrices=False)
    real = s > s[0] * max(features.shape) * np.finfo(float).eps
    squares = (s[real] / s[0]) ** 2
    along = (u[:, real].T @ targets).T ** 2
    beyond = targets.sum(axis=0) - along.sum(axis=1)  # what no weights can reach
    beyond[beyond < 1e-12 * targets.sum(axis=0)] = 0
    best = [_largest_evidence(*target, squares, len(labels)) for target in zip(along, beyond)]
    return float(np.mean(best) / len(labels))


def _largest_evidence(along, beyond, squares, n):
    from scipy.optimize import minimize_scalar

    def less(log_ratio):
        share = 1 / (1 + squares * np.exp(-log_ratio))
        left = max(beyond + along @ share, 1e-300)
        return -n / 2 * (np.log(n / (2 * np.pi * left)) - 1) - np.log(share).sum() / 2

    at = int(np.argmin([less(ratio) for ratio in RATIOS]))
    around = RATIOS[max(at - 1, 0)], RATIOS[min(at + 1, len(RATIOS) - 1)]
    refined = minimize_scalar(less, bounds=around, method="bounded", options={"xatol": 1e-7})
    return -min(refined.fun, less(RATIOS[at]))


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
        Bao et al. (2019), *An Information-Theoretic Approach to Transferability in Task Transfer Learning*, ICIP,
        definition 2; shrunken: Ibrahim, Ponomareva & Mazumder (2022), *Newer is Not Always Better: Rethinking
        Transferability Metrics, Their Peculiarities, Stability and Performance*, ECML PKDD.

    >>> labels = np.array([0, 0, 1, 1])
    >>> round(h_score(features=np.array([[-1.0], [-1.0], [1.0], [1.0]]), labels=labels), 6)
    1.0
    """
    from sklearn.covariance import LedoitWolf

    features, labels = _checked(features, labels)
    centred = features - features.mean(axis=0)
    if not (np.abs(centred) > 1e-12 * np.abs(features).max()).any():
        raise ValueError("Features must not be constant; every example has the same.")
    targets = _one_hot(labels)
    counts = targets.sum(axis=0)
    means = targets.T @ centred / counts[:, None]
    estimate = LedoitWolf(assume_centered=True).fit(centred / np.abs(centred).max())
    means /= np.abs(centred).max()
    inverted = np.linalg.pinv(estimate.covariance_, hermitian=True) @ means.T  # it may not be shrunken at all
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
    probabilities, labels = _checked(probabilities, labels)
    sums = probabilities.sum(axis=1)
    if probabilities.min() < -1e-6 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            f"Rows must be probabilities, from 0 to 1 with sum 1; got values from {probabilities.min():.3g} and sums "
            f"from {sums.min():.3g} to {sums.max():.3g}. Put a softmax on scores."
        )
    probabilities = probabilities / sums[:, None]
    joint = _one_hot(labels).T @ probabilities / len(labels)
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
        A float from 0 to 1; larger is better.

    Raises:
        ValueError: if there is one class only, numbers of rows differ, features are not finite, or k is out of range.

    Source:
        Cover & Hart (1967), *Nearest Neighbor Pattern Classification*; as a score of transferability: Puigcerver et al.
        (2021), *Scalable Transfer Learning with Expert Models*, ICLR.

    >>> features = np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    >>> nearest_neighbours(features=features, labels=[0, 0, 1, 1], k=1)
    1.0
    """
    features, labels = _checked(features, labels)
    if not 1 <= k < len(labels):
        raise ValueError(f"k must be from 1 to {len(labels) - 1}, the other examples; got {k}.")
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError("No row of features may be all 0: it has no direction.")
    directions = features / lengths
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
    votes = 1 + 1e-6 * 0.5 ** np.arange(k)
    counted = np.einsum("nkc,k->nc", _one_hot(labels)[nearest], votes)
    return float((counted.argmax(axis=1) == labels).mean())


def rank_agreement(*, scores, gains, sources):
    """Return how well scores rank candidates by their gain, and what chance alone would give.

    Kendall's τ, in which a swap near the top weighs more: hyperbolic weights by rank, averaged over both orders.
    Candidates of one source, such as its layers, are alike, so they are no independent tries. To see what chance gives,
    the scores of *whole sources* are exchanged in all ways, or in 2,000 random ones where there are more.

    Args:
        scores: float ``(n,)``, of candidates.
        gains: float ``(n,)``, what each candidate turned out to bring.
        sources: ``(n,)``, the source of each candidate; all have as many candidates, in the same order.

    Returns:
        A dictionary: ``"tau"`` from -1 to 1, ``"chance"``, the middle 95 % under exchange as a pair, ``"p"``, the share
        of exchanges with a τ at least as large, and ``"exchanged"``, all of them, the unexchanged first. Their order
        depends on the number of sources alone, so that they can be averaged over targets. Where all scores, or all
        gains, are level, nothing is ranked: τ is 0 and p is 1.

    Raises:
        ValueError: if lengths differ, numbers are not finite, there are fewer than two sources, or some have more
            candidates than others.

    Source:
        Vigna (2015), *A Weighted Correlation Index for Rankings with Ties*, WWW; how unstable such rankings are:
        Agostinelli et al. (2022), *How Stable are Transferability Metrics Evaluations?*, ECCV.

    >>> found = rank_agreement(scores=[1, 2, 3, 4], gains=[0.1, 0.2, 0.3, 0.4], sources=list("aabb"))
    >>> round(found["tau"], 6), found["p"]
    (1.0, 0.5)
    """
    from itertools import permutations

    from scipy.stats import weightedtau

    scores, gains, sources = np.asarray(scores, float), np.asarray(gains, float), np.asarray(sources)
    names, sizes = np.unique(sources, return_counts=True)
    if not scores.shape == gains.shape == sources.shape or scores.ndim != 1:
        raise ValueError(f"There must be one of each; got {scores.shape}, {gains.shape} and {sources.shape}.")
    if len(names) < 2 or len(set(sizes)) > 1 or not np.isfinite([scores, gains]).all():
        raise ValueError(
            "There must be two sources or more, with as many candidates each, and finite numbers; "
            f"got {dict(zip(names.tolist(), sizes.tolist()))}."
        )
    blocks = np.array([np.flatnonzero(sources == name) for name in names])
    if len(names) <= 6:
        orders = list(permutations(range(len(names))))
    else:
        rng = np.random.default_rng(0)
        orders = [np.arange(len(names)), *(rng.permutation(len(names)) for _ in range(1999))]
    taus = []
    for order in orders:
        exchanged = np.empty_like(scores)
        exchanged[blocks] = scores[blocks[list(order)]]
        level = np.ptp(scores) == 0 or np.ptp(gains) == 0
        taus.append(0.0 if level else weightedtau(exchanged, gains).statistic)
    low, high = np.percentile(taus, [2.5, 97.5])
    at_least = np.mean(np.array(taus) >= taus[0] - 1e-12)
    found = {"tau": float(taus[0]), "chance": (float(low), float(high)), "p": float(at_least)}
    return found | {"exchanged": np.array(taus)}


def _checked(features, labels):
    features = np.asarray(features, "float64")
    if features.ndim != 2 or not np.isfinite(features).all() or not features.any():
        raise ValueError(
            f"There must be a row for each example, finite and not all 0; got shape {features.shape}, "
            f"finite: {bool(np.isfinite(features).all())}."
        )
    labels = checked_labels(labels, len(features))
    if labels.min() == labels.max():
        raise ValueError(f"There must be two classes at least; all {len(labels)} labels are {labels[0]}.")
    return features, np.unique(labels, return_inverse=True)[1]


def _one_hot(labels):
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)
