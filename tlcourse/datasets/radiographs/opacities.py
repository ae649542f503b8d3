"""What is to be found: the measures of an opacity, and which point of the lungs it lies at."""

import numpy as np
from scipy.special import ndtr

from tlcourse.datasets.radiographs.patients import Trait, shared_normal

OPACITY = {
    "log_radius": Trait(np.log(2.4), 0.25),  # of cm
    "log_thickness": Trait(np.log(4.0), 0.35),  # of cm of tissue in place of air, in the middle
    "log_edge": Trait(np.log(2.0), 0.3),  # exponent of the fall: 1 fades slowly, 4 is sharp
    "log_stretch": Trait(0.0, 0.2),  # of height by width
    "lobe_2": Trait(0.0, 0.1),  # waves of the outline, as a share of the radius
    "lobe_3": Trait(0.0, 0.1),
    "turn": Trait(0.0, 1.0),  # radians
    "down": Trait(0.0, 1.0),  # where in the lungs, as a normal quantile
    "across": Trait(0.0, 1.0),
}


def draw_opacities(patient, correlation, rng):
    """Draw the measures of one opacity for each image.

    Args:
        patient: int ``(images,)``, from 0 on.
        correlation: of each measure in two images of one patient, from 0 to 1.
        rng: NumPy random generator.

    Returns:
        Dictionary from each name in `OPACITY` to float32 ``(images, 1, 1)``.
    """
    z = shared_normal(patient, correlation, rng, len(OPACITY))
    values = {name: trait.mean + trait.sd * z[:, at] for at, (name, trait) in enumerate(OPACITY.items())}
    return {name: each.astype("float32")[:, None, None] for name, each in values.items()}


def choose_points(inside, down, across):
    """Choose a pixel of each image: a row by the share of the area above it, then a column by the share to its left.

    So one pair of quantiles means about the same place in different lungs.

    Args:
        inside: how much a pixel may be chosen, at least 0, ``(n, side, side)``.
        down: standard normal numbers ``(n,)``.
        across: standard normal numbers ``(n,)``.

    Returns:
        Rows and columns, int ``(n,)`` each.

    >>> inside = np.zeros((1, 4, 4))
    >>> inside[0, 2, 1] = 1
    >>> [int(at[0]) for at in choose_points(inside, np.array([0.3]), np.array([-2.0]))]
    [2, 1]
    """
    images = np.arange(len(inside))
    of_rows = np.cumsum(inside.sum(axis=2), axis=1)
    rows = (of_rows <= ndtr(down)[:, None] * of_rows[:, -1:]).sum(axis=1).clip(0, inside.shape[1] - 1)
    of_columns = np.cumsum(inside[images, rows], axis=1)
    columns = (of_columns <= ndtr(across)[:, None] * of_columns[:, -1:]).sum(axis=1).clip(0, inside.shape[2] - 1)
    return rows, columns
