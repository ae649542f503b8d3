"""A network whole, by name: bundled, or fetched."""

import keras

from tlcourse.backbones.bundled import BUNDLED, PLANTED, load_bundled
from tlcourse.backbones.efficientnet_weights import imagenet_names, load_efficientnet
from tlcourse.checks import checked_side, known


def load_network(name, *, side=None, include_top=True):
    """Load a network whole, with the last layer that names its own classes, or without it.

    Args:
        name: ``"efficientnet-lite0"``, trained on the thousand kinds of things of ImageNet, which is fetched; or a
            bundled one, ``"letters"`` or ``"photos"``, and for lesson 06 ``"scrambled"``, ``"unscrambled"`` or
            ``"bold"``.
        side: width and height of the pictures for ``"efficientnet-lite0"``, at least 32, by default 128. The bundled
            networks take pictures of any size, so they take no side.
        include_top: whether the network ends with its logits or with its last feature maps.

    Returns:
        A Keras model and the names of its classes, a tuple. Nothing in it is frozen.

        ``"efficientnet-lite0"`` takes float pictures ``(n, side, side, 3)`` in 0 … 255. It gives 1,000 logits, or
        without its top the maps ``(n, h, w, 1280)`` of its layer ``features``.

        The bundled ones take float pictures ``(n, height, width, 3)`` in [0, 1]. Their layers ``stage1``, ``stage2``
        and ``stage3`` end the stages, ``pool`` averages over the picture, ``head`` gives the logits. Without its top
        the network ends at ``stage3``, ``(n, h, w, 104)``.

    Raises:
        ValueError: if the name is unknown, the side no whole number from 32 on or given for a bundled network, or the
            weights file damaged.
        AssetMissing: if the weights have to be fetched first.

    >>> network, names = load_network("letters")
    >>> network.output_shape, names[:3]
    ((None, 71), ('A', 'B', 'C'))
    >>> network, names = load_network("letters", include_top=False)
    >>> network.output_shape
    (None, None, None, 104)
    """
    known("network", name, [*BUNDLED, *PLANTED, "efficientnet-lite0"])
    if name == "efficientnet-lite0":
        side = checked_side(name, side, usual=128, least=32)
        network, _ = load_efficientnet(side, include_top=include_top)
        return network, imagenet_names()
    if side is not None:
        raise ValueError(f"{name!r} takes pictures of any size, so side must be left out; got {side!r}.")
    network, names = load_bundled(name)
    if not include_top:
        network = keras.Model(network.input, network.get_layer("stage3").output, name=name)
    return network, names
