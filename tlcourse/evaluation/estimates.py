"""Estimates from images of patients: a patient's images are alike, so it is the patients that count."""

from dataclasses import dataclass

import numpy as np

from tlcourse.evaluation.patients import effective_patients, patient_numbers


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    >>> print(Estimate(0.8312, 0.79, 0.866))
    0.831 [0.790, 0.866]
    """

    value: float
    low: float
    high: float

    def __str__(self):
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def clustered_mean(values, patients=None):
    """Return the mean over images with an interval over patients.

    The variance is that of the patients' sums around their expectation, ``sum_p (sum_i (x_pi - mean))^2 / (1 - n_p / n)
    / n^2``, since the mean leans to a patient with many images; Student's t with one degree of freedom less than there
    are patients. Patients of unequal size are worth fewer, ``n^2 / sum_p n_p^2`` (Kish).

    Args:
        values: one finite number for each image, ``(n,)``.
        patients: whose image it is, ``(n,)``; at least two patients.

    Returns:
        An `Estimate`.

    Raises:
        ValueError: if values are not such, or there is one patient.

    Source:
        Liang & Zeger (1986), *Longitudinal data analysis using generalized linear models*, Biometrika 73; the factor
        ``1 / (1 - n_p / n)``: Bell & McCaffrey (2002), *Bias reduction in standard errors for linear regression with
        multi-stage samples*, Survey Methodology 28.

    >>> print(clustered_mean([1, 1, 0, 0, 1, 1], patients=["a", "a", "b", "b", "c", "c"]))
    0.667 [-0.768, 2.101]
    """
    from scipy.stats import t

    values, patients, variance = _clustered(values, patients)
    half = t.ppf(0.975, max(effective_patients(patients) - 1, 1)) * np.sqrt(variance)
    return Estimate(float(values.mean()), float(values.mean() - half), float(values.mean() + half))


def proportion(right, patients=None):
    """Return a share of images with an interval over patients, inside [0, 1] also near its ends.

    Wilson's score interval for as many independent images as the n dependent ones are worth: n over the design effect,
    at least 1. It is the larger of two: the variance over patients by that of independent images, and 1 + (m - 1) times
    the correlation of a patient's images, from an analysis of variance, with m images of the same patient for the mean
    image. The first alone comes out too small where the few patients with errors happen to have few images. Where all
    images agree neither can be estimated, and the correlation is taken as 1: so the first error can make the interval
    narrower.

    The price of an estimated design effect is Student's t, for n / m patients less one (Kish's count of patients, of
    which large ones take more than their share). With one image of each patient it is the plain Wilson interval.

    Args:
        right: bool for each image, ``(n,)``.
        patients: whose image it is, ``(n,)``.

    Returns:
        An `Estimate`.

    Raises:
        ValueError: if there is no image or a value is neither 0 nor 1.

    Source:
        Wilson (1927), *Probable inference, the law of succession, and statistical inference*, JASA 22; Rao & Scott
        (1992), *A simple method for the analysis of clustered binary data*, Biometrics 48; Donner & Klar (1993),
        *Confidence interval construction for effect measures arising from cluster randomization trials*, Journal of
        Clinical Epidemiology 46; t by way of the number of independent images: Korn & Graubard (1998), Survey
        Methodology 24, who put it into the exact interval.

    >>> print(proportion(np.arange(100) < 80))
    0.800 [0.711, 0.867]
    """
    from scipy.stats import t

    right = np.asarray(right)
    if right.ndim != 1 or not len(right) or not np.isin(right, [0, 1]).all():
        raise ValueError(f"A proportion needs at least one image, each 0 or 1; got {right[:5]} of shape {right.shape}.")
    n, p, patients = len(right), right.mean(), patient_numbers(patients, len(right))
    effective, quantile = effective_patients(patients), 1.959964
    if 0 < p < 1 and 1 < patients.max() + 1 < n:
        quantile = t.ppf(0.975, max(effective - 1, 1))
        effective = n / _design_effect(right, patients)
    share = quantile**2 / effective
    centre = (p + share / 2) / (1 + share)
    half = np.sqrt(share * (p * (1 - p) + share / 4)) / (1 + share)
    return Estimate(float(p), float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def _design_effect(right, patients):
    """The larger of two estimates, at least 1, of the variance of a share by that of as many independent images."""
    n, variance, sizes = len(right), right.var(), np.bincount(patients)
    by_patient = _clustered(right, patients)[2] * (n - 1) / variance
    alike, freedom = n / effective_patients(patients), len(sizes) - 1
    between = (np.bincount(patients, right - right.mean()) ** 2 / sizes).sum()
    among, within = between / freedom, (n * variance - between) / (n - len(sizes))
    correlation = (among - within) / (among + ((n - alike) / freedom - 1) * within)
    return max(1.0, by_patient, 1 + (alike - 1) * correlation)


def _clustered(values, patients):
    values = np.asarray(values, "float64")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"There must be one finite number for each image; got shape {values.shape}.")
    patients = patient_numbers(patients, len(values))
    count, n = patients.max(initial=-1) + 1, len(values)
    if count < 2:
        raise ValueError(f"An interval over patients needs at least two; got {count}.")
    sums, shares = np.bincount(patients, values - values.mean()), np.bincount(patients) / n
    return values, patients, (sums**2 / (1 - shares)).sum() / n**2
