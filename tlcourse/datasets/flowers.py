"""About 3,500 photographs of five kinds of flowers."""

import io
import tarfile
import zipfile

import numpy as np

from tlcourse.assets import fetch
from tlcourse.datasets.dataset import Dataset, stratified_parts, variant_name

CLASSES = ("daisy", "dandelion", "roses", "sunflowers", "tulips")
SIDE = 128


def load_flowers(evaluate_on="reporting"):
    """Load the flower photographs, cut to their central square and brought to 128x128.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Returns:
        A `Dataset` with ``images`` uint8 ``(n, 128, 128, 3)``: 1,000 in the pool, 1,000 for development, the rest to
        report on, every class in the same share.

    Raises:
        AssetMissing: if it has to be fetched first.

    Source:
        The TensorFlow team (2019), *flower_photos*; the photographers are named in the archive.
    """
    located = fetch("flowers")
    images, labels = zip(*_photographs(located.path), strict=True)
    labels = np.array(labels)
    parts = stratified_parts(labels, {"pool": 1_000, "development": 1_000}, rest="reporting")
    return Dataset(
        variant_name("flowers", located),
        np.stack(images),
        labels,
        CLASSES,
        parts,
        evaluate_on,
        card=f"flower_photos, {located.variant} file, at {SIDE}x{SIDE}; a pack's copy may be softer. CC BY 2.0.",
    )


def _photographs(path):
    from PIL import Image, ImageOps

    for name, data in sorted(_members(path)):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        yield np.asarray(ImageOps.fit(image, (SIDE, SIDE))), CLASSES.index(name.split("/")[-2])


def _members(path):
    """Yield name and bytes of each JPEG; nothing is unpacked to disk, so no name can lead out of a folder."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".jpg"):
                    yield name, archive.read(name)
        return
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.endswith(".jpg"):
                yield member.name, archive.extractfile(member).read()
