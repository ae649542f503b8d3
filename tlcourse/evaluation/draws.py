"""Which examples happen to be labelled: repeated draws of k labels per class."""

import numpy as np

from tlcourse.checks import checked_labels


def draw_labels(labels, per_class, *, draws, seed):
    """Draw the rows of a pool that get a label, the same number from each class, several times.

    A draw with more labels per class contains the draw with fewer, and the same seed gives every method the same rows:
    both make comparisons paired.

    Args:
        labels: int ``(n,)``, the labels of the pool.
        per_class: labels in each class, k at least 1.
        draws: number of draws, at least 1.
        seed: the same seed gives the same draws.

    Returns:
        Row numbers, int ``(draws, k * classes)``; k rows of the first class, then k of the next.

    Raises:
        ValueError: if a class has fewer than k examples, or k or ``draws`` is below 1.

    >>> draw_labels([0, 0, 1, 1], 2, draws=1, seed=0).shape
    (1, 4)
    """
    labels = checked_labels(labels, len(labels))
    classes, counts = np.unique(labels, return_counts=True)
    if per_class < 1 or draws < 1:
        raise ValueError(f"per_class and draws must be at least 1; got per_class={per_class}, draws={draws}.")
    if counts.min() < per_class:
        raise ValueError(
            f"Each class needs at least per_class={per_class} examples; class {classes[counts.argmin()]} has "
            f"{counts.min()}. Ask for fewer labels, or give a larger pool."
        )
    members = [np.flatnonzero(labels == label) for label in classes]
    return np.stack(
        [
            np.concatenate(
                [
                    np.random.default_rng([seed, draw, label]).permutation(rows)[:per_class]
                    for label, rows in zip(classes, members)
                ]
            )
            for draw in range(draws)
        ]
    )
