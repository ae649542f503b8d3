"""A borrowed network with what belongs to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np

from tlcourse.backbones.bundled import BUNDLED, PLANTED, card_of, load_bundled
from tlcourse.backbones.efficientnet import EFFICIENTNET_TAPS
from tlcourse.backbones.efficientnet_weights import load_efficientnet
from tlcourse.backbones.mobilenet import MOBILENET_TAPS, MOBILENETS, checked_width, load_mobilenet
from tlcourse.checks import checked_images, checked_side, known
from tlcourse.networks import set_statistics


@dataclass(frozen=True)
class Backbone:
    """A borrowed network.

    Attributes:
        name: what the course calls it.
        model: Keras model from preprocessed images ``(n, *input_shape)`` to its last feature map.
        preprocess: function from any images (see `tlcourse.checks.checked_images`) to what ``model`` was trained on.
        input_shape: height, width and channels of a preprocessed image.
        taps: layers worth probing by name, from the input to the last.
        head: the classifier it was trained with, a Keras model from pooled features to logits of its own classes, or
            ``None``.
        card: what it was trained on, by which command, with which accuracy.
    """

    name: str
    model: keras.Model
    preprocess: Callable
    input_shape: tuple
    taps: tuple
    head: keras.Model | None = None
    card: Mapping | None = None


def load_backbone(name, *, side=None, alpha=None):
    """Load a pretrained network by name, frozen.

    Args:
        name: ``"letters"`` or ``"photos"``, which are bundled and share one architecture, as do ``"scrambled"`` and
            ``"bold"``, which are planted to do harm, and ``"unscrambled"``, the control of the first; or one with its
            ImageNet weights, which are fetched: ``"efficientnet-lite0"``, or ``"mobilenet"`` of ``keras.applications``,
            by its width ``"mobilenet-0.25"``, ``"mobilenet-0.5"``, ``"mobilenet-0.75"`` or ``"mobilenet-1.0"``.
        side: width and height in pixels of the images that the network sees, at least 8 (fetched networks: 32). By
            default 32, which the bundled networks were trained on, and 128 for those that are fetched.
        alpha: width of ``"mobilenet"``: 0.25 (by default), 0.5, 0.75 or 1.0.

    Returns:
        A `Backbone` whose ``model.trainable`` is ``False``.

    Raises:
        ValueError: if the name or the width is unknown, the width not that of the name, the side too small, or a
            weights file damaged or of another architecture.
        AssetMissing: if the weights have to be fetched first.

    >>> letters = load_backbone("letters")
    >>> letters.preprocess(np.zeros((5, 8, 8), "uint8")).shape
    (5, 32, 32, 3)
    >>> load_backbone("letters", side=24).preprocess(np.zeros((5, 8, 8), "uint8")).shape
    (5, 24, 24, 3)
    """
    known("backbone", name, [*BUNDLED, *PLANTED, "efficientnet-lite0", "mobilenet", *MOBILENETS])
    bundled = name in BUNDLED + PLANTED
    side = checked_side(name, side, usual=32 if bundled else 128, least=8 if bundled else 32)
    width = checked_width(name, alpha)
    if bundled:
        backbone = _bundled(name, side)
    elif name == "efficientnet-lite0":
        backbone = _efficientnet(side)
    else:
        backbone = _mobilenet(name, width, side)
    backbone.model.trainable = False
    return backbone


def untrained(backbone, images, seed):
    """Return the same network with new random weights.

    The statistics of the trained network don't fit the new weights. One forward pass over unlabelled images gives each
    batch normalisation the mean and variance that it will see. Whether this beats Keras's initial ones, mean 0 and
    variance 1, depends on the images.

    Args:
        backbone: the `Backbone` to copy.
        images: a few hundred unlabelled images in any form that ``backbone.preprocess`` takes, or ``None`` to leave the
            statistics as Keras makes them.
        seed: seed of the weights. Sets Keras's global seed.

    Returns:
        A `Backbone` without head, frozen.
    """
    keras.utils.set_random_seed(seed)
    model = keras.models.clone_model(backbone.model)
    if images is not None:
        set_statistics(model, backbone.preprocess(images))
    model.trainable = False
    normalised = "as made" if images is None else "normalised on unlabelled images"
    card = {"trained_on": f"nothing: random weights, {normalised}", "seed": seed}
    return replace(backbone, name=f"{backbone.name}, untrained", model=model, head=None, card=card)


def _bundled(name, side):
    network, _ = load_bundled(name)
    features = keras.Input(network.get_layer("pool").output.shape[1:])
    return Backbone(
        name,
        model=keras.Model(network.input, network.get_layer("stage3").output, name=name),
        preprocess=partial(_resize_rgb, side=side),
        input_shape=(side, side, 3),
        taps=("stage1", "stage2", "stage3"),
        head=keras.Model(features, network.get_layer("head")(features), name=f"{name}_head"),
        card=card_of(name),
    )


def _efficientnet(side):
    network, card = load_efficientnet(side)
    features = keras.Input(network.get_layer("pool").output.shape[1:])
    return Backbone(
        "efficientnet-lite0",
        model=keras.Model(network.input, network.get_layer("features").output, name=network.name),
        preprocess=lambda images: _resize_rgb(images, side) * 255,
        input_shape=(side, side, 3),
        taps=EFFICIENTNET_TAPS,
        head=keras.Model(features, network.get_layer("head")(features), name="efficientnet-lite0_head"),
        card=card,
    )


def _mobilenet(name, alpha, side):
    model, card = load_mobilenet(alpha, side)
    return Backbone(
        name,
        model=model,
        preprocess=lambda images: _resize_rgb(images, side) * 2 - 1,
        input_shape=(side, side, 3),
        taps=MOBILENET_TAPS,
        card=card,
    )


def _resize_rgb(images, side):
    images = checked_images(images)
    if images.shape[1:3] != (side, side):
        resized = keras.ops.image.resize(images, (side, side), antialias=True, data_format="channels_last")
        images = keras.ops.convert_to_numpy(resized)
    return np.broadcast_to(images, (*images.shape[:3], 3)).clip(0, 1)
