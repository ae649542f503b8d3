"""What a backbone was trained to do, to measure what it forgets."""

import numpy as np

from tlcourse.datasets.dataset import Dataset
from tlcourse.datasets.glyphs import LETTERS, load_glyphs

TRAINED_ON = ("DejaVu", "Computer Modern")
KEPT_OUT = "STIX"
"""Font families that the backbone `letters` was trained on, and the one it never saw."""


def load_letters(evaluate_on="reporting"):
    """Render the source task of the backbone `letters`: name a printed letter.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``: 400 letters each, in a font family kept out of training. The
            pool are 800 in the families it was trained on, other images than those.

    Returns:
        A `Dataset` with ``images`` uint8 ``(1600, 32, 32)`` and the font as ``groups``; labels as the head's logits.

    >>> len(load_letters().class_names)
    71
    """
    pool = load_glyphs(800, families=TRAINED_ON, seed=1_000)
    judged = load_glyphs(800, families=(KEPT_OUT,), seed=1_001)
    return Dataset(
        "letters",
        np.concatenate([pool.images, judged.images]),
        np.concatenate([pool.labels, judged.labels]),
        tuple(LETTERS),
        {"pool": np.arange(800), "development": np.arange(800, 1_200), "reporting": np.arange(1_200, 1_600)},
        evaluate_on,
        groups=np.concatenate([pool.groups, judged.groups]),
        card="Printed letters, rendered as those that the backbone `letters` was trained on.",
    )
