"""Inside a network: its layers one by one, BatchNorm's statistics. What several modules ask of any model goes here."""

import keras


def leaves(model):
    """Return the layers of a model and of the models inside it, from the input to the last, each once.

    >>> inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="first")])
    >>> [layer.name for layer in leaves(keras.Sequential([inner, keras.layers.Dense(1, name="last")]))]
    ['first', 'last']
    """
    found = {}
    for layer in model.layers:
        for leaf in leaves(layer) if hasattr(layer, "layers") else [layer]:
            found[id(leaf)] = leaf
    return list(found.values())


def norms(model):
    """Return the BatchNorm layers of a model, also those inside other layers.

    >>> len(norms(keras.Sequential([keras.layers.Dense(3), keras.layers.BatchNormalization()])))
    1
    """
    return [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]


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


def use_xla():
    """Say whether the package compiles its short runs with XLA, as ``jit_compile``: on JAX, and nowhere else.

    Without it Keras runs JAX operation by operation: almost four times as long in the forward pass of ``letters``, and
    almost three times in training. TensorFlow is as fast without, and its first step is shorter. A model of your own
    needs no such argument: leave ``jit_compile`` out.

    >>> use_xla() == (keras.config.backend() == "jax")
    True
    """
    return keras.config.backend() == "jax"
