"""Who may be in which part: a patient belongs to one."""

import numpy as np

from tlcourse.evaluation.patients import patient_names, warn_of_near_names


def split_by_patient(patients, share, *, seed=0):
    """Return the rows of two parts that have no patient in common.

    Args:
        patients: whose image it is, ``(n,)``, at least two patients: numbers, or names, whose spaces at the ends go.
        share: of the patients that go to the second part, above 0 and below 1.
        seed: seed of the draw.

    Returns:
        Rows of the first and of the second part, int arrays.

    Raises:
        ValueError: if the share is outside its range, there are too few patients, or names and numbers are mixed.

    Warns:
        UserWarning: if two names differ only in case, spaces or zeros before a number, and may be one patient.

    >>> first, second = split_by_patient(np.repeat([4, 7, 9, 11], 2), 0.5)
    >>> len(first), len(second)
    (4, 4)
    """
    from sklearn.model_selection import GroupShuffleSplit

    patients = patient_names(patients)
    warn_of_near_names(patients, stacklevel=2)
    if not 0 < share < 1 or len(np.unique(patients)) < 2:
        raise ValueError(
            f"share must be above 0 and below 1, and there must be two patients; got {share} and "
            f"{len(np.unique(patients))}."
        )
    return next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(patients, groups=patients))


def check_apart(first, second):
    """Refuse two parts that share a patient.

    Args:
        first: patients of the one part, ``(n,)``.
        second: patients of the other, ``(m,)``.

    Raises:
        ValueError: if a patient is in both; it names them. If names are mixed with numbers, of which none would be
            equal, a patient is missing, or a part is empty.

    Warns:
        UserWarning: if two names may be one patient.

    >>> check_apart([1, 1, 2], [2, 3])
    Traceback (most recent call last):
    ...
    ValueError: Patients in both parts: 2. Split by patient, as split_by_patient does.
    """
    first, second = patient_names(first), patient_names(second)
    if not len(first) or not len(second):
        raise ValueError(f"Both parts must have patients; got {len(first)} and {len(second)}.")
    if (first.dtype.kind == "U") != (second.dtype.kind == "U"):
        raise ValueError(
            f"Patients must be all names or all numbers; got {first[:1]} and {second[:1]}. Turn one into the other."
        )
    both = np.intersect1d(first, second)
    if len(both):
        named = ", ".join(map(str, both[:5])) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
        raise ValueError(f"Patients in both parts: {named}. Split by patient, as split_by_patient does.")
    warn_of_near_names(np.concatenate([first, second]), stacklevel=2)
