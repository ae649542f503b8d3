"""Whose knowledge do we borrow? A network together with its preprocessing, its input shape and its card."""

import hashlib
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import keras
import numpy as np
from keras import layers

from tlcourse.assets import data_folder, fetch
from tlcourse.checks import checked_images, known
from tlcourse.networks import set_statistics

BUNDLED = ("letters", "photos")
MOBILENET_TAPS = ("conv_pw_3_relu", "conv_pw_5_relu", "conv_pw_11_relu", "conv_pw_13_relu")
STAGES = (40, 80, 104)


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


def load_backbone(name, *, side=None, alpha=0.25):
    """Load a pretrained network by name, frozen.

    Args:
        name: ``"letters"`` or ``"photos"``, which are bundled and share one architecture, or ``"mobilenet"``, with its
            ImageNet weights from ``keras.applications``, which are fetched.
        side: width and height in pixels of the images that the network sees, at least 8 (``"mobilenet"``: 32). By
            default 32, which the bundled networks were trained on, and 128 for ``"mobilenet"``.
        alpha: width of ``"mobilenet"``: 0.25, 0.5, 0.75 or 1.0.

    Returns:
        A `Backbone` whose ``model.trainable`` is ``False``.

    Raises:
        ValueError: if the name or the width is unknown, the side too small, or a weights file damaged or of another
            architecture.
        AssetMissing: if the weights have to be fetched first.

    >>> letters = load_backbone("letters")
    >>> letters.preprocess(np.zeros((5, 8, 8), "uint8")).shape
    (5, 32, 32, 3)
    >>> load_backbone("letters", side=24).preprocess(np.zeros((5, 8, 8), "uint8")).shape
    (5, 24, 24, 3)
    """
    known("backbone", name, [*BUNDLED, "mobilenet"])
    usual, least = (128, 32) if name == "mobilenet" else (32, 8)
    side = usual if side is None else side
    if not isinstance(side, int | np.integer) or side < least:
        raise ValueError(
            f"side must be a whole number of pixels, at least {least} for {name!r}, got {side!r}. "
            f"Without it the network sees images of {usual}x{usual}."
        )
    backbone = _mobilenet(alpha, side) if name == "mobilenet" else _bundled(name, side)
    backbone.model.trainable = False
    return backbone


