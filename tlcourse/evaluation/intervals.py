"""Intervals: for a mean over draws, and for the difference of two methods that saw the same draws and test items."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """An estimate with its uncertainty.

    Attributes:
        mean: the estimate.
        low: lower end.
        high: upper end.
        se: standard error.
        draws: number of draws behind it.
    """

    mean: float
    low: float
    high: float
    se: float
    draws: int

    def __str__(self):
        """Percentage points with the interval; where all draws agree there is none.

        >>> print(Interval(0.1234, 0.1, 0.15, 0.01, 20))
        +12.3 points [+10.0, +15.0]
        """
        if self.se < 1e-9:
            return f"{100 * self.mean:+.1f} points, the same in all {self.draws} draws"
        return f"{100 * self.mean:+.1f} points [{100 * self.low:+.1f}, {100 * self.high:+.1f}]"


def mean_interval(scores, level=0.95):
    """Return an interval for the mean of ``scores`` over draws, by Student's t.

    Args:
        scores: ``(draws,)``, or ``(draws, items)``, which is averaged over items.
        level: coverage, above 0 and below 1.

    Raises:
        ValueError: if there are fewer than two draws or a value is not finite.

    >>> accuracy = mean_interval([0.8, 0.9, 0.85])
    >>> round(accuracy.mean, 3), round(accuracy.se, 4)
    (0.85, 0.0289)
    """
    return paired_interval(scores, np.zeros(np.shape(scores)), level)


def paired_interval(a, b, level=0.95):
    """Return an interval for the mean of ``a - b`` over draws, by Student's t.

    It is conditional on the pool and on the test items: it speaks of other draws of labels, not of other images.

    Args:
        a: scores of one method, ``(draws,)``, or correctness ``(draws, items)``, which is averaged over items.
        b: scores of the other on the same draws, same shape.
        level: coverage, above 0 and below 1.

    Raises:
        ValueError: if shapes differ, there are fewer than two draws, or a value is not finite.

    >>> gain = paired_interval([0.8, 0.9, 0.85], [0.7, 0.8, 0.75])
    >>> round(gain.mean, 3), gain.draws
    (0.1, 3)
    """
    difference = _difference(a, b)
    per_draw = difference.mean(axis=tuple(range(1, difference.ndim)))
    se = per_draw.std(ddof=1) / np.sqrt(len(per_draw))
    return _interval(per_draw.mean(), se, len(per_draw) - 1, level, len(per_draw))


def crossed_interval(a, b, level=0.95):
    """Return an interval for the mean of ``a - b`` over draws and test items, crossed.

    Each draw meets each item, so a difference has three parts: one of the draw, one of the item, and a rest. Divide the
    variance of the draw means by the number of draws, and the variance of the item means by the number of items. The
    variance of the grand mean is the sum of the two, less the share of the rest, which both contain; it is never taken
    as less than the larger of the two. The degrees of freedom follow Satterthwaite.

    Args:
        a: correctness or scores of one method, ``(draws, items)``.
        b: the same of the other.
        level: coverage, above 0 and below 1.

    Raises:
        ValueError: if shapes differ, there are fewer than two draws or items, or a value is not finite.

    Source:
        Cornfield & Tukey (1956), *Average values of mean squares in factorials*; Satterthwaite (1946).

    >>> print(crossed_interval(np.ones((3, 50)), np.zeros((3, 50))))
    +100.0 points, the same in all 3 draws
    """
    difference = _difference(a, b)
    if difference.ndim != 2 or difference.shape[1] < 2:
        raise ValueError(f"a and b must be shaped (draws, items) with at least two items; got {difference.shape}.")
    draws, items = difference.shape
    mean = difference.mean()
    of_draws, of_items = difference.mean(axis=1), difference.mean(axis=0)
    rest = difference - of_draws[:, None] - of_items[None, :] + mean
    freedom = np.array([draws - 1, items - 1, (draws - 1) * (items - 1)])
    variances = np.array(
        [
            of_draws.var(ddof=1) / draws,
            of_items.var(ddof=1) / items,
            -(rest**2).sum() / freedom[2] / (draws * items),
        ]
    )
    total = max(variances.sum(), variances[:2].max())
    satterthwaite = total**2 / max((variances**2 / freedom).sum(), 1e-300)
    return _interval(mean, np.sqrt(total), max(satterthwaite, 1.0), level, draws)


def equivalent(a, b, margin):
    """Say whether the mean of ``a - b`` over draws is within ``margin`` of zero: its 90 % interval lies inside.

    Args:
        a: scores of one method, as in `paired_interval`.
        b: scores of the other.
        margin: largest difference that would not matter, above 0, named before looking.

    Source:
        Schuirmann (1987), the two one-sided tests.

    >>> equivalent([0.80, 0.81, 0.80], [0.80, 0.80, 0.81], margin=0.05)
    True
    """
    if not margin > 0:
        raise ValueError(f"margin must be above 0; got {margin}.")
    scores = np.concatenate([np.ravel(a), np.ravel(b)])
    if margin >= 1 and scores.min() >= 0 and scores.max() <= 1:
        raise ValueError(f"These scores are shares, so the margin is one too: 0.02 for two points; got {margin}.")
    interval = paired_interval(a, b, level=0.90)
    return bool(-margin < interval.low and interval.high < margin)


def _difference(a, b):
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    if a.shape != b.shape or not 1 <= a.ndim <= 2 or len(a) < 2:
        raise ValueError(
            "Scores must be shaped (draws,) or (draws, items), with at least two draws, those of two methods alike; "
            f"got {a.shape} and {b.shape}. Of a `Curve` take one budget: curve.at(5)."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("Scores must be finite; got NaN or infinity.")
    return a - b


def _interval(mean, se, freedom, level, draws):
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1; got {level}.")
    from scipy.stats import t

    half = t.ppf((1 + level) / 2, freedom) * se
    return Interval(float(mean), float(mean - half), float(mean + half), float(se), draws)
