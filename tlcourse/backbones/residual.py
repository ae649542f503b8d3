"""The architecture of the bundled networks, and weights for it."""

import warnings

import keras
from keras import layers

STAGES = (40, 80, 104)
"""Channels of the three stages."""


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
