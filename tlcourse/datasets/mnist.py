"""70,000 handwritten digits, 28x28."""

import numpy as np

from tlcourse.assets import fetch
from tlcourse.datasets.dataset import Dataset, variant_name


def load_mnist(evaluate_on="reporting"):
    """Load MNIST.

    Args:
        evaluate_on: ``"reporting"``, the 10,000 official test images, or ``"development"``, the last 10,000 of the
            official training images; the other 50,000 are the pool.

    Returns:
        A `Dataset` with ``images`` uint8 ``(70000, 28, 28)``.

    Raises:
        AssetMissing: if it has to be fetched first.

    Source:
        LeCun, Bottou, Bengio & Haffner (1998), *Gradient-based learning applied to document recognition*.
    """
    located = fetch("mnist")
    with np.load(located.path, allow_pickle=False) as arrays:
        images = np.concatenate([arrays["x_train"], arrays["x_test"]])
        labels = np.concatenate([arrays["y_train"], arrays["y_test"]]).astype("int64")
    parts = {"pool": range(50_000), "development": range(50_000, 60_000), "reporting": range(60_000, 70_000)}
    return Dataset(
        variant_name("mnist", located),
        images,
        labels,
        tuple("0123456789"),
        {name: np.array(rows) for name, rows in parts.items()},
        evaluate_on,
        card=f"The MNIST database of handwritten digits, {located.variant} file. CC BY-SA 3.0.",
    )
