"""Is a score worth anything? How it ranks candidates, and what its choice reaches."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """What a score was worth.

    Attributes:
        tau: agreement with the accuracies, from -1 to 1, float ``(draws,)``, its mean over targets.
        p: the share of exchanges of whole sources that agree at least as well, on average over draws and targets.
        reached: accuracy of the candidate with the highest score, float ``(draws,)``, its mean over targets.
    """

    tau: np.ndarray
    p: float
    reached: np.ndarray


def judge_scores(scores, accuracies, sources):
    """Compare scores with what their candidates turned out to reach.

    In each draw the score is compared with accuracies that are averaged over draws. The same sources are exchanged on
    all targets. Of candidates with one and the same highest score, any may be taken: their accuracies are averaged.

    Args:
        scores: by target and name, float ``(draws, candidates)``; NaN throughout for a candidate that has no score.
        accuracies: by target, float ``(draws, candidates)``, from 0 to 1.
        sources: ``(candidates,)``, the source of each; those with a score are as many for each source.

    Returns:
        A `Ranking` for each name.

    Raises:
        ValueError: if shapes differ, or as `rank_agreement` does.

    >>> accuracies = {"digits": np.array([[0.7, 0.9], [0.7, 0.8]])}
    >>> scores = {"digits": {"right": np.array([[1, 2], [1, 2]]), "level": np.ones((2, 2))}}
    >>> judged = judge_scores(scores, accuracies, ["photos", "letters"])
    >>> {name: float(ranking.reached.mean().round(3)) for name, ranking in judged.items()}
    {'right': 0.85, 'level': 0.775}
    """
    sources, judged = np.asarray(sources), {}
    for name in next(iter(scores.values())):
        of_targets = [(np.asarray(scores[target][name], float), accuracies[target]) for target in scores]
        exchanged = np.mean([_agreements(*each, sources) for each in of_targets], axis=0)
        p = np.mean(exchanged.mean(axis=0) >= exchanged[:, 0].mean() - 1e-9)
        reached = np.mean([_reached(*each) for each in of_targets], axis=0)
        judged[name] = Ranking(exchanged[:, 0], float(p), reached)
    return judged


def rank_agreement(*, scores, gains, sources):
    """Return how well scores rank candidates by their gain, and how well they would if sources exchanged them.

    Kendall's τ, in which a swap near the top weighs more: hyperbolic weights by rank, averaged over both orders.
    Candidates of one source, such as its layers, are alike, so they are no independent tries. To see what chance gives,
    the scores of *whole sources* are exchanged in all ways, or in 2,000 random ones where there are more.

    Args:
        scores: float ``(n,)``, of candidates.
        gains: float ``(n,)``, what each candidate turned out to bring.
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
    names, sizes = np.unique(sources, return_counts=True)
    if not scores.shape == gains.shape == sources.shape or scores.ndim != 1:
        raise ValueError(f"There must be one of each; got {scores.shape}, {gains.shape} and {sources.shape}.")
    if len(names) < 2 or len(set(sizes)) > 1 or not np.isfinite([scores, gains]).all():
        raise ValueError(
            "There must be two sources or more, with as many candidates each, and finite numbers; "
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


def _agreements(score, accuracy, sources):
    if score.shape != accuracy.shape or score.shape[1:] != sources.shape:
        raise ValueError(
            "Scores and accuracies must be shaped (draws, candidates), with one source for each candidate; "
            f"got {score.shape}, {accuracy.shape} and {sources.shape}."
        )
    there = np.isfinite(score).all(axis=0)
    gains = accuracy.mean(axis=0)[there]
    return [rank_agreement(scores=one[there], gains=gains, sources=sources[there]) for one in score]


def _reached(score, accuracy):
    highest = np.isclose(score, np.nanmax(score, axis=1, keepdims=True))
    return (accuracy * highest).sum(axis=1) / highest.sum(axis=1)
