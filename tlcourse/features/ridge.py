"""Ridge regression with its leave-one-out error, without fitting again: what the course's probes share."""

import numpy as np


def one_against_all(labels, classes):
    """Return regression targets, one column a class: 1 for its examples, -1 for all others.

    >>> one_against_all(np.array([0, 1]), 2).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    return np.where(labels[:, None] == np.arange(classes), 1.0, -1.0)


def all_positive(penalties):
    """Say whether there are penalties and each is finite and above 0.

    >>> all_positive([1.0, 10.0]), all_positive([]), all_positive([float("nan")])
    (True, False, False)
    """
    return len(penalties) > 0 and all(0 < penalty < np.inf for penalty in penalties)


def fit_ridge(features, targets, penalties, *, weights=None, judged=None):
    """Fit ridge regression on standardised features at the penalty whose leave-one-out error is smallest.

    Minimises ``sum_i w_i (y_i - f(x_i))² + penalty ||v||²``, v being the weights for features of mean 0 and standard
    deviation 1, both weighted. With the singular value decomposition ``u s v'`` of the rows, each times ``√w_i``, the
    leverage of row i is ``h_i = w_i / sum w + sum_j u_ij² s_j² / (s_j² + penalty)``, and its error when left out is its
    residual divided by ``1 - h_i``. The scale of the features is taken as given.

    Args:
        features: float ``(n, features)``.
        targets: float ``(n, outputs)``.
        penalties: ridge penalties to choose from, each above 0.
        weights: what each row counts, float ``(n,)``, each above 0; by default 1 each.
        judged: how many rows, from the first on, make up the error; by default all.

    Returns:
        A dictionary of ``penalty``, ``error``, ``weights`` and ``bias``, as in a `tlcourse.features.Probe`.

    Raises:
        ValueError: if features are not finite or not one row a target.
    """
    features = np.asarray(features, "float64")
    if features.ndim != 2 or len(features) != len(targets) or not np.isfinite(features).all():
        raise ValueError(
            f"Features must be finite and shaped ({len(targets)}, features), one row a label; "
            f"got {features.shape}, finite: {bool(np.isfinite(features).all())}."
        )
    weights = np.ones(len(targets)) if weights is None else weights
    total, root = weights.sum(), np.sqrt(weights)[:, None]
    mean, offset = weights @ features / total, weights @ targets / total
    scale = np.sqrt(weights @ (features - mean) ** 2 / total)
    scale[scale <= 1e-12 * np.abs(features).max(axis=0)] = 1.0  # constant, but for rounding
    u, s, vt = np.linalg.svd(root * (features - mean) / scale, full_matrices=False)
    projected = u.T @ (root * (targets - offset))
    u, root, share = u[:judged], root[:judged], weights[:judged] / total
    targets = targets[:judged] - offset
    errors = []
    for penalty in penalties:
        shrink = s**2 / (s**2 + penalty)
        leverage = share + u**2 @ shrink
        residuals = targets - u @ (shrink[:, None] * projected) / root
        errors.append(np.mean((residuals / np.maximum(1 - leverage, 1e-12)[:, None]) ** 2))
    best = int(np.argmin(errors))
    penalty = float(penalties[best])
    found = vt.T @ ((s / (s**2 + penalty))[:, None] * projected) / scale[:, None]
    return {"penalty": penalty, "error": float(errors[best]), "weights": found, "bias": offset - mean @ found}
