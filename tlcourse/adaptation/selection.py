"""Which model to keep when no target label says so? Each score is one that a practitioner could compute."""

import numpy as np

from tlcourse.checks import checked_labels


def source_risk(labels, logits):
    """Return the share of wrong answers on labelled source examples. Lower is better.

    It never sees the target, so it can't tell a model that has adapted from one that has not.

    Args:
        labels: whole numbers ``(n,)``, of source examples that were not trained on.
        logits: finite float ``(n, classes)``, with two classes or more.

    Raises:
        ValueError: if the arrays are not such.

    >>> source_risk(np.array([0, 1]), np.array([[2.0, 0.0], [3.0, 1.0]]))
    0.5
    """
    logits = checked_logits(logits)
    labels = checked_labels(labels, len(logits))
    if labels.max() >= logits.shape[1]:
        raise ValueError(f"Labels must be below {logits.shape[1]}, the number of logits; got {labels.max()}.")
    return float(np.mean(logits.argmax(axis=1) != labels))


def mean_entropy(logits):
    """Return the mean entropy of a model's answers on unlabelled target examples, in nats. Lower is taken for better.

    A model may be certain and wrong: training that asks for certainty lowers this score whatever else it does.

    Args:
        logits: finite float ``(n, classes)``, with two classes or more.

    Returns:
        A number from 0 to ``log(classes)``.

    Raises:
        ValueError: if the logits are not such, or look like probabilities: a softmax on a softmax would level them.

    Source:
        Morerio, Cavazza & Murino (2018), *Minimal-Entropy Correlation Alignment for Unsupervised Deep Domain
        Adaptation*, ICLR, choose by it.

    >>> round(mean_entropy(np.zeros((3, 4))), 4) == round(float(np.log(4)), 4)
    True
    """
    from scipy.special import log_softmax

    log_p = log_softmax(checked_logits(logits, no_probabilities=True), axis=1)
    return float(-(np.exp(log_p) * log_p).sum(axis=1).mean())


def reverse_validation(source_features, source_labels, target_features, pseudo_labels):
    """Return the error on the source of a classifier that learned from the target's pseudo-labels. Lower is better.

    The model names the target's examples; a logistic regression learns these names from the target's features, and is
    asked about the source, where the truth is known. If the names were wrong, it should fail there.

    Args:
        source_features: finite float ``(n, d)``.
        source_labels: whole numbers ``(n,)``.
        target_features: finite float ``(m, d)``.
        pseudo_labels: the model's own answers on the target, whole numbers ``(m,)``.

    Returns:
        Share of wrong answers, from 0 to 1. If all pseudo-labels are one class, that class is the answer everywhere.

    Raises:
        ValueError: if the arrays are not such.

    Source:
        Zhong, Fan, Yang, Verscheure & Ren (2010), *Cross Validation Framework to Choose amongst Models and Datasets for
        Transfer Learning*, ECML; Ganin et al. (2016), JMLR 17(59), section 5.1.2.

    >>> points = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> reverse_validation(points, np.array([0, 0, 1, 1]), points, np.array([1, 1, 0, 0]))
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known, asked = np.asarray(target_features, "float64"), np.asarray(source_features, "float64")
    if known.ndim != 2 or asked.ndim != 2 or known.shape[1] != asked.shape[1]:
        raise ValueError(f"Features must be shaped (n, d) and (m, d) with one d; got {asked.shape} and {known.shape}.")
    if not (np.isfinite(known).all() and np.isfinite(asked).all()):
        raise ValueError("Features must be finite; got NaN or infinity. Find them with np.isfinite.")
    names, truth = checked_labels(pseudo_labels, len(known)), checked_labels(source_labels, len(asked))
    if len(np.unique(names)) == 1:
        return float(np.mean(truth != names[0]))
    reverse = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(known, names)
    return float(np.mean(reverse.predict(asked) != truth))


def oracle_gap(scores, accuracies):
    """Return what choosing by a score loses against choosing by the target's labels.

    Args:
        scores: by candidate, a score of which the lowest is chosen. If several are level, the score can't tell them
            apart, and the worst of them counts.
        accuracies: by candidate, accuracy on labelled target examples, which a practitioner does not have.

    Returns:
        The candidate that the score chooses, and the best accuracy less its accuracy, at least 0.

    Raises:
        ValueError: if the two have not the same candidates, or a value is not finite.

    Source:
        Musgrave, Belongie & Lim (2021), *Unsupervised Domain Adaptation: A Reality Check*, arXiv:2111.15672.

    >>> oracle_gap({"a": 0.1, "b": 0.2}, {"a": 0.5, "b": 0.75})
    ('a', 0.25)
    """
    if not scores or set(scores) != set(accuracies):
        raise ValueError(f"Scores and accuracies must be of the same candidates; got {[*scores]} and {[*accuracies]}.")
    if not np.isfinite([*scores.values(), *accuracies.values()]).all():
        raise ValueError(f"Scores and accuracies must be finite; got {scores} and {accuracies}.")
    chosen = min(scores, key=lambda candidate: (scores[candidate], accuracies[candidate]))
    return chosen, float(max(accuracies.values()) - accuracies[chosen])


def checked_logits(logits, *, no_probabilities=False):
    """Return logits as float64 ``(n, classes)``.

    Raises:
        ValueError: if they are not finite and of two classes or more; with ``no_probabilities``, also if each row is at
            least 0 and sums to 1.
    """
    logits = np.asarray(logits, "float64")
    if logits.ndim != 2 or len(logits) == 0 or logits.shape[1] < 2 or not np.isfinite(logits).all():
        raise ValueError(f"Logits must be finite and shaped (n, classes), two classes or more; got {logits.shape}.")
    if no_probabilities and logits.min() >= 0 and np.allclose(logits.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            "Each row is at least 0 and sums to 1: these are probabilities. Give logits, or their logarithm."
        )
    return logits
