"""Photographs of four surfaces, by day; and what a camera makes of any photograph by night."""

from functools import cache

import numpy as np

from tlcourse.datasets.textures import PARTS, PHOTOGRAPHS

REGIONS = {"training": PARTS["pool"][1], "validation": PARTS["development"][1], "test": PARTS["reporting"][1]}
"""The left half of each photograph, the upper and the lower quarter on the right."""

NIGHT = 0.3 * np.array([0.8, 0.9, 1.1])
"""How much of red, green and blue is left by night."""

GRAIN = 18
"""Standard deviation of the noise of each pixel by night, of 255."""


def paint_surface(kind, part, rng):
    """Cut a square out of the photograph of a surface, and bring it to one contrast and about one brightness.

    Args:
        kind: one of `tlcourse.datasets.textures.PHOTOGRAPHS`.
        part: the region of the photograph, one of `REGIONS`.
        rng: a `numpy.random.Generator`.

    Returns:
        A grey PIL image in mode RGB, a square of 48 to 96 pixels.

    >>> paint_surface("brick", "training", np.random.default_rng(0)).mode
    'RGB'
    """
    from PIL import Image

    whole, side = _photograph(kind)[REGIONS[part]], int(rng.integers(48, 97))
    top, left = rng.integers(256 - side + 1, size=2)
    piece = whole[top : top + side, left : left + side]
    piece = 40 * (piece - piece.mean()) / max(piece.std(), 1) + rng.uniform(110, 145)
    return Image.fromarray(piece.clip(0, 255).astype("uint8")).convert("RGB")


@cache
def _photograph(kind):
    from skimage import data

    photograph = getattr(data, PHOTOGRAPHS[kind])()
    return photograph.mean(axis=2) if photograph.ndim == 3 else photograph.astype(float)


def by_night(picture, rng):
    """Return a picture as a camera takes it with too little light: dark, a little blue, and grainy.

    Args:
        picture: PIL image in mode RGB.
        rng: a `numpy.random.Generator`.

    >>> from PIL import Image
    >>> bool(np.mean(by_night(Image.new("RGB", (8, 8), "white"), np.random.default_rng(0))) < 128)
    True
    """
    from PIL import Image

    light = np.asarray(picture, float) * NIGHT
    return Image.fromarray((light + rng.normal(0, GRAIN, light.shape)).clip(0, 255).astype("uint8"))
