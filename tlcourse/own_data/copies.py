"""Copies of a picture: the same pixels, or nearly so, such as a smaller version of it."""

from collections import defaultdict

import numpy as np
from PIL import Image

GRID = 16
"""Rows and columns of the hash: 256 signs."""

APART = 12
"""Of 256 signs, how many may differ in near copies."""

STEP = 6.0
"""Grey values, of 255, between neighbours that are more than noise."""

MOST = 20
"""How many that a picture looks like by its signs are compared by their colours."""

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

    The hash says, for each of 16 × 16 places, whether the place to its right is brighter, darker or about the same.
    Another size, format or quality changes few of these signs. Only places with a step count: a white page around two
    letters makes them no copies. Pictures without contrast are left out.

    Args:
        thumbnails: of `thumbnail`, uint8 ``(n, 16, 17, 3)``.
        parts: which part each is in, ``(n,)``.

    Returns:
        A list of pairs of places, the first in the earlier part; of several that a picture looks like, one.
    """
    if not len(thumbnails):
        return []
    colours, parts = np.reshape(thumbnails, (-1, GRID, GRID + 1, 3)).astype("float32"), np.asarray(parts)
    greys = colours.mean(axis=3)
    plain = greys.std(axis=(1, 2)) < CONTRAST
    steps = np.diff(greys, axis=2).reshape(len(greys), -1)
    signs = np.sign(steps) * (np.abs(steps) >= STEP)
    marked = np.abs(signs).sum(axis=1)
    pairs = []
    for start in range(0, len(signs), 500):  # blocks, so that memory stays small
        rows = slice(start, start + 500)
        alike = signs @ signs[rows].T >= np.maximum(marked[:, None], marked[rows]) * (1 - 2 * APART / GRID**2)
        alike &= (parts[:, None] < parts[rows]) & ~plain[:, None] & ~plain[rows]
        for b, others in enumerate(map(np.flatnonzero, alike.T), start):
            apart = np.abs(colours[others[:MOST]] - colours[b]).mean(axis=(1, 2, 3))
            pairs += [(int(a), b) for a in others[:MOST][apart < CONTRAST / 2][:1]]
    return sorted(pairs)
