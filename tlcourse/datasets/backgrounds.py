"""Handwritten digits on photographs of surfaces: shapes that are known, in front of something that is not."""

import numpy as np

from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.digits import load_digits
from tlcourse.datasets.mnist import load_mnist
from tlcourse.datasets.textures import load_textures

SIDE = 24
"""Pixels; a training step takes about half of the time that it takes at 32, the side of `load_textures`."""

STRENGTH = 0.5
"""How bright a patch is before a digit is written on it, against its own brightness."""

LARGEST_POOL = 5_000
"""Pictures of MNIST that labels may be drawn from: enough for any draw, and read in seconds."""


def load_digits_on_photographs(evaluate_on="reporting"):
    """Write each picture of `load_digits` on the middle of a patch of `load_textures`: brick, grass, gravel or tissue.

    Pictures of the pool get patches of the textures' pool, the others patches of the part to test on, so that no pixel
    of a photograph is in both. Which picture gets which patch is drawn once and never changes.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``; the latter needs the asset ``mnist``.

    Returns:
        A `Dataset` with ``images`` uint8 ``(n, 24, 24)``, in the pool and the part to test on.

    Source:
        The idea: Ganin et al. (2016), *Domain-Adversarial Training of Neural Networks*, JMLR 17(59),
        where MNIST is written on patches of colour photographs and the result called MNIST-M.

    >>> load_digits_on_photographs().test.images.shape
    (897, 24, 24)
    """
    return _on_photographs(load_digits(evaluate_on))


def load_mnist_on_photographs(evaluate_on="reporting"):
    """Write the pictures of `load_mnist` on such patches, as `load_digits_on_photographs` does; 5,000 in the pool.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Raises:
        AssetMissing: if MNIST has to be fetched first.
    """
    return _on_photographs(load_mnist(evaluate_on))


def _on_photographs(digits):
    textures = load_textures(digits.evaluate_on)
    edge = (textures.images.shape[1] - SIDE) // 2
    rng = np.random.default_rng(0)
    images, labels, parts = [], [], {}
    for name in ("pool", digits.evaluate_on):
        rows = digits.rows(name)[: LARGEST_POOL if name == "pool" else None]
        patches = textures.part(name).images[:, edge : edge + SIDE, edge : edge + SIDE]
        parts[name] = len(labels) + np.arange(len(rows))
        images += [
            written_on(patches[number], digits.images[row])
            for row, number in zip(rows, rng.integers(len(patches), size=len(rows)))
        ]
        labels += list(digits.labels[rows])
    return Dataset(
        f"{digits.name} on photographs",
        np.stack(images),
        np.array(labels),
        digits.class_names,
        parts,
        digits.evaluate_on,
        card=f"{digits.card} Each is written on a patch of a photograph: the course put it there.",
    )


def written_on(patch, digit):
    """Return a patch with a digit on it: the absolute difference of the two, as uint8.

    Args:
        patch: float ``(side, side)`` in [0, 1].
        digit: uint8, or float in [0, 1], ``(height, width)``; brought to the size of the patch.

    >>> written_on(np.full((2, 2), 0.4), np.array([[1.0]]))[0]
    array([204, 204], dtype=uint8)
    """
    from PIL import Image

    ink = digit if digit.dtype == np.uint8 else (255 * digit).round().astype("uint8")
    ink = np.asarray(Image.fromarray(ink).resize(patch.shape, Image.Resampling.BILINEAR), "float64")
    return np.abs(255 * STRENGTH * patch - ink).round().astype("uint8")
