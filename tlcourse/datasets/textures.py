"""Patches of four photographs: which surface is this?"""

import numpy as np

from tlcourse.datasets.dataset import Dataset

PHOTOGRAPHS = {"brick": "brick", "grass": "grass", "gravel": "gravel", "tissue": "immunohistochemistry"}
"""Names of the classes, with the name of each photograph in ``skimage.data``; each is 512x512."""

SIDE = 32
STEP = 8
PARTS = {
    "pool": (100, np.s_[:, :256]),
    "development": (75, np.s_[:256, 256:]),
    "reporting": (75, np.s_[256:, 256:]),
}
"""Patches of each class, and the region of each photograph that they are cut from. No two regions overlap."""


def load_textures(evaluate_on="reporting"):
    """Cut patches out of photographs of brick, grass, gravel and stained tissue; the class is the photograph.

    The pool comes from the left half of each photograph. The right half is split: its upper half is for development,
    its lower half to report on. Each patch is brought to mean 0.5 and standard deviation 0.2 and clipped to [0, 1], so
    that a method can't recognise a photograph by its brightness or contrast. Patches of one photograph overlap and are
    not independent: results hold for these four photographs only.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Returns:
        A `Dataset` with ``images`` float32 ``(1000, 32, 32)``.

    Source:
        Photographs that come with scikit-image: brick and gravel from CC0Textures, CC0; grass CC0; tissue by the
        Center for Microscopy And Molecular Imaging, no known copyright restrictions.

    >>> textures = load_textures()
    >>> textures.pool.images.shape, textures.test.images.shape
    ((400, 32, 32), (300, 32, 32))
    """
    from skimage import data

    images, labels, parts = [], [], {}
    photographs = [_grey(getattr(data, name)()) for name in PHOTOGRAPHS.values()]
    for part, (count, region) in PARTS.items():
        parts[part] = len(labels) + np.arange(count * len(photographs))
        for label, photograph in enumerate(photographs):
            images.append(_patches(photograph[region], count, seed=label))
            labels += [label] * count
    return Dataset(
        "textures",
        np.concatenate(images),
        np.array(labels),
        tuple(PHOTOGRAPHS),
        parts,
        evaluate_on,
        card="Patches of four photographs that come with scikit-image, brought to one brightness and contrast.",
    )


def _grey(photograph):
    return photograph.mean(axis=2) if photograph.ndim == 3 else photograph.astype(float)


def _patches(region, count, seed):
    windows = np.lib.stride_tricks.sliding_window_view(region, (SIDE, SIDE))[::STEP, ::STEP].reshape(-1, SIDE, SIDE)
    chosen = windows[np.random.default_rng(seed).permutation(len(windows))[:count]]
    mean, scale = chosen.mean(axis=(1, 2), keepdims=True), chosen.std(axis=(1, 2), keepdims=True)
    return (0.5 + 0.2 * (chosen - mean) / np.maximum(scale, 1)).clip(0, 1).astype("float32")
