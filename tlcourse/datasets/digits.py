"""1,797 handwritten digits, 8x8, which come with scikit-learn."""

import numpy as np

from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.mnist import load_mnist

POOL = 900
"""The first half of the file. Writers follow one another in it, so few of them are in both halves."""


def load_digits(evaluate_on="reporting"):
    """Load the handwritten digits.

    Choices about them are made on other digits: with ``evaluate_on="development"`` both pool and test come from MNIST,
    reduced to 8x8 in the same way (each pixel counts the ink in a block of 4x4).

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``; the latter needs the asset ``mnist``.

    Returns:
        A `Dataset` with ``images`` float32 ``(n, 8, 8)`` in [0, 1], multiples of 1/16; 900 in the pool and 897 to
        report on, or 2,000 and 4,000 for development.

    Source:
        Alpaydin & Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI; its test part, as in scikit-learn.

    >>> load_digits().test.images.shape
    (897, 8, 8)
    """
    names = tuple("0123456789")
    if evaluate_on == "development":
        mnist = load_mnist(evaluate_on)
        pool, test = mnist.parts["pool"][:2000], mnist.parts["development"][:4000]
        rows = np.concatenate([pool, test])
        images = np.stack([_reduce(image) for image in mnist.images[rows]])
        parts = {"pool": np.arange(2000), "development": np.arange(2000, 6000)}
        return Dataset(
            f"digits ({mnist.name} at 8x8)", images, mnist.labels[rows], names, parts, evaluate_on, card=mnist.card
        )
    from sklearn.datasets import load_digits as load

    bunch = load()
    return Dataset(
        "digits",
        (bunch.images / 16).astype("float32"),
        bunch.target,
        names,
        {"pool": np.arange(POOL), "reporting": np.arange(POOL, len(bunch.target))},
        card="The test part of the UCI set of handwritten digits: 13 writers, not marked by writer. CC BY 4.0.",
    )


def _reduce(image):
    """Fit a 28x28 digit into 32x32, threshold it, and count the ink in blocks of 4x4, as the UCI set was made."""
    from PIL import Image

    page = Image.fromarray(np.where(image > 96, image, 0))
    digit = page.crop(page.getbbox())
    scale = 32 / max(digit.size)
    width, height = (max(1, round(size * scale)) for size in digit.size)
    square = Image.new("L", (32, 32))
    square.paste(digit.resize((width, height), Image.Resampling.BILINEAR), ((32 - width) // 2, (32 - height) // 2))
    ink = np.asarray(square) > 96
    return ink.reshape(8, 4, 8, 4).sum(axis=(1, 3), dtype="float32") / 16
