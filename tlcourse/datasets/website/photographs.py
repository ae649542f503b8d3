"""The photographs that a web site's photographs and banners are cut from, and their regions."""

from functools import cache

import numpy as np

PHOTOGRAPHS = ("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "rocket")
"""Of scikit-image; two of scikit-learn and the left picture of a stereo pair of a motorcycle join them."""

REGIONS = ("training", "validation", "test")
"""The left half of each photograph, the upper and the lower quarter on the right."""


@cache
def region(name):
    """Return this region of each photograph, a list of uint8 arrays ``(height, width, 3)``.

    >>> len(region("training")), region("test")[0].shape
    (12, (256, 256, 3))
    """
    return [_cut(photograph, name) for photograph in _photographs()]


def crop(name, rng):
    """Cut a part with sides of 4:3, 3:4 or 1:1 out of this region of one photograph, as a PIL image.

    Args:
        name: one of `REGIONS`.
        rng: a `numpy.random.Generator`.
    """
    from PIL import Image

    whole = region(name)[rng.integers(len(region(name)))]
    height, width = whole.shape[:2]
    shape = (4 / 3, 3 / 4, 1)[rng.integers(3)]
    scale = rng.uniform(0.6, 1) * min(height, width / shape)
    rows, columns = int(scale), int(scale * shape)
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    part = Image.fromarray(whole[top : top + rows, left : left + columns])
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else part


def _cut(photograph, name):
    height, width = photograph.shape[0] // 2, photograph.shape[1] // 2
    if name == "training":
        return photograph[:, :width]
    return photograph[:height, width:] if name == "validation" else photograph[height:, width:]


@cache
def _photographs():
    from skimage import data
    from sklearn.datasets import load_sample_images

    found = [getattr(data, name)() for name in PHOTOGRAPHS]
    found += [*load_sample_images().images, data.stereo_motorcycle()[0]]
    return [np.repeat(each[..., None], 3, axis=2) if each.ndim == 2 else each for each in found]
