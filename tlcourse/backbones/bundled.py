"""The networks that come with the course: whole, verified by the hash on their card."""

import hashlib
import tomllib

from tlcourse.assets import data_folder
from tlcourse.backbones.residual import load_classifier
from tlcourse.checks import known

BUNDLED = ("letters", "photos")
PLANTED = ("scrambled", "unscrambled", "bold")
"""Of the same architecture, for lesson 06. Two are trained so that they do harm, on exchanged names and on too narrow a
question. `unscrambled` is the control of `scrambled`: the same pictures, as often, under their true names."""


def load_bundled(name):
    """Load a bundled network whole, with the last layer that names its own classes.

    Args:
        name: ``"letters"`` or ``"photos"``, or for lesson 06 ``"scrambled"``, ``"unscrambled"`` or ``"bold"``.

    Returns:
        A Keras model from float images ``(n, height, width, 3)`` in [0, 1] to logits ``(n, classes)``, and the names of
        its classes. Its layers ``stage1``, ``stage2`` and ``stage3`` end its stages, ``pool`` averages over the image,
        ``head`` gives the logits.

    Raises:
        ValueError: if the name is unknown or the weights file is damaged.

    >>> network, names = load_bundled("letters")
    >>> network.output_shape, names[:3]
    ((None, 71), ('A', 'B', 'C'))
    """
    known("bundled network", name, BUNDLED + PLANTED)
    folder = data_folder() / "weights"
    path, card = folder / f"{name}.weights.h5", card_of(name)
    received = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if received != card["sha256"]:
        raise ValueError(
            f"{path.name} must have the SHA-256 on its card, {card['sha256'][:12]}…, got {received[:12]}…. "
            f"Restore it with: git checkout -- data/weights/{path.name}"
        )
    return load_classifier(path, len(card["classes"])), tuple(card["classes"])


def card_of(name):
    """Return the card of a bundled network, a dictionary."""
    return tomllib.loads((data_folder() / "weights" / f"{name}.toml").read_text(encoding="utf-8"))
