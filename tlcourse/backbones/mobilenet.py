"""MobileNet with its ImageNet weights, which are fetched."""

import keras

from tlcourse.assets import fetch
from tlcourse.checks import known

MOBILENET_TAPS = ("conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu")
"""Layers worth probing: where the image gets smaller, and the last."""

ACCURACY = {0.25: 0.506, 0.5: 0.637, 0.75: 0.684, 1.0: 0.706}
"""By width, the authors' accuracy on ImageNet at 224x224: Howard et al. (2017)."""

MOBILENETS = tuple(f"mobilenet-{alpha}" for alpha in ACCURACY)
"""The names of the widths, as the cards give them."""


def checked_width(name, alpha):
    """Return the width of a mobilenet, from its name or given: 0.25 if neither says. Others have none.

    Args:
        name: name of a backbone.
        alpha: the width, or ``None``.

    Raises:
        ValueError: if the name gives another width, or belongs to no mobilenet.

    >>> checked_width("mobilenet-0.5", None)
    0.5
    """
    if name == "mobilenet":
        return 0.25 if alpha is None else alpha
    width = float(name.partition("-")[2]) if name in MOBILENETS else None
    if alpha is None or alpha == width:
        return width
    if width is None:
        raise ValueError(f"alpha is the width of mobilenet, {name!r} has none; got {alpha!r}. Leave it out.")
    raise ValueError(f"{name!r} has the width (alpha) {width}, got {alpha!r}. Leave alpha out, or use 'mobilenet'.")


def load_mobilenet(alpha, side):
    """Return a MobileNet of this width for images of this side in pixels, without its top, and its card.

    Args:
        alpha: 0.25, 0.5, 0.75 or 1.0.
        side: at least 32.

    Raises:
        ValueError: if the width is unknown or the file holds other weights.
        AssetMissing: if the weights have to be fetched first.
    """
    alpha = float(known("width (alpha) of mobilenet", alpha, list(ACCURACY)))
    located = fetch(f"mobilenet-{alpha}")
    model = keras.applications.MobileNet(
        input_shape=(side, side, 3), alpha=alpha, include_top=False, weights=None, name="mobilenet"
    )
    try:
        model.load_weights(located.path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{located.path} must hold MobileNet weights of width {alpha}: {error}") from error
    card = {
        "trained_on": "ImageNet-1k at 224x224, by Google, from keras.applications",
        "licence": "Apache-2.0",
        "width": alpha,
        "accuracy": ACCURACY[alpha],
        "variant": located.variant,
        "source": "Howard et al. (2017), MobileNets",
    }
    return model, card
