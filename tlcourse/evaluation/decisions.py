"""A threshold turns scores into decisions: how it is chosen, and what then holds among the ill and among the well."""

import warnings
from dataclasses import dataclass

import numpy as np

from tlcourse.evaluation.estimates import Estimate, proportion
from tlcourse.evaluation.patients import patient_numbers
from tlcourse.evaluation.ranking import auc_interval, checked_scores
from tlcourse.evaluation.tables import Table


def threshold_at(labels, scores, *, specificity):
    """Return the lowest threshold at which at least this share of the well is left alone.

    Args:
        labels: 0 or 1, ``(n,)``, both of them there: of a validation set, not of the test set.
        scores: finite, larger for 1, ``(n,)``. An image is named ill if its score reaches the threshold.
        specificity: wanted share, above 0 and below 1.

    Returns:
        A score, or infinity where only a threshold above all scores leaves so many alone.

    Raises:
        ValueError: if there is one class only, or a number is outside its range.

    Warns:
        UserWarning: if the threshold is infinite: nobody would be named ill.

    >>> threshold_at([0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.5, 0.9], specificity=0.75)
    0.5
    """
    from sklearn.metrics import roc_curve

    if not 0 < specificity < 1:
        raise ValueError(f"specificity must be above 0 and below 1; got {specificity}.")
    false_positive_rate, _, thresholds = roc_curve(*checked_scores(labels, scores), drop_intermediate=False)
    threshold = float(thresholds[false_positive_rate <= 1 - specificity + 1e-12][-1])
    if np.isinf(threshold):
        warnings.warn(
            f"No score leaves {specificity:.3g} of the well alone, because too many of them have the highest one: the "
            "threshold is infinite, and nobody is named ill. Are the scores cut off, or the images alike?",
            stacklevel=2,
        )
    return threshold


@dataclass(frozen=True)
class OperatingPoint:
    """What a threshold does, each an `Estimate` with an interval over patients.

    Attributes:
        sensitivity: share of the ill that are named ill.
        specificity: share of the well that are left alone.
        ppv: share of those named ill that are ill, at the prevalence of these images.
        npv: share of those left alone that are well, at that prevalence.
        accuracy: share of all images that are named rightly.
    """

    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    accuracy: Estimate


def operating_point(labels, scores, threshold, patients=None):
    """Return sensitivity, specificity, predictive values and accuracy at a threshold.

    Args:
        labels: 0 or 1, ``(n,)``, both of them there.
        scores: ``(n,)``; an image is named ill if its score reaches the threshold.
        threshold: a number.
        patients: whose image it is, ``(n,)``; by default each image is a patient.

    Returns:
        An `OperatingPoint`. A predictive value of nobody is NaN, with an interval from 0 to 1.

    Raises:
        ValueError: if there is one class only, lengths differ, a score is not finite or the threshold is NaN.

    >>> point = operating_point([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold=0.5)
    >>> point.sensitivity.value, point.ppv.value
    (0.5, 0.5)
    """
    labels, scores = checked_scores(labels, scores)
    if np.isnan(threshold):
        raise ValueError("The threshold must be a number; got NaN, which names nobody ill.")
    named, patients = scores >= threshold, patient_numbers(patients, len(labels))

    def share(right, among):
        return proportion(right[among], patients[among]) if among.any() else Estimate(float("nan"), 0.0, 1.0)

    return OperatingPoint(
        sensitivity=share(named, labels == 1),
        specificity=share(~named, labels == 0),
        ppv=share(labels == 1, named),
        npv=share(labels == 0, ~named),
        accuracy=share(named == labels, labels >= 0),
    )


