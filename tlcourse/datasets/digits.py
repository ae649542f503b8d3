"""1,797 handwritten digits, 8x8, which come with scikit-learn; and MNIST, reduced to the same form."""

import numpy as np

from tlcourse.checks import known
from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.mnist import load_mnist

POOL = 900
"""The first half of the file. Writers follow one another in it, so few of them are in both halves."""

NAMES = tuple("0123456789")


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
        Alpaydin & Kaynak (1998), *Optical Recognition of Handwritten Digits*, UCI; its test set, as in scikit-learn.

    >>> load_digits().test.images.shape
    (897, 8, 8)
    """
    if known("part", evaluate_on, ["reporting", "development"]) == "development":
        return load_small_mnist(evaluate_on)
    from sklearn.datasets import load_digits as load

    bunch = load()
    return Dataset(
        "digits",
        (bunch.images / 16).astype("float32"),
        bunch.target,
        NAMES,
        {"pool": np.arange(POOL), "reporting": np.arange(POOL, len(bunch.target))},
        card="The test set of the UCI set of handwritten digits: 13 writers, not marked by writer. CC BY 4.0.",
    )


def load_small_mnist(evaluate_on="reporting"):
    """Load MNIST reduced to 8x8 in the way the `digits` were made: each pixel counts the ink in a block of 4x4.

    Args:
        evaluate_on: ``"reporting"``, digits of the official test set, or ``"development"``, others of its training
            part.

    Returns:
        A `Dataset` with ``images`` float32 ``(n, 8, 8)`` in [0, 1]; 2,000 in the pool and 4,000 to test on.

    Raises:
        AssetMissing: if MNIST has to be fetched first.

    Source:
        As `load_mnist`.
    """
    mnist = load_mnist(evaluate_on)
    rows = np.concatenate([mnist.parts["pool"][:2000], mnist.parts[evaluate_on][:4000]])
    return Dataset(
        f"{mnist.name} at 8x8",
        np.stack([count_ink(image) for image in mnist.images[rows]]),
        mnist.labels[rows],
        NAMES,
        {"pool": np.arange(2000), evaluate_on: np.arange(2000, 6000)},
        evaluate_on,
        card=mnist.card,
    )


def count_ink(image):
    """Fit a digit into 32x32, threshold it, and count the ink in blocks of 4x4, as the UCI set was made.

    Args:
        image: uint8 ``(height, width)``, bright on dark, some of it brighter than 96.

    Returns:
        float32 ``(8, 8)`` in [0, 1], multiples of 1/16.

    Raises:
        ValueError: if it is not such an image.

    >>> float(count_ink(np.full((28, 28), 255, "uint8")).min())
    1.0
    """
    from PIL import Image

    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 2 or not (image > 96).any():
        raise ValueError(
            "An image must be uint8 (height, width), bright on dark, with ink above 96; "
            f"got {image.dtype} {image.shape}, at most {image.max(initial=0):.4g}."
        )
    page = Image.fromarray(np.where(image > 96, image, 0))
    digit = page.crop(page.getbbox())
    scale = 32 / max(digit.size)
    width, height = (max(1, round(size * scale)) for size in digit.size)
    square = Image.new("L", (32, 32))
    square.paste(digit.resize((width, height), Image.Resampling.BILINEAR), ((32 - width) // 2, (32 - height) // 2))
    ink = np.asarray(square) > 96
    return ink.reshape(8, 4, 8, 4).sum(axis=(1, 3), dtype="float32") / 16