def residual_classifier(classes):
    """Build the architecture of the bundled backbones: a small residual network, images in, logits out.

    A stem and three stages of 40, 80 and 104 channels, each halving the image and adding one residual block (He et al.
    2016, *Deep Residual Learning*): 0.46 million parameters, and 24 million multiply-adds for an image of 32x32. No
    weight depends on the size of the image.

    Args:
        classes: number of logits, at least 2.

    Returns:
        A Keras model from float images ``(n, height, width, 3)`` in [0, 1] to ``(n, classes)``; the layers ``stage1``,
        ``stage2`` and ``stage3`` end its stages, ``pool`` averages over the image, ``head`` gives the logits.

    >>> residual_classifier(10).count_params() < 500_000
    True
    """

    def convolve(x, filters, name, strides=1):
        x = layers.Conv2D(filters, 3, strides, "same", use_bias=False, name=f"{name}_conv")(x)
        return layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)

    inputs = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(2.0, -1.0, name="rescale")(inputs)
    x = layers.ReLU(name="stem")(convolve(x, 24, "stem"))
    for number, filters in enumerate(STAGES, start=1):
        stage = f"stage{number}"
        x = layers.ReLU(name=f"{stage}_in")(convolve(x, filters, f"{stage}_in", strides=2))
        residual = layers.ReLU(name=f"{stage}_mid")(convolve(x, filters, f"{stage}_mid"))
        residual = convolve(residual, filters, f"{stage}_out")
        x = layers.ReLU(name=stage)(layers.Add(name=f"{stage}_add")([x, residual]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(x)
    logits = layers.Dense(classes, dtype="float32", name="head")(pooled)
    return keras.Model(inputs, logits, name="classifier")


def untrained(backbone, images, seed):
    """Return the same network with new random weights, its BatchNorm statistics set on ``images``.

    The statistics of the trained network don't fit the new weights, and neither do Keras's initial ones. Either would
    make the comparison unfair. One forward pass over unlabelled images gives each normalisation the mean and variance
    that it will see.

    Args:
        backbone: the `Backbone` to copy.
        images: a few hundred unlabelled images of the source, in any form that ``backbone.preprocess`` takes.
        seed: seed of the weights. Sets Keras's global seed.

    Returns:
        A `Backbone` without head, frozen.
    """
    keras.utils.set_random_seed(seed)
    model = keras.models.clone_model(backbone.model)
    set_statistics(model, backbone.preprocess(images))
    model.trainable = False
    card = {"trained_on": "nothing: random weights, normalised on unlabelled images", "seed": seed}
    return replace(backbone, name=f"{backbone.name}, untrained", model=model, head=None, card=card)


def load_network(name):
    """Load a bundled network whole, with the last layer that names its own classes.

    Args:
        name: ``"letters"`` or ``"photos"``.

    Returns:
        A Keras model from float images ``(n, height, width, 3)`` in [0, 1] to logits ``(n, classes)``, and the names of
        its classes. Its layers ``stage1``, ``stage2`` and ``stage3`` end its stages, ``pool`` averages over the image,
        ``head`` gives the logits.

    Raises:
        ValueError: if the name is unknown or the weights file is damaged.

    >>> network, names = load_network("letters")
    >>> network.output_shape, names[:3]
    ((None, 71), ('A', 'B', 'C'))
    """
    known("bundled network", name, BUNDLED)
    folder = data_folder() / "weights"
    path, card = folder / f"{name}.weights.h5", _card(name)
    received = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if received != card["sha256"]:
        raise ValueError(
            f"{path.name} must have the SHA-256 on its card, {card['sha256'][:12]}…, got {received[:12]}…. "
            f"Restore it with: git checkout -- data/weights/{path.name}"
        )
    return load_classifier(path, len(card["classes"])), tuple(card["classes"])


def _card(name):
    return tomllib.loads((data_folder() / "weights" / f"{name}.toml").read_text(encoding="utf-8"))


def _bundled(name, side):
    network, _ = load_network(name)
    features = keras.Input(network.get_layer("pool").output.shape[1:])
    return Backbone(
        name,
        model=keras.Model(network.input, network.get_layer("stage3").output, name=name),
        preprocess=partial(_resize_rgb, side=side),
        input_shape=(side, side, 3),
        taps=("stage1", "stage2", "stage3"),
        head=keras.Model(features, network.get_layer("head")(features), name=f"{name}_head"),
        card=_card(name),
    )


def load_classifier(path, classes):
    """Load weights into a new `residual_classifier`.

    Args:
        path: a file that ``save_weights`` wrote, named ``*.weights.h5``.
        classes: number of logits it was trained with.

    Raises:
        ValueError: if the file is truncated or of another architecture; the message says which file.
    """
    classifier = residual_classifier(classes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # Keras only warns of what a file lacks
            classifier.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        raise ValueError(
            f"{path} must hold whole weights of residual_classifier({classes}); loading it failed: "
            f"{str(error).splitlines()[0][:160]} Train it again with `tlcourse pretrain`, or restore the file."
        ) from error
    return classifier


def _resize_rgb(images, side):
    images = checked_images(images)
    if images.shape[1:3] != (side, side):
        resized = keras.ops.image.resize(images, (side, side), antialias=True, data_format="channels_last")
        images = keras.ops.convert_to_numpy(resized)
    return np.broadcast_to(images, (*images.shape[:3], 3)).clip(0, 1)


def _mobilenet(alpha, side):
    alpha = float(known("width (alpha) of mobilenet", alpha, [0.25, 0.5, 0.75, 1.0]))
    located = fetch(f"mobilenet-{alpha}")
    model = keras.applications.MobileNet(
        input_shape=(side, side, 3), alpha=alpha, include_top=False, weights=None, name="mobilenet"
    )
    try:
        model.load_weights(located.path)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{located.path} must hold MobileNet weights of width {alpha}: {error}") from error
    return Backbone(
        "mobilenet",
        model=model,
        preprocess=lambda images: _resize_rgb(images, side) * 2 - 1,
        input_shape=(side, side, 3),
        taps=MOBILENET_TAPS,
        card={
            "trained_on": "ImageNet-1k at 224x224, by Google, from keras.applications",
            "licence": "Apache-2.0",
            "width": alpha,
            "variant": located.variant,
            "source": "Howard et al. (2017), MobileNets",
        },
    )
