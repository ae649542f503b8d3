"""60,000 photographs of ten kinds of things, 32x32 RGB."""

import io
import tarfile
import zipfile

import numpy as np

from tlcourse.assets import fetch
from tlcourse.datasets.dataset import Dataset, stratified_parts, variant_name

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load_cifar10(evaluate_on="reporting"):
    """Load CIFAR-10.

    Args:
        evaluate_on: ``"reporting"``, the 10,000 official test images, or ``"development"``, 5,000 of the official
            training images, 500 of each class; the other 45,000 are the pool.

    Returns:
        A `Dataset` with ``images`` uint8 ``(60000, 32, 32, 3)``.

    Raises:
        AssetMissing: if it has to be fetched first.

    Source:
        Krizhevsky (2009), *Learning Multiple Layers of Features from Tiny Images*.
    """
    located = fetch("cifar10")
    read = _read_official if located.variant == "official" else _read_pack
    images, labels = read(located.path)
    parts = stratified_parts(labels[:50_000], {"development": 5_000}, rest="pool")
    return Dataset(
        variant_name("cifar10", located),
        images,
        labels,
        CLASSES,
        {**parts, "reporting": np.arange(50_000, 60_000)},
        evaluate_on,
        card=f"CIFAR-10, {located.variant} file; a pack may hold the same photographs re-encoded as JPEG.",
    )


def _read_official(path):
    with tarfile.open(path) as archive:
        batches = sorted(name for name in archive.getnames() if name.endswith(".bin"))
        raw = b"".join(archive.extractfile(name).read() for name in batches)
    records = np.frombuffer(raw, "uint8").reshape(60_000, 3073)
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), records[:, 0].astype("int64")


def _read_pack(path):
    from PIL import Image

    with zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.endswith(".jpg"))
        names.sort(key=lambda name: not name.startswith("train/"))
        images = np.stack([np.asarray(Image.open(io.BytesIO(archive.read(n))).convert("RGB")) for n in names])
    return images, np.array([CLASSES.index(name.split("/")[1]) for name in names])