def predictive_values(sensitivity, specificity, prevalence):
    """Return the positive and the negative predictive value at a prevalence, by Bayes' theorem.

    ``PPV = 1 / (1 + r (1 - π) / π)`` with the ratio ``r = (1 - specificity) / sensitivity``, and NPV likewise. From two
    estimates, the interval of the ratio is made of theirs (MOVER-R), and becomes that of the predictive value. The
    prevalence is taken as known.

    Args:
        sensitivity: a number from 0 to 1, or an `Estimate`, such as that of an `operating_point`.
        specificity: the same.
        prevalence: above 0 and below 1, of the place where the values are wanted.

    Returns:
        Two numbers, or for estimates two of `Estimate`. A predictive value of nobody is NaN.

    Raises:
        TypeError: if one is an estimate and the other is not.
        ValueError: if a number is outside its range.

    Source:
        For the interval of a ratio: Donner & Zou (2012), *Closed-form confidence intervals for functions of the normal
        mean and standard deviation*, Statistical Methods in Medical Research 21; Newcombe (2016), *MOVER-R confidence
        intervals for ratios and products of two independently estimated quantities*, the same 25.

    >>> ppv, npv = predictive_values(0.9, 0.9, 0.5)
    >>> round(ppv, 2), round(predictive_values(0.9, 0.9, 0.01)[0], 3)
    (0.9, 0.083)
    >>> print(predictive_values(Estimate(0.9, 0.8, 0.95), Estimate(0.9, 0.85, 0.94), 0.01)[0])
    0.083 [0.056, 0.132]
    """
    given = sensitivity, specificity
    if len({isinstance(each, Estimate) for each in given}) == 2:
        raise TypeError("Give sensitivity and specificity both as numbers, or both as an Estimate; got one of each.")
    estimated = isinstance(sensitivity, Estimate)
    found, left = given if estimated else (Estimate(each, each, each) for each in given)
    if not (0 <= found.value <= 1 and 0 <= left.value <= 1 and 0 < prevalence < 1):
        raise ValueError(
            "Sensitivity and specificity must be from 0 to 1, the prevalence above 0 and below 1; "
            f"got {found.value}, {left.value}, {prevalence}."
        )
    well_to_ill = (1 - prevalence) / prevalence
    values = _of_odds(_ratio(_rest(left), found), well_to_ill), _of_odds(_ratio(_rest(found), left), 1 / well_to_ill)
    return values if estimated else tuple(each.value for each in values)


def _rest(share):
    return Estimate(1 - share.value, 1 - share.high, 1 - share.low)


def _of_odds(ratio, odds):
    """Return ``1 / (1 + odds * ratio)``, which falls as the ratio grows."""
    return Estimate(*(float(1 / (1 + odds * each)) for each in (ratio.value, ratio.high, ratio.low)))


def _ratio(above, below):
    """Return the ratio of two independent estimates, its interval by MOVER-R; infinite where the second may be 0."""
    if not below.value:
        return Estimate(np.inf if above.value else np.nan, 0.0, np.inf)
    product = above.value * below.value
    upper, lower = (bound * (2 * below.value - bound) for bound in (below.high, below.low))
    least, most = (bound * (2 * above.value - bound) for bound in (above.low, above.high))
    low = least / (product + np.sqrt(max(product**2 - least * upper, 0))) if least else 0.0
    high = (product + np.sqrt(max(product**2 - most * lower, 0))) / lower if lower > 0 else np.inf
    return Estimate(above.value / below.value, low, high)


def subgroup_table(labels, scores, threshold, groups, patients=None):
    """Return a table of AUC, sensitivity and specificity by group, each with its interval over patients.

    Args:
        labels: 0 or 1, ``(n,)``.
        scores: ``(n,)``.
        threshold: the one used for everybody.
        groups: a dictionary from a name to a bool array ``(n,)`` that selects its images.
        patients: whose image it is, ``(n,)``.

    Returns:
        A `Table`; "–" where a group holds one class only.

    Raises:
        ValueError: if a group does not select from the images, or selects none.

    >>> subgroup_table([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.4], 0.5, {"all": np.ones(4, bool)})
    |     | patients |                  AUC |          sensitivity |          specificity |
    |-----|---------:|---------------------:|---------------------:|---------------------:|
    | all |        4 | 1.000 [0.386, 1.000] | 0.500 [0.095, 0.905] | 1.000 [0.342, 1.000] |
    <BLANKLINE>
    In square brackets the 95 % interval over patients.
    """
    labels, scores = np.asarray(labels), np.asarray(scores)
    patients, rows = patient_numbers(patients, len(labels)), []
    for name, chosen in groups.items():
        chosen = np.asarray(chosen)
        if chosen.shape != labels.shape or chosen.dtype != bool or not chosen.any():
            raise ValueError(f"Group {name!r} must be {len(labels)} bools, one of them true; got shape {chosen.shape}.")
        count = str(len(np.unique(patients[chosen])))
        if len(np.unique(labels[chosen])) < 2:
            rows.append([name, count, "–", "–", "–"])
            continue
        point = operating_point(labels[chosen], scores[chosen], threshold, patients[chosen])
        auc = auc_interval(labels[chosen], scores[chosen], patients[chosen])
        rows.append([name, count, str(auc), str(point.sensitivity), str(point.specificity)])
    head = ["", "patients", "AUC", "sensitivity", "specificity"]
    return Table(head, rows, "In square brackets the 95 % interval over patients.")
