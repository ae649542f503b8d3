"""The architecture of EfficientNet-Lite0."""

import keras
from keras import layers

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""For each stage: blocks, width of the kernel, strides of the first block, expansion, channels."""

EFFICIENTNET_TAPS = ("block01_out", "block03_out", "block05_out", "block11_out", "features")
"""Layers worth probing: where the image gets smaller next, and the last."""


def efficientnet_lite0(side, *, include_top=True):
    """Build EfficientNet-Lite0 without weights: one flat functional model, pictures in, logits out.

    A stem, sixteen inverted residual blocks and one more convolution (Tan & Le 2019, *EfficientNet*; Liu 2020,
    *EfficientNet-Lite*: no squeeze-and-excitation, ReLU6 instead of swish). A block widens its input (``expand``, but
    not in the first), filters each channel by itself (``depthwise``) and narrows it again (``project``). Where the
    shape stays the input is added. The original drops 20 % of the pooled features in training; that is left out.

    Args:
        side: height and width of the pictures in pixels, at least 32.
        include_top: whether the model goes on after ``features`` to ``pool`` and ``head``.

    Returns:
        A Keras model from float pictures ``(n, side, side, 3)`` in 0 … 255 to 1,000 logits, or to the feature maps
        ``(n, h, w, 1280)`` of ``features``, where h = w = side / 32, rounded up. The layers ``block01_out`` …
        ``block16_out`` end its blocks.

    >>> efficientnet_lite0(64).count_params()
    4694024
    """

    def normalise(x, name):
        return layers.BatchNormalization(epsilon=1e-3, name=name)(x)

    def convolve(x, filters, name, kernel=1, strides=1):
        return layers.Conv2D(filters, kernel, strides, "same", use_bias=False, name=f"{name}_conv")(x)

    def relu6(x, name):
        return layers.ReLU(max_value=6.0, name=name)(x)

    def block(x, name, kernel, strides, expansion, channels):
        before, added = x, strides == 1 and x.shape[-1] == channels
        if expansion > 1:
            x = convolve(x, expansion * x.shape[-1], f"{name}_expand")
            x = relu6(normalise(x, f"{name}_expand_norm"), f"{name}_expand_relu6")
        x = layers.DepthwiseConv2D(kernel, strides, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
        x = relu6(normalise(x, f"{name}_depthwise_norm"), f"{name}_depthwise_relu6")
        x = convolve(x, channels, f"{name}_project")
        x = normalise(x, f"{name}_project_norm" if added else f"{name}_out")
        return layers.Add(name=f"{name}_out")([before, x]) if added else x

    inputs = keras.Input((side, side, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1.0, name="rescale")(inputs)
    x = relu6(normalise(convolve(x, 32, "stem", 3, 2), "stem_norm"), "stem_relu6")
    number = 0
    for blocks, kernel, strides, expansion, channels in STAGES:
        for repeat in range(blocks):
            number += 1
            x = block(x, f"block{number:02d}", kernel, 1 if repeat else strides, expansion, channels)
    x = relu6(normalise(convolve(x, 1280, "last"), "last_norm"), "features")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(1000, dtype="float32", name="head")(x)
    return keras.Model(inputs, x, name="efficientnet-lite0")
