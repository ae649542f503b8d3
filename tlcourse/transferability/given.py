"""What every score is given: rows of features or probabilities, and their labels."""

import numpy as np

from tlcourse.checks import checked_labels


def checked(features, labels):
    """Return rows as float64 and labels numbered from 0 on.

    Raises:
        ValueError: if there is one class only, numbers of rows differ, or the rows are not finite or all 0.
    """
    features = np.asarray(features, "float64")
    if features.ndim != 2 or not np.isfinite(features).all() or not features.any():
        raise ValueError(
            f"There must be a row for each example, finite and not all 0; got shape {features.shape}, "
            f"finite: {bool(np.isfinite(features).all())}. Look at what the network was given."
        )
    labels = checked_labels(labels, len(features))
    if labels.min() == labels.max():
        raise ValueError(f"There must be two classes at least; all {len(labels)} labels are {labels[0]}.")
    return features, np.unique(labels, return_inverse=True)[1]


def one_hot(labels):
    """Return a column for each class, 1 for its examples.

    >>> one_hot(np.array([1, 0])).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)
