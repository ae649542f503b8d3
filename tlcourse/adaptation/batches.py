"""Batches that hold both domains in fixed proportion."""

from numbers import Integral

import numpy as np

from tlcourse.checks import checked_labels
from tlcourse.training import passes


def pair_domains(source, labels, target, *, batch=64, seed=0):
    """Return inputs and labels for `fit`, so that each batch holds as many examples of the one domain as of the other.

    Both domains are shuffled; the smaller one starts again until the larger one is used up. Only whole batches remain.

    Args:
        source: finite array ``(n, ...)``, n at least 1.
        labels: whole numbers ``(n,)``, the source's; at least two classes.
        target: finite array ``(m, ...)``, unlabelled, m at least 1, its examples shaped as the source's.
        batch: examples of each domain in a batch, at least 2; give `fit` the same ``batch_size``.
        seed: seed of the orders; each domain gets one of its own.

    Returns:
        ``({"source": …, "target": …}, {"label": …})``, arrays of one length, a multiple of ``batch``.

    Raises:
        ValueError: if a domain is empty, too small for a batch or not finite, the two are of different shape, one is of
            whole numbers and the other is not, the source has one class, or the target comes with labels.

    >>> inputs, outputs = pair_domains(np.zeros((5, 8)), np.array([0, 1, 0, 1, 1]), np.ones((3, 8)), batch=2)
    >>> inputs["source"].shape, inputs["target"].shape, outputs["label"].shape
    ((4, 8), (4, 8), (4,))
    """
    several = isinstance(target, (tuple, list, dict))
    if several or (np.ndim(target) == 1 and np.ndim(source) > 1):
        raise ValueError(
            "The target must be one array of inputs, without labels; got "
            f"{f'a {type(target).__name__} of {len(target)}' if several else 'labels'}. Give its inputs alone, in one "
            "array (np.stack)."
        )
    domains = {"source": np.asarray(source), "target": np.asarray(target)}
    for name, inputs in domains.items():
        if inputs.ndim < 1 or len(inputs) == 0:
            raise ValueError(f"The {name} must hold at least one example; got shape {inputs.shape}.")
        if not np.issubdtype(inputs.dtype, np.number) and inputs.dtype != bool:
            raise ValueError(f"The {name} must be numbers; got {inputs.dtype}. Encode texts first.")
        if not np.isfinite(inputs).all():
            raise ValueError(f"The {name} must be finite; it holds NaN or infinity. Find them with np.isfinite.")
    source, target = domains.values()
    if source.shape[1:] != target.shape[1:]:
        raise ValueError(
            f"Examples of both domains must have one shape; got {source.shape[1:]} and {target.shape[1:]}. "
            "Bring them to one size first."
        )
    if np.issubdtype(source.dtype, np.floating) != np.issubdtype(target.dtype, np.floating):
        raise ValueError(
            f"Both domains must be in one unit; got {source.dtype} and {target.dtype}. If one is 0 … 255 and the other "
            "0 … 1, divide the first by 255."
        )
    labels = checked_labels(labels, len(source))
    if len(np.unique(labels)) < 2:
        raise ValueError(f"The source must have two classes or more; all its labels are {labels[0]}.")
    largest = max(len(source), len(target))
    if not (isinstance(batch, Integral) and 2 <= batch <= largest):
        raise ValueError(
            f"batch must be a whole number from 2 to the size of the larger domain, {largest}; got {batch!r}."
        )
    steps = largest // batch
    rows, others = (passes(np.arange(len(x)), steps, batch, [seed, at]) for at, x in enumerate((source, target)))
    return {"source": source[rows], "target": target[others]}, {"label": labels[rows]}
