"""Many tests at once: some are significant by chance alone."""

import numpy as np


def holm(p_values):
    """Return p-values corrected for their number, in the order given.

    Of m sorted p-values the smallest is multiplied by m, the next by m - 1, and so on; none may be smaller than the one
    before, nor larger than 1. Whoever calls those below 0.05 significant makes no false claim in at least 95 % of such
    families of tests, however they depend on each other.

    Args:
        p_values: float ``(m,)``, each from 0 to 1, m at least 1.

    Returns:
        Float ``(m,)``.

    Raises:
        ValueError: if there are none, or a value is not from 0 to 1.

    Source:
        Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6.

    >>> holm([0.03, 0.01, 0.04]).round(6).tolist()
    [0.06, 0.03, 0.06]
    """
    p_values = np.asarray(p_values, "float64")
    if p_values.ndim != 1 or not len(p_values) or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"There must be a row of p-values, each from 0 to 1; got {p_values.tolist()}.")
    order = np.argsort(p_values)
    times = np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(times * p_values[order]), 1)
    return corrected
