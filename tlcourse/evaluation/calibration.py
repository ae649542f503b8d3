"""Do probabilities mean what they say? How far they are off, and two repairs that need no new training."""

import warnings

import numpy as np

from tlcourse.evaluation.ranking import checked_binary, checked_scores


def calibration_curve(labels, probabilities, *, bins=10):
    """Return, for each bin of equally many images, what was said and what was so.

    Images of one probability may fall into several bins; each then counts with their common share of ones, so that the
    order of the images does not matter.

    Args:
        labels: 0 or 1, ``(n,)``.
        probabilities: of a 1, from 0 to 1, ``(n,)``, n at least ``bins``.
        bins: how many, at least 1.

    Returns:
        Mean probability and share of ones by bin, ``(bins,)`` each.

    Raises:
        ValueError: if there is one class only, a probability is outside [0, 1], or there are too few images.

    >>> said, so = calibration_curve([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2)
    >>> said.round(2).tolist(), so.tolist()
    ([0.2, 0.8], [0.0, 1.0])
    """
    labels, probabilities = _checked(labels, probabilities)
    if not 1 <= bins <= len(labels):
        raise ValueError(f"bins must be from 1 to the number of images, {len(labels)}; got {bins}.")
    values, which, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    share = np.bincount(which, labels) / counts
    parts = np.array_split(np.sort(which), bins)
    return np.array([values[part].mean() for part in parts]), np.array([share[part].mean() for part in parts])


def calibration_error(labels, probabilities, *, bins=10):
    """Return the expected calibration error: the mean distance of what was said and what was so, over bins.

    With bins of equally many images, each weighs the same. It is biased upwards where images are few: even perfect
    probabilities do not give 0.

    Args:
        labels: 0 or 1, ``(n,)``.
        probabilities: of a 1, from 0 to 1, ``(n,)``.
        bins: how many.

    Raises:
        ValueError: as `calibration_curve`.

    Source:
        Naeini, Cooper & Hauskrecht (2015), *Obtaining Well Calibrated Probabilities Using Bayesian Binning*, AAAI; bins
        of equal mass: Nixon et al. (2019), *Measuring Calibration in Deep Learning*.

    >>> round(calibration_error([0, 0, 1, 1], [0.1, 0.3, 0.7, 0.9], bins=2), 2)
    0.2
    """
    said, so = calibration_curve(labels, probabilities, bins=bins)
    sizes = [len(rows) for rows in np.array_split(np.arange(len(np.asarray(labels))), bins)]
    return float(np.average(np.abs(said - so), weights=sizes))


def fit_temperature(labels, logits):
    """Return the temperature T that makes ``sigmoid(logits / T)`` most likely.

    Above 1 the model was too sure. The order of the images stays, and so does the AUC.

    Args:
        labels: 0 or 1, ``(n,)``, both of them there: of a validation set.
        logits: finite log odds of a 1, ``(n,)``; of probabilities take ``scipy.special.logit``.

    Returns:
        T, from 0.01 to 100.

    Raises:
        ValueError: if there is one class only, lengths differ or a logit is not finite.

    Warns:
        UserWarning: if all logits are from 0 to 1, so that they look like probabilities, or T is at the end of its
            range.

    Source:
        Guo, Pleiss, Sun & Weinberger (2017), *On Calibration of Modern Neural Networks*, ICML.

    >>> labels, honest = np.array([0, 0, 0, 1] * 50), np.full(200, np.log(1 / 3))
    >>> round(fit_temperature(labels, 3 * honest), 2)
    3.0
    """
    from scipy.optimize import minimize_scalar

    labels, logits = checked_scores(labels, logits)
    if logits.min() >= 0 and logits.max() <= 1:
        warnings.warn(
            f"All {len(logits)} logits are from 0 to 1. Are they probabilities? Then take scipy.special.logit of them.",
            stacklevel=2,
        )

    def surprise(log_temperature):
        scaled = logits / np.exp(log_temperature)
        return np.mean(np.logaddexp(0, scaled) - labels * scaled)

    best = minimize_scalar(surprise, bounds=(np.log(0.01), np.log(100)), method="bounded", options={"xatol": 1e-6})
    found = float(np.exp(best.x))
    if not 0.0101 < found < 99:
        why = "separate the classes without error" if found < 1 else "say nothing, or the opposite"
        warnings.warn(f"T is at the end of its range, {found:.4g}: the logits {why}. Don't use it.", stacklevel=2)
    return found


def shift_prior(probabilities, old, new):
    """Return probabilities for another prevalence, if the images of the ill and of the well are as they were.

    The odds are multiplied by ``new / (1 - new)`` over ``old / (1 - old)``.

    Args:
        probabilities: of a 1, from 0 to 1, ``(n,)``.
        old: prevalence where the model was trained, above 0 and below 1.
        new: prevalence where it is used, above 0 and below 1.

    Raises:
        ValueError: if a number is outside its range.

    Source:
        Saerens, Latinne & Decaestecker (2002), *Adjusting the Outputs of a Classifier to New a Priori Probabilities*,
        Neural Computation 14, equation 2.4.

    >>> shift_prior(np.array([0.5]), old=0.5, new=0.2).round(3).tolist()
    [0.2]
    """
    probabilities = np.asarray(probabilities, "float64")
    if not ((probabilities >= 0) & (probabilities <= 1)).all() or not (0 < old < 1 and 0 < new < 1):
        raise ValueError(f"Probabilities must be from 0 to 1, prevalences above 0 and below 1; got {old} and {new}.")
    ill, well = probabilities * new / old, (1 - probabilities) * (1 - new) / (1 - old)
    return ill / (ill + well)


def _checked(labels, probabilities):
    labels, probabilities = checked_binary(labels), np.asarray(probabilities, "float64")
    if probabilities.shape != labels.shape or not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            f"There must be one probability from 0 to 1 for each of {len(labels)} labels; got {probabilities[:5]} of "
            f"shape {probabilities.shape}. Of logits take the sigmoid."
        )
    return labels, probabilities
