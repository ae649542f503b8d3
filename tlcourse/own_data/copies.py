"""Copies of a picture: the same pixels, or nearly so, such as a smaller version of it."""

from collections import defaultdict

import numpy as np
from PIL import Image

GRID = 16
"""Rows and columns of the hash: 256 signs."""

APART = 12
"""Of 256 signs, how many may differ in near copies."""

CONTRAST = 12.0
"""Standard deviation of the grey values, of 255, below which a picture is too plain to be told from others."""


def thumbnail(picture):
    """Return the small version of a picture that near copies are found by, uint8 ``(16, 17, 3)``.

    >>> thumbnail(Image.new("RGB", (40, 30), "white")).shape
    (16, 17, 3)
    """
    return np.asarray(picture.resize((GRID + 1, GRID), Image.Resampling.BOX))


def exact_copies(seen):
    """Return lists of places in ``seen`` whose pictures have the same pixels, each list at least two long."""
    groups = defaultdict(list)
    for at, each in enumerate(seen):
        if each.digest:
            groups[each.digest].append(at)
    return [group for group in groups.values() if len(group) > 1]


def near_copies(thumbnails, parts):
    """Return pairs of pictures in different parts that look alike: by a hash of the pixels, and the colours.

    The hash says, for each of 16 × 16 places, whether it is brighter than the place to its right. Another size, format
    or quality changes few of the signs. Plain pictures have no signs worth comparing and are left out.

    Args:
        thumbnails: of `thumbnail`, uint8 ``(n, 16, 17, 3)``.
        parts: which part each is in, ``(n,)``.

    Returns:
        A list of pairs of places, the first in the earlier part.
    """
    if not len(thumbnails):
        return []
    colours, parts = np.reshape(thumbnails, (-1, GRID, GRID + 1, 3)).astype("float32"), np.asarray(parts)
    greys = colours.mean(axis=3)
    plain = greys.std(axis=(1, 2)) < CONTRAST
    signs = np.where(greys[:, :, 1:] > greys[:, :, :-1], 1, -1).reshape(len(greys), -1).astype("float32")
    pairs = []
    for start in range(0, len(signs), 500):  # blocks, so that memory stays small
        rows = slice(start, start + 500)
        alike = signs[rows] @ signs.T >= GRID * GRID - 2 * APART
        alike &= (parts[rows, None] < parts[None, :]) & ~plain[rows, None] & ~plain[None, :]
        pairs += [(start + a, b) for a, b in zip(*map(np.ndarray.tolist, np.nonzero(alike)))]
    return [(a, b) for a, b in pairs if np.abs(colours[a] - colours[b]).mean() < CONTRAST / 2]
