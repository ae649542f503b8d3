"""How far apart are two domains? What a classifier can tell."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distance:
    """A distance from 0 to 2 with its 95 % interval.

    >>> print(Distance(0.5, 0.4, 0.6))
    0.50 [0.40, 0.60]
    """

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def proxy_a_distance(source, target, *, seed=0):
    """Return the proxy A-distance of two sets of features: how well a linear classifier tells the domains apart.

    ``2 (1 - 2 error)``: near 0 if nothing tells them apart, 2 if everything does. The classifier, a logistic regression
    on standardised features, is fitted on one half of both domains and scored on the other, then the other way round;
    so each example is scored once, by a classifier that has not seen it. Errors in a domain count for one half, so that
    a larger domain counts no more.

    Args:
        source: finite float ``(n, d)``, n at least 4, none of them also in the target: an example in both would be
            learned with the one name and asked for with the other.
        target: finite float ``(m, d)``, m at least 4.
        seed: seed of the halves.

    Returns:
        A `Distance`. The interval takes the examples as independent, and counts those of one half: the two classifiers
        may err alike. It can lie below 0.

    Raises:
        ValueError: if the features are not such.

    Source:
        Ben-David, Blitzer, Crammer & Pereira (2006), *Analysis of Representations for Domain Adaptation*, NeurIPS;
        Ben-David et al. (2010), *A theory of learning from different domains*, Machine Learning 79.

    >>> rng = np.random.default_rng(0)
    >>> round(proxy_a_distance(rng.normal(0, 1, (100, 2)), rng.normal(20, 1, (100, 2))).value, 1)
    2.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    source, target = np.asarray(source, "float64"), np.asarray(target, "float64")
    if source.ndim != 2 or target.ndim != 2 or source.shape[1] != target.shape[1]:
        raise ValueError(
            f"Features must be shaped (n, d) and (m, d) with one d; got {source.shape} and {target.shape}."
        )
    if min(len(source), len(target)) < 4 or not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise ValueError(
            f"Each domain needs at least 4 examples, all finite; got {len(source)} and {len(target)}. "
            "Find others with np.isfinite."
        )
    rng = np.random.default_rng(seed)
    domain = np.repeat([0, 1], [len(source), len(target)])
    half = np.concatenate([rng.permutation(len(each)) % 2 for each in (source, target)])
    features, wrong = np.concatenate([source, target]), np.empty(len(domain))
    for fitted in (0, 1):
        there, here = half == fitted, half != fitted
        classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000))
        classifier.fit(features[there], domain[there])
        wrong[here] = classifier.predict(features[here]) != domain[here]
    errors, counts = [wrong[domain == each].mean() for each in (0, 1)], np.bincount(domain)
    # An Agresti-Coull share keeps the interval open where every answer is right, or every one wrong.
    shares = [(error * count + 2) / (count + 4) for error, count in zip(errors, counts)]
    spread = 1.96 * np.sqrt(sum(share * (1 - share) / (count / 2) for share, count in zip(shares, counts)) / 4)
    value = 2 * (1 - 2 * np.mean(errors))
    return Distance(float(value), float(value - 4 * spread), float(min(value + 4 * spread, 2.0)))
