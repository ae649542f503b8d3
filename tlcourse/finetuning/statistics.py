"""BatchNorm's moving statistics, set on purpose."""

from tlcourse.finetuning.freezing import norms


def set_statistics(model, inputs):
    """Set the moving mean and variance of every BatchNorm layer to those of one batch; no parameter changes.

    A borrowed network normalises by the statistics of its source. Inputs of another kind come out of its first layers
    with another mean and spread, and each later layer then sees what it was never trained for. One pass in training
    mode over unlabelled inputs gives each normalisation the statistics that it will meet.

    Args:
        model: Keras model; its flags are put back as they were.
        inputs: preprocessed inputs, a single batch: a few dozen to a few hundred.

    Raises:
        ValueError: if there is no input or no BatchNorm layer.

    Source:
        Li, Wang, Shi, Liu & Hou (2016), *Revisiting Batch Normalization For Practical Domain Adaptation*.

    >>> import keras
    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization()])
    >>> set_statistics(network, keras.ops.convert_to_tensor([[1.0], [3.0]]))
    >>> [float(x[0]) for x in network.layers[0].get_weights()[2:]]
    [2.0, 1.0]
    """
    kept = [(norm, norm.trainable, norm.momentum) for norm in norms(model)]
    if not len(inputs) or not kept:
        raise ValueError(f"There must be inputs and BatchNorm layers; got {len(inputs)} and {len(kept)}.")
    for norm, _, _ in kept:
        norm.trainable, norm.momentum = True, 0.0
    try:
        model(inputs, training=True)
    finally:
        for norm, trainable, momentum in kept:
            norm.trainable, norm.momentum = trainable, momentum
