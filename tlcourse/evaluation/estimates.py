"""Estimates from images of patients: a patient's images are alike, so it is the patients that count."""

from dataclasses import dataclass

import numpy as np


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


def patient_numbers(patients, n):
    """Return a number from 0 on for the patient of each image; without ``patients`` each image is a patient.

    Raises:
        ValueError: if there is not one patient for each of the n images.
    """
    if patients is None:
        return np.arange(n)
    patients = np.asarray(patients)
    if patients.shape != (n,):
        raise ValueError(f"There must be one patient for each of {n} images; got shape {patients.shape}.")
    return np.unique(patients, return_inverse=True)[1]


def clustered_mean(values, patients=None):
    """Return the mean over images with an interval over patients.

    The variance is that of the patients' sums around their expectation, ``P / (P - 1) * sum_p (sum_i (x_pi - mean))^2 /
    n^2``; Student's t with P - 1 degrees of freedom.

    Args:
        values: one finite number for each image, ``(n,)``.
        patients: whose image it is, ``(n,)``; at least two patients.

    Returns:
        An `Estimate`.

    Raises:
        ValueError: if values are not such, or there is one patient.

    Source:
        Liang & Zeger (1986), *Longitudinal data analysis using generalized linear models*, Biometrika 73.

    >>> print(clustered_mean([1, 1, 0, 0, 1, 1], patients=["a", "a", "b", "b", "c", "c"]))
    0.667 [-0.768, 2.101]
    """
    from scipy.stats import t

    values, patients, variance = _clustered(values, patients)
    count = patients.max() + 1
    half = t.ppf(0.975, count - 1) * np.sqrt(variance)
    return Estimate(float(values.mean()), float(values.mean() - half), float(values.mean() + half))


def proportion(right, patients=None):
    """Return a share of images with an interval over patients, inside [0, 1] also near its ends.

    Wilson's score interval for as many independent images as the n dependent ones are worth: n over the design effect,
    which is the variance over patients by that of independent images, at least 1. Where all images agree it can't be
    estimated, and each patient counts once.

    Args:
        right: bool for each image, ``(n,)``.
        patients: whose image it is, ``(n,)``.

    Returns:
        An `Estimate`.

    Raises:
        ValueError: if there is no image or a value is neither 0 nor 1.

    Source:
        Wilson (1927), *Probable inference, the law of succession, and statistical inference*, JASA 22; Rao & Scott
        (1992), *A simple method for the analysis of clustered binary data*, Biometrics 48.

    >>> print(proportion(np.arange(100) < 80))
    0.800 [0.711, 0.867]
    """
    right = np.asarray(right)
    if right.ndim != 1 or not len(right) or not np.isin(right, [0, 1]).all():
        raise ValueError(f"A proportion needs at least one image, each 0 or 1; got {right[:5]} of shape {right.shape}.")
    n, p = len(right), right.mean()
    count = patient_numbers(patients, n).max() + 1
    effective = count
    if 0 < p < 1 and count > 1:
        effective = n / max(1.0, _clustered(right, patients)[2] * (n - 1) / (p * (1 - p)))
    z = 1.959964
    centre = (p + z**2 / (2 * effective)) / (1 + z**2 / effective)
    half = z * np.sqrt(p * (1 - p) / effective + z**2 / (4 * effective**2)) / (1 + z**2 / effective)
    return Estimate(float(p), float(max(0.0, centre - half)), float(min(1.0, centre + half)))


def _clustered(values, patients):
    values = np.asarray(values, "float64")
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"There must be one finite number for each image; got shape {values.shape}.")
    patients = patient_numbers(patients, len(values))
    count = patients.max(initial=-1) + 1
    if count < 2:
        raise ValueError(f"An interval over patients needs at least two; got {count}.")
    sums = np.bincount(patients, values - values.mean())
    return values, patients, count / (count - 1) * (sums**2).sum() / len(values) ** 2
