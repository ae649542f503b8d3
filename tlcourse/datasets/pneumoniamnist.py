"""5,856 chest radiographs of children, 28x28: pneumonia or not."""

import numpy as np

from tlcourse.assets import fetch
from tlcourse.datasets.dataset import Dataset, variant_name


def load_pneumoniamnist(evaluate_on="reporting"):
    """Load PneumoniaMNIST in its official split.

    Training and validation were split by image, so patients may be in both; the test images are the source's own.

    Args:
        evaluate_on: ``"reporting"``, the 624 official test images, or ``"development"``, the 524 official validation
            images; the 4,708 training images are the pool.

    Returns:
        A `Dataset` with ``images`` uint8 ``(5856, 28, 28)``; label 1 is pneumonia.

    Raises:
        AssetMissing: if it has to be fetched first.

    Source:
        Yang et al. (2023), *MedMNIST v2*, Scientific Data 10:41; Kermany et al. (2018), Cell 172:1122.
    """
    located = fetch("pneumoniamnist")
    with np.load(located.path, allow_pickle=False) as arrays:
        images = [arrays[f"{split}_images"] for split in ("train", "val", "test")]
        labels = [arrays[f"{split}_labels"].ravel() for split in ("train", "val", "test")]
    ends = np.cumsum([0, *(len(split) for split in images)])
    names = ("pool", "development", "reporting")
    return Dataset(
        variant_name("pneumoniamnist", located),
        np.concatenate(images),
        np.concatenate(labels).astype("int64"),
        ("normal", "pneumonia"),
        {name: np.arange(start, end) for name, start, end in zip(names, ends, ends[1:])},
        evaluate_on,
        card=f"PneumoniaMNIST of MedMNIST v2, {located.variant} file. CC BY 4.0. Not for clinical use.",
    )
