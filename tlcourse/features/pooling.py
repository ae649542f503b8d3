"""Somebody else's labels in the same probe, each counting as much as our own labels say."""

from dataclasses import replace

import numpy as np

from tlcourse.checks import checked_labels
from tlcourse.features.probe import DEFAULT_PENALTY, PENALTIES, Probe
from tlcourse.features.ridge import all_positive, fit_ridge, one_against_all

SOURCE_WEIGHTS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def fit_pooled_probe(*, features, labels, source_features, source_labels, weights=SOURCE_WEIGHTS, penalties=PENALTIES):
    """Fit the course's probe on two sets of labels; choose what a source's example counts by the target's own labels.

    Each example of the target counts 1, each of the source as much as the best of ``weights``: the one, with its
    penalty, whose squared error on the target's examples is smallest when each of these is left out. Weight 0 leaves
    the source out and weight 1 is plain pooling. If a class has only one label in the target, leaving it out leaves
    none, and every source would look good: then the smallest weight is taken, with the probe's default penalty. With
    few labels of each class something of that remains: a small weight may be chosen for a source that says nothing.

    Args:
        features: float ``(n, features)``, of the target.
        labels: int ``(n,)``, from 0 on.
        source_features: float ``(m, features)``, from the same layer.
        source_labels: int ``(m,)``, numbered as the target's.
        weights: what to choose from, each from 0 to 1.
        penalties: ridge penalties to choose from, each above 0.

    Returns:
        A `Probe` with its ``source_weight``.

    Raises:
        ValueError: if lengths or widths differ, features are not finite, or a weight or penalty is out of its range.

    Source:
        The weight plays the part of α in Ben-David et al. (2010), *A theory of learning from different domains*,
        Machine Learning 79, which weighs the two errors.

    >>> own, theirs = np.array([[0.0], [0.1], [0.9], [1.0]]), np.array([[0.0], [1.0]])
    >>> theirs_upside_down = np.array([1, 0])
    >>> fit_pooled_probe(features=own, labels=[0, 0, 1, 1], source_features=theirs,
    ...                  source_labels=theirs_upside_down, weights=[0, 1]).source_weight
    0.0
    """
    features, source_features = np.asarray(features, "float64"), np.asarray(source_features, "float64")
    labels = checked_labels(labels, len(features))
    source_labels = checked_labels(source_labels, len(source_features))
    if features.ndim != 2 or source_features.shape[1:] != features.shape[1:]:
        raise ValueError(
            "Features of target and source must be shaped (n, d) and (m, d) with one d, from the same layer; "
            f"got {features.shape} and {source_features.shape}."
        )
    if not len(weights) or not all(0 <= weight <= 1 for weight in weights) or not all_positive(penalties):
        raise ValueError(
            f"Weights must be from 0 to 1 and penalties above 0; got {tuple(weights)} and {tuple(penalties)}."
        )
    classes = int(max(labels.max(), source_labels.max())) + 1
    counts = np.bincount(labels)
    single = counts[counts > 0].min() == 1
    if single:
        weights, penalties = [min(weights)], [DEFAULT_PENALTY]
    both = np.concatenate([features, source_features])
    targets = one_against_all(np.concatenate([labels, source_labels]), classes)
    fits = []
    for weight in weights:
        n = len(both) if weight else len(features)
        counted = np.repeat([1.0, weight], [len(features), len(source_features)])[:n]
        fitted = fit_ridge(both[:n], targets[:n], penalties, weights=counted, judged=len(features))
        fits.append(Probe(None, **fitted, source_weight=float(weight)))
    best = min(fits, key=lambda probe: probe.error)
    return replace(best, error=float("nan")) if single else best
