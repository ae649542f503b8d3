"""Is a score worth anything? What its choice reaches, and how it ranks candidates."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """How well a score ranks candidates, averaged over targets.

    Attributes:
        tau: agreement with the accuracies, from -1 to 1, float ``(draws,)``.
        p: the share of exchanges of whole sources that agree at least as well.
    """

    tau: np.ndarray
    p: float


def reached_by(scores, accuracies):
    """Return the accuracy of the candidate with the highest score, draw by draw.

    Of candidates with one and the same highest score, any may be taken: their accuracies are averaged.

    Args:
        scores: float ``(draws, candidates)``; NaN in all draws for a candidate that has no score.
        accuracies: float ``(draws, candidates)``, from 0 to 1.

    Returns:
        Float ``(draws,)``.

    Raises:
        ValueError: if shapes differ, scores are not such, or an accuracy is not from 0 to 1.

    >>> reached_by([[1, 3, 2], [1, 2, 2]], [[0.7, 0.9, 0.5], [0.7, 0.9, 0.5]]).round(6).tolist()
    [0.9, 0.7]
    """
    scores, accuracies, _ = _checked(scores, accuracies)
    highest = scores == np.nanmax(scores, axis=1, keepdims=True)
    return (accuracies * highest).sum(axis=1) / highest.sum(axis=1)


def mean_agreement(scores, accuracies, sources):
    """Compare a score with the accuracies of its candidates on several targets.

    In each draw the score is compared with accuracies that are averaged over draws. What chance gives is seen by
    exchanging whole sources, the same ones on all targets: see `rank_agreement`.

    Args:
        scores: by target, float ``(draws, candidates)``; NaN in all draws and on all targets for a candidate that has
            no score.
        accuracies: by target, float ``(draws, candidates)``, from 0 to 1.
        sources: ``(candidates,)``, the source of each; those with a score are as many for each source.

    Returns:
        An `Agreement`.

    Raises:
        ValueError: if targets, shapes or the candidates with a score differ, or as `rank_agreement` does.

    >>> scores, accuracies = {"digits": [[1, 2], [1, 2]]}, {"digits": [[0.7, 0.9], [0.7, 0.8]]}
    >>> found = mean_agreement(scores, accuracies, ["photos", "letters"])
    >>> found.tau.round(6).tolist(), found.p
    ([1.0, 1.0], 0.5)
    """
    if not scores or list(scores) != list(accuracies):
        raise ValueError(
            f"Both must be of the same targets, one or more; got scores {list(scores)}, accuracies {list(accuracies)}."
        )
    given = [_checked(scores[target], accuracies[target]) for target in scores]
    there = given[0][2]
    if any(not np.array_equal(there, other) or len(score) != len(given[0][0]) for score, _, other in given):
        raise ValueError("Draws, and the candidates that have a score, must be the same on all targets.")
    sources = np.asarray(sources)
    if sources.shape != there.shape:
        raise ValueError(f"There must be a source for each of {len(there)} candidates; got {sources.shape}.")
    exchanged = [
        [rank_agreement(scores=one[there], gains=accuracy.mean(axis=0)[there], sources=sources[there]) for one in score]
        for score, accuracy, _ in given
    ]
    over_targets = np.mean(exchanged, axis=0)
    over_draws = over_targets.mean(axis=0)
    return Agreement(over_targets[:, 0], float(np.mean(over_draws >= over_draws[0] - 1e-9)))


def rank_agreement(*, scores, gains, sources):
    """Return how well scores rank candidates by their gain, and how well they would if sources exchanged them.

    Kendall's τ, in which a swap near the top weighs more: hyperbolic weights by rank, averaged over both orders.
    Candidates of one source, such as its layers, are alike, so they are no independent tries. To see what chance gives,
    the scores of *whole sources* are exchanged in all ways, or in 2,000 random ones where there are more.

    Args:
        scores: finite float ``(n,)``, of candidates.
        gains: finite float ``(n,)``, what each candidate turned out to bring.
        sources: ``(n,)``, the source of each candidate; all have as many candidates, in the same order.

    Returns:
        Float ``(exchanges,)``, each from -1 to 1, the first without an exchange. The order of exchanges depends on the
        number of sources alone, so that they can be averaged over targets. Where all scores, or all gains, are level,
        nothing is ranked, and all are 0.

    Raises:
        ValueError: if lengths differ, numbers are not finite, there are fewer than two sources, or some have more
            candidates than others.

    Source:
        Vigna (2015), *A Weighted Correlation Index for Rankings with Ties*, WWW; how unstable such rankings are:
        Agostinelli et al. (2022), *How Stable are Transferability Metrics Evaluations?*, ECCV.

    >>> taus = rank_agreement(scores=[1, 2, 3, 4], gains=[0.1, 0.2, 0.3, 0.4], sources=list("aabb"))
    >>> float(taus[0].round(6)), len(taus)
    (1.0, 2)
    """
    from scipy.stats import weightedtau

    scores, gains, sources = np.asarray(scores, float), np.asarray(gains, float), np.asarray(sources)
    if not scores.shape == gains.shape == sources.shape or scores.ndim != 1:
        raise ValueError(f"There must be one of each; got {scores.shape}, {gains.shape} and {sources.shape}.")
    if not np.isfinite([scores, gains]).all():
        raise ValueError("Scores and gains must be finite; got NaN or infinity. Leave such candidates out.")
    names, sizes = np.unique(sources, return_counts=True)
    if len(names) < 2 or len(set(sizes)) > 1:
        raise ValueError(
            "There must be two sources or more, with as many candidates each, or they can't be exchanged; "
            f"got {dict(zip(names.tolist(), sizes.tolist()))}."
        )
    blocks = np.array([np.flatnonzero(sources == name) for name in names])
    orders = _exchanges(len(names))
    if np.ptp(scores) == 0 or np.ptp(gains) == 0:
        return np.zeros(len(orders))
    taus = np.empty(len(orders))
    for at, order in enumerate(orders):
        exchanged = np.empty_like(scores)
        exchanged[blocks] = scores[blocks[order]]
        taus[at] = weightedtau(exchanged, gains).statistic
    return taus


def _exchanges(n):
    if n <= 6:
        return [list(order) for order in permutations(range(n))]
    rng = np.random.default_rng(0)
    return [np.arange(n), *(rng.permutation(n) for _ in range(1999))]


def _checked(scores, accuracies):
    """Return both as arrays, and which candidates have a score."""
    scores, accuracies = np.asarray(scores, "float64"), np.asarray(accuracies, "float64")
    if scores.ndim != 2 or scores.shape != accuracies.shape or not scores.size:
        raise ValueError(
            "Scores and accuracies must both be shaped (draws, candidates), one or more of each; "
            f"got {scores.shape} and {accuracies.shape}."
        )
    if not ((accuracies >= 0) & (accuracies <= 1)).all():
        raise ValueError(f"Accuracies must be from 0 to 1; got {accuracies.min():g} to {accuracies.max():g}.")
    there = np.isfinite(scores).all(axis=0)
    if np.isinf(scores).any() or not np.isnan(scores[:, ~there]).all() or not there.any():
        raise ValueError(
            "A candidate must have a finite score in every draw, or NaN in every draw if it has none; got "
            f"{int(there.sum())} of {len(there)} with a score in every draw."
        )
    return scores, accuracies, there
