"""Pictures of a web site: photograph, banner, chart, screenshot, icon or drawing?"""

import numpy as np

from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.website.kinds import KINDS, paint

SIDE = 128
PARTS = {"pool": ("training", 80), "development": ("validation", 50), "reporting": ("test", 100)}
"""The region of the photographs that each part uses, and how many pictures of each kind it has."""


def load_website(evaluate_on="reporting"):
    """Paint 1,080 pictures of six kinds (780 for development), as they stand on a web site, each brought to 128x128.

    Photographs, and banners and screenshots with one, use the left half of each photograph in the pool, the upper right
    quarter for development and the lower right quarter to report on. One picture in twelve is doubtful for people, too:
    see `tlcourse.datasets.website.kinds`.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Returns:
        A `Dataset` with ``images`` uint8 ``(n, 128, 128, 3)``: 80 of each kind in the pool, 50 for development or 100
        to report on. ``groups`` says of each picture whether it is doubtful.

    Source:
        Photographs that come with scikit-image and scikit-learn; all else is drawn by a program.

    Example:
        ``load_website().pool.images`` has shape ``(480, 128, 128, 3)``. It takes some ten seconds.
    """
    images, labels, doubtful, parts = [], [], [], {}
    for part in ("pool", evaluate_on):
        region, each = PARTS[part]
        rng = np.random.default_rng([*PARTS].index(part))
        parts[part] = len(labels) + np.arange(each * len(KINDS))
        for label, kind in enumerate(KINDS):
            for picture, unclear in (paint(kind, region, rng) for _ in range(each)):
                images.append(squared(picture))
                labels.append(label)
                doubtful.append(unclear)
    return Dataset(
        "website",
        np.stack(images),
        np.array(labels),
        tuple(KINDS),
        parts,
        evaluate_on,
        groups=np.array(doubtful),
        card="Pictures as they stand on a web site, drawn by a program around twelve photographs.",
    )


def squared(picture, side=SIDE):
    """Return the middle of a picture as an array ``(side, side, 3)`` of uint8; what was transparent is white.

    >>> from PIL import Image
    >>> int(squared(Image.new("RGBA", (40, 20)), side=2).min())
    255
    """
    from PIL import Image, ImageOps

    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(ImageOps.fit(Image.alpha_composite(white, picture).convert("RGB"), (side, side)))
