"""Whose image is it? Names and numbers of patients, and how many of them there are."""

import warnings

import numpy as np

from tlcourse.checks import near_names


def patient_names(patients):
    """Return patients as an array of numbers, or of names without spaces at their ends.

    Args:
        patients: whose image it is, ``(n,)``: all of them numbers, or all of them names.

    Raises:
        ValueError: if the shape is another, names and numbers are mixed, or one is missing: NaN, ``None`` or empty.

    >>> patient_names(["P1 ", "P2"]).tolist()
    ['P1', 'P2']
    """
    if np.ndim(patients) != 1:
        raise ValueError(f"There must be one patient for each image, shaped (n,); got shape {np.shape(patients)}.")
    names = patients if isinstance(patients, np.ndarray) and patients.dtype.kind in "iufMb" else _listed(patients)
    missing = names == "" if names.dtype.kind == "U" else names != names
    if missing.any():
        raise ValueError(
            f"Each image needs a patient; {missing.sum()} have none and would count as one. Leave these images out."
        )
    return names


def patient_numbers(patients, n):
    """Return a number from 0 on for the patient of each image; without ``patients`` each image is a patient.

    Raises:
        ValueError: if there is not one patient for each of the n images, or as `patient_names`.
    """
    if patients is None:
        return np.arange(n)
    if np.shape(patients) != (n,):
        raise ValueError(f"There must be one patient for each of {n} images; got shape {np.shape(patients)}.")
    return np.unique(patient_names(patients), return_inverse=True)[1]


def effective_patients(numbers):
    """Return how many patients of equal size these are worth (Kish): all of them where they have equally many images.

    Args:
        numbers: of the patient of each image, whole numbers from 0 on, ``(n,)``.

    >>> effective_patients([0, 0, 1, 1]), effective_patients([0, 0, 0, 1])
    (2.0, 1.6)
    """
    sizes = np.bincount(numbers)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def warn_of_near_names(names, stacklevel):
    """Warn of names that differ only in case, spaces or zeros before a number, and may be one patient."""
    alike = near_names(np.unique(names)) if names.dtype.kind == "U" else []
    if alike:
        named = "; ".join(map(" and ".join, alike[:5]))
        message = f"These names may be one patient, but count as several: {named}. Write them alike."
        warnings.warn(message, stacklevel=stacklevel + 1)


def _listed(patients):
    items = [each.item() if isinstance(each, np.generic) else each for each in patients]
    missing = [each is None or each != each for each in items]
    names = [isinstance(each, str | bytes) for each in items]
    if any(names) and any(missing):
        return np.array(["" if lost else "name" for lost in missing])  # told apart only to be counted
    if any(names) and not all(names):
        raise ValueError("Patients must be all names or all numbers; these are mixed. Write them all as names.")
    if any(names):
        return np.array([(each.decode() if isinstance(each, bytes) else each).strip() for each in items])
    return np.array([np.nan if lost else each for each, lost in zip(items, missing)])
