"""Who may be in which part: a patient belongs to one."""

import numpy as np


def split_by_patient(patients, share, *, seed=0):
    """Return the rows of two parts that have no patient in common.

    Args:
        patients: whose image it is, ``(n,)``, at least two patients.
        share: of the patients that go to the second part, above 0 and below 1.
        seed: seed of the draw.

    Returns:
        Rows of the first and of the second part, int arrays.

    Raises:
        ValueError: if the share is outside its range or there are too few patients.

    >>> first, second = split_by_patient(np.repeat([4, 7, 9, 11], 2), 0.5)
    >>> len(first), len(second)
    (4, 4)
    """
    from sklearn.model_selection import GroupShuffleSplit

    patients = np.asarray(patients)
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
        ValueError: if a patient is in both; it names them.

    >>> check_apart([1, 1, 2], [2, 3])
    Traceback (most recent call last):
    ...
    ValueError: Patients in both parts: 2. Split by patient, as split_by_patient does.
    """
    both = np.intersect1d(first, second)
    if len(both):
        named = ", ".join(map(str, both[:5])) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
        raise ValueError(f"Patients in both parts: {named}. Split by patient, as split_by_patient does.")
