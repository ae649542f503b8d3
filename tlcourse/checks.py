"""Checks of input. Each error message names the rule, what was given and what to do about it."""

import difflib
import re
import unicodedata
import warnings
from collections import defaultdict

import numpy as np

DIM = 31
"""Of 255. Where no picture of many has a brighter value, they come from another range, such as 0 … 16."""

MANY = 8
"""Pictures of which at least one should be brighter."""


def known(kind, name, names):
    """Return ``name`` if it is one of ``names``; otherwise list them, the closest first, and suggest a close one.

    Args:
        kind: what is named, for the message, such as ``"backbone"``.
        name: the name that came.
        names: the known names.

    Raises:
        ValueError: if ``name`` is unknown.

    >>> known("backbone", "letter", ["photos", "letters"])
    Traceback (most recent call last):
    ...
    ValueError: Unknown backbone 'letter'. Did you mean 'letters'? Known: letters, photos.
    """
    if name in names:
        return name
    nearest = difflib.get_close_matches(str(name), [str(n) for n in names], n=len(names), cutoff=0.0)
    close = difflib.get_close_matches(name, nearest, n=1, cutoff=0.7) if isinstance(name, str) else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(nearest)}.")


def checked_side(name, side, *, usual, least):
    """Return the width and height of the pictures that a network sees, ``usual`` where none is given.

    Args:
        name: the network, for the message.
        side: whole number of pixels from ``least`` on, or ``None``.
        usual: what ``None`` means.
        least: the smallest side.

    Raises:
        ValueError: if ``side`` is anything else; booleans and floats are refused.

    >>> checked_side("letters", None, usual=32, least=8)
    32
    """
    if side is None:
        return usual
    if isinstance(side, bool) or not isinstance(side, int | np.integer) or side < least:
        raise ValueError(
            f"side must be a whole number of pixels, at least {least} for {name!r}, got {side!r}. "
            f"Without it the network sees images of {usual}x{usual}."
        )
    return int(side)


def checked_images(images):
    """Return images as float32 ``(n, height, width, 1 or 3)`` in [0, 1].

    Args:
        images: uint8 in 0 … 255 or float in [0, 1], shaped ``(n, height, width)``, ``(n, height, width, 1)`` or
            ``(n, height, width, 3)``, n at least 1.

    Raises:
        ValueError: if rank, channels, type or range differ, if there is no image, or if a value is not finite.

    Warns:
        UserWarning: if there are eight or more images of uint8, all of them nearly black.

    >>> checked_images(np.full((2, 8, 8), 255, "uint8")).shape
    (2, 8, 8, 1)
    """
    images = np.asarray(images)
    single = images.ndim == 3 and images.shape[-1] in (1, 3)  # else one image would pass as many narrow grey ones
    if images.ndim == 3 and not single:
        images = images[..., np.newaxis]
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "Images must be shaped (n, height, width), grey, or (n, height, width, 1 or 3); "
            f"got {images.shape}. For a single image use image[None]."
        )
    if 0 in images.shape:
        raise ValueError(f"There must be at least one image with at least one pixel; got shape {images.shape}.")
    if images.dtype == np.uint8:
        if len(images) >= MANY and 0 < images.max() <= DIM:
            warnings.warn(
                f"None of these {len(images)} images has a value above {images.max()}, and uint8 means 0 … 255: they "
                "are nearly black. If they were floats, or in 0 … 16, divide by the largest possible value instead.",
                stacklevel=3,
            )
        return images.astype("float32") / 255
    if not np.issubdtype(images.dtype, np.floating):
        raise ValueError(f"Images must be uint8 in 0 … 255 or float in [0, 1]; got {images.dtype}. Convert them first.")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("Images must be finite; got NaN or infinity. Find them with np.isfinite(images).")
    if low < -1e-6 or high > 1 + 1e-6:
        raise ValueError(
            f"Float images must lie in [0, 1]; got values from {low:.4g} to {high:.4g}. "
            "Divide by the largest value that a pixel can have, such as 255 or 16. A cast to uint8 would not do it."
        )
    if len(images) >= MANY and 0 < high <= DIM / 255:
        warnings.warn(
            f"None of these {len(images)} images has a value above {high:.4g}, and floats mean 0 … 1: they are nearly "
            "black. Were they divided twice?",
            stacklevel=3,
        )
    return images.astype("float32").clip(0, 1)


def checked_labels(labels, n):
    """Return labels as an integer array ``(n,)``, each at least 0.

    Args:
        labels: whole numbers, one for each of the ``n`` examples.
        n: number of examples, at least 1.

    Raises:
        ValueError: if there are none, their number differs, or they are not whole numbers from 0 on.

    >>> checked_labels([0, 1, 1], 3)
    array([0, 1, 1])
    """
    labels = np.asarray(labels)
    if labels.shape != (n,) or n == 0:
        raise ValueError(f"There must be one label for each of the {n} examples, and at least one; got {labels.shape}.")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise ValueError(f"Labels must be whole numbers from 0 on; got {labels.dtype}: {labels[:5]} …")
    return labels.astype("int64")


def near_names(names, *, numbers=True):
    """Return groups of names that differ only in case, spaces or, with ``numbers``, in zeros before a number.

    >>> near_names(["P01", "P01 ", "p1", "P2"])
    [['P01', 'P01 ', 'p1']]
    """
    groups = defaultdict(list)
    for name in dict.fromkeys(map(str, names)):
        plain = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", unicodedata.normalize("NFKC", name).casefold())
        groups[re.sub(r"(?<![\d.])0+(?=\d)", "", plain) if numbers else plain].append(name)
    return [sorted(group) for group in groups.values() if len(group) > 1]
