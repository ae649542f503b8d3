"""How well do scores rank the ill above the well? The area under the ROC curve, with intervals over patients."""

import numpy as np

from tlcourse.evaluation.estimates import Estimate
from tlcourse.evaluation.patients import effective_patients, patient_numbers


def auc_interval(labels, scores, patients=None):
    """Return the area under the ROC curve: the share of pairs, one ill and one well, in the right order.

    A tied pair counts one half. The variance is DeLong's, summed by patient (Obuchowski); the interval is symmetric
    about the log odds of the area, with Student's t for the patients of the rarer class less one, of whom those with
    many images take more than their share (Kish). Where that variance is 0, as in a perfect ranking, or a class has one
    patient, Newcombe's score interval for as many patients is returned. Near an area of 1, with several images of a
    patient, it covers less than 95 %.

    Args:
        labels: 0 or 1 for each image, ``(n,)``, both of them there.
        scores: finite, larger for 1, ``(n,)``.
        patients: whose image it is, ``(n,)``; by default each image is a patient.

    Returns:
        An `Estimate`.

    Raises:
        ValueError: if there is one class only, lengths differ or a score is not finite.

    Source:
        DeLong, DeLong & Clarke-Pearson (1988), Biometrics 44; Obuchowski (1997), *Nonparametric analysis of clustered
        ROC curve data*, Biometrics 53; Newcombe (2006), Statistics in Medicine 25, method 5.

    >>> auc_interval([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9]).value
    0.75
    """
    from scipy.special import expit, logit
    from scipy.stats import t

    labels, scores = checked_scores(labels, scores)
    patients = patient_numbers(patients, len(labels))
    ill, well = _placements(labels, scores)
    auc = float(ill.mean())
    rarer = min(len(np.unique(patients[labels == each])) for each in (0, 1))
    variance = _variance(labels, ill, well, patients)
    if not 0 < auc < 1 or variance <= 0 or rarer < 2:
        return Estimate(auc, *_newcombe(auc, *(len(np.unique(patients[labels == each])) for each in (1, 0))))
    freedom = max(min(effective_patients(patients[labels == each]) for each in (0, 1)) - 1, 1)
    half = t.ppf(0.975, freedom) * np.sqrt(variance) / (auc * (1 - auc))
    return Estimate(auc, float(expit(logit(auc) - half)), float(expit(logit(auc) + half)))


def auc_difference(labels, scores, others, patients=None):
    """Return the AUC of one model less that of another, on the same images.

    Half-widths a and b of the two single intervals are combined as those of correlated estimates, to
    ``sqrt(a^2 + b^2 - 2 r a b)``, with DeLong's correlation r (by patient, Obuchowski). In a sample it is too sure:
    where two models rank all images alike it is 1, and no width would be left. So it is taken as ``r k / (k + 2)`` with
    the k patients of the rarer class, as if there were two more about whom the models have nothing in common; a
    negative one stays. Models that are nearly the same get a wide interval from few patients; `make bench` prints how
    often it holds the truth.

    Args:
        labels: 0 or 1 for each image, ``(n,)``; at least two patients of each.
        scores: of the one model, ``(n,)``.
        others: of the other model, ``(n,)``.
        patients: whose image it is, ``(n,)``.

    Returns:
        An `Estimate` between -1 and 1.

    Raises:
        ValueError: as `auc_interval`, or if a class has fewer than two patients.

    Source:
        Zou (2007), *Toward using confidence intervals to compare correlations*, Psychological Methods 12, for the
        combination (there each side has its own widths, which is wider for models that are alike); two more
        observations: Agresti & Min (2005), Statistics in Medicine 24, for paired proportions.

    >>> auc_difference([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9], [0.1, 0.2, 0.3, 0.9]).value
    -0.25
    """
    labels, scores = checked_scores(labels, scores)
    _, others = checked_scores(labels, others)
    numbers = patient_numbers(patients, len(labels))
    rarer = min(len(np.unique(numbers[labels == each])) for each in (0, 1))
    if rarer < 2:
        raise ValueError(f"Two models can be compared with at least two patients of each class; got {rarer}.")
    one, other = (auc_interval(labels, each, patients) for each in (scores, others))
    alike = _correlation(labels, scores, others, numbers)
    alike *= rarer / (rarer + 2) if alike > 0 else 1
    a, b = (one.high - one.low) / 2, (other.high - other.low) / 2
    difference, half = one.value - other.value, np.sqrt(a**2 + b**2 - 2 * alike * a * b)
    return Estimate(difference, float(max(difference - half, -1.0)), float(min(difference + half, 1.0)))


