"""Inside a network: its layers one by one, BatchNorm's statistics. What several modules ask of any model goes here."""

from itertools import count

import keras
import numpy as np


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
    """Set the moving mean and variance of each BatchNorm layer that the inputs pass to those of one batch.

    A borrowed network normalises by the statistics of its source. Inputs of another kind come out of its first layers
    with another mean and spread, and each later layer then sees what it was never trained for. One pass over unlabelled
    inputs gives each normalisation the statistics that it will meet: the normalisations alone run in training mode, so
    that no dropout drops, no noise is added and no image is varied. Of a layer that is called several times in a pass,
    as in ``TimeDistributed``, they are the means over its calls.

    Args:
        model: Keras model; its flags are put back as they were.
        inputs: preprocessed inputs, a single batch: a few dozen to a few hundred.

    Raises:
        ValueError: if there is no input or no BatchNorm layer, or an input is not finite.

    Source:
        Li, Wang, Shi, Liu & Hou (2016), *Revisiting Batch Normalization For Practical Domain Adaptation*.

    >>> network = keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization()])
    >>> set_statistics(network, keras.ops.convert_to_tensor([[1.0], [3.0]]))
    >>> [float(x[0]) for x in network.layers[0].get_weights()[2:]]
    [2.0, 1.0]
    """
    found = norms(model)
    if not len(inputs) or not found:
        raise ValueError(f"There must be inputs and BatchNorm layers; got {len(inputs)} and {len(found)}.")
    if not all(np.isfinite(keras.ops.convert_to_numpy(part)).all() for part in keras.tree.flatten(inputs)):
        raise ValueError("Inputs must be finite; got NaN or infinity, which would stay in the averages.")
    kept = [(norm, norm.trainable, norm.momentum) for norm in found]
    for norm in found:
        norm._trainable = True  # the flag alone: the setter changes those of the weights too
        norm.call = _normalising(norm, norm.call)
    try:
        model(inputs, training=False)
    finally:
        for norm, trainable, momentum in kept:
            del norm.call  # the class's own is seen again
            norm._trainable, norm.momentum = trainable, momentum


def _normalising(norm, call):
    """Return a BatchNorm layer's ``call`` that always runs in training mode and averages over all calls alike."""
    before = count()

    def normalise(*args, **options):
        norm.momentum = 1 - 1 / (1 + next(before))
        return call(*args, **{**options, "training": True})

    return normalise


def accelerators():
    """Return what computes faster than the CPU here, as Keras names it: ``["gpu:0"]``, or nothing.

    Keras 3.15 lists no devices on PyTorch, so there PyTorch is asked.

    >>> isinstance(accelerators(), list)
    True
    """
    if keras.config.backend() == "torch":
        import torch

        return [f"gpu:{number}" for number in range(torch.cuda.device_count())]
    return [device for device in keras.distribution.list_devices() if not device.startswith("cpu")]


def use_xla():
    """Say whether the package compiles its short runs with XLA, as ``jit_compile``: on JAX, and nowhere else.

    Without it Keras runs JAX operation by operation: almost four times as long in the forward pass of ``letters``, and
    almost three times in training. TensorFlow is as fast without, and its first step is shorter. A model of your own
    needs no such argument: leave ``jit_compile`` out.

    >>> use_xla() == (keras.config.backend() == "jax")
    True
    """
    return keras.config.backend() == "jax"