def checked_binary(labels):
    """Return labels as int ``(n,)``.

    Raises:
        ValueError: if they are not 0 and 1, both of them there.
    """
    labels = np.asarray(labels)
    found = np.unique(labels)
    if labels.ndim != 1 or len(found) != 2 or not np.isin(found, [0, 1]).all():
        raise ValueError(f"Labels must be 0 and 1, one for each image, both of them there; got {found[:5].tolist()}.")
    return labels.astype(int)


def checked_scores(labels, scores):
    """Return labels as int and scores as float64, ``(n,)`` each.

    Raises:
        ValueError: if labels are not 0 and 1, both of them there, or there is not one finite score for each.
    """
    labels, scores = checked_binary(labels), np.asarray(scores, "float64")
    if scores.shape != labels.shape or not np.isfinite(scores).all():
        raise ValueError(f"There must be one finite score for each of {len(labels)} labels; got shape {scores.shape}.")
    return labels, scores


def _placements(labels, scores):
    """For each ill image the share of the well ones below it, for each well one that of the ill ones above it."""
    from scipy.stats import rankdata

    ill, well = scores[labels == 1], scores[labels == 0]
    ranks = rankdata(np.concatenate([ill, well]))
    below = (ranks[: len(ill)] - rankdata(ill)) / len(well)
    above = 1 - (ranks[len(ill) :] - rankdata(well)) / len(ill)
    return below, above


def _variance(labels, ill, well, patients):
    """Obuchowski's equation for the variance, from placements (or differences of placements) and their mean.

    Her factor for the number of patients stands at each patient, by the share of its images, as in `clustered_mean`.
    """
    count, mean = patients.max() + 1, ill.mean()
    sums = [np.bincount(patients[labels == each], of - mean, minlength=count) for each, of in ((1, ill), (0, well))]
    shares = [np.bincount(patients[labels == each], minlength=count) / (labels == each).sum() for each in (1, 0)]
    of_ill, of_well = (
        values / np.sqrt(np.where(share < 1, 1 - share, 1)) / number
        for values, share, number in zip(sums, shares, (len(ill), len(well)))
    )
    return max((of_ill**2).sum() + (of_well**2).sum() + 2 * (of_ill * of_well).sum(), 0.0)


def _correlation(labels, scores, others, patients):
    """DeLong's correlation of two areas; 0 where one has no variance and nothing is known of it."""
    (ill, well), (other_ill, other_well) = _placements(labels, scores), _placements(labels, others)
    own, of_other = _variance(labels, ill, well, patients), _variance(labels, other_ill, other_well, patients)
    if min(own, of_other) <= 0:
        return 0.0
    of_difference = _variance(labels, ill - other_ill, well - other_well, patients)
    return np.clip((own + of_other - of_difference) / (2 * np.sqrt(own * of_other)), -1, 1)


def _newcombe(auc, ill, well):
    """Ends of the interval of areas whose Hanley-McNeil variance does not exclude this one."""
    from scipy.optimize import brentq

    def excess(area):
        half = (ill + well) / 2 - 1
        spread = area * (1 - area) * (1 + half * ((1 - area) / (2 - area) + area / (1 + area))) / (ill * well)
        return (auc - area) ** 2 - 1.959964**2 * spread

    low = brentq(excess, 1e-9, auc - 1e-9) if auc > 1e-6 else 0.0
    high = brentq(excess, auc + 1e-9, 1 - 1e-9) if auc < 1 - 1e-6 else 1.0
    return float(low), float(high)
