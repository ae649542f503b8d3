"""Training many times over: back to the start without a new compile, passes over few examples."""

import random

import keras
import numpy as np


def restart(network, seed, learning_rate=None):
    """Give a compiled network new random weights and a fresh optimiser, without compiling it again.

    A network of a few thousand weights trains in less time than Keras needs to compile it; over fifty repetitions that
    is most of the wait. What is frozen keeps its weights: layers, layers inside a borrowed part, single weights. A
    ``Normalization``, which has adapted to data, keeps its own too.

    Args:
        network: compiled Keras model with an optimiser whose state starts at zero (SGD, Adam and their kin).
        seed: seed of the new weights and of what is random in training. Seeds Python's generator, where Keras draws a
            seed for each layer. Keras's global seed stays as it is: setting it makes TensorFlow throw away its compiled
            kernels (`make bench` prints what the next step then costs).
        learning_rate: a new learning rate, or ``None`` to keep the present one.

    Raises:
        ValueError: if the network was not compiled with an optimiser, or shares a layer between models inside it.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> network.compile("adam", "mse")
    >>> restart(network, seed=1)
    """
    if getattr(network, "optimizer", None) is None:
        raise ValueError("restart needs a network that was compiled with an optimiser. Call network.compile first.")
    random.seed(seed)
    old, new = network.variables, keras.models.clone_model(network).variables
    if [variable.shape for variable in old] != [variable.shape for variable in new]:
        raise ValueError(
            f"restart needs a network whose copy has the same weights; {network.name!r} shares a layer between models "
            "inside it. Build it anew instead."
        )
    frozen = {id(weight) for layer in network._flatten_layers() for weight in _frozen(layer)}
    for variable, value in zip(old, new):
        if id(variable) not in frozen:  # weights, statistics, and the random state of a dropout
            variable.assign(value)
    forget_steps(network.optimizer)
    if learning_rate is not None:
        network.optimizer.learning_rate = learning_rate


def _frozen(layer):
    """Return the weights that a layer's own flag, the flag of one of them, or their nature keeps."""
    if not layer.trainable or isinstance(layer, keras.layers.Normalization):
        return layer.weights
    return [weight for weight in layer._trainable_variables if not weight.trainable]


def rewind(model, weights):
    """Put a compiled model back to where it started: these weights, and an optimiser that has taken no step.

    The next `fit` then trains as if the model had just been compiled, without the seconds that compiling takes.

    Args:
        model: compiled Keras model with an optimiser whose state starts at zero (SGD, Adam and their kin).
        weights: what ``model.get_weights()`` returned at the start.

    Raises:
        ValueError: if the model was not compiled with an optimiser, or the weights have other shapes.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> rewind(model, model.get_weights())
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("rewind needs a model that was compiled with an optimiser. Call model.compile first.")
    model.set_weights(weights)
    forget_steps(model.optimizer)


def forget_steps(optimizer):
    """Put an optimiser back to its first step: moments and step count to zero, learning rates as they are.

    Args:
        optimizer: Keras optimiser whose state starts at zero (SGD, Adam and their kin), or a ``MultiOptimizer``.

    >>> forget_steps(keras.optimizers.Adam(0.1))
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # a loss scale of mixed precision stays
    rates = {id(one._learning_rate) for one in getattr(optimizer, "optimizers", [optimizer])}
    for variable in optimizer.variables:
        if id(variable) not in rates:
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def passes(rows, steps, batch, seed):
    """Return the rows of exactly ``steps`` batches: shuffled passes over the examples, one after the other.

    One epoch of ``fit`` over these rows replaces many short epochs and saves their overhead.

    Args:
        rows: the labelled examples, int ``(n,)``, n at least 1.
        steps: gradient steps, at least 1.
        batch: examples in a step, at least 1.
        seed: seed of the order.

    Returns:
        Row numbers, int ``(steps * batch,)``.

    >>> passes([3, 4], steps=2, batch=2, seed=0).shape
    (4,)
    """
    rows = np.asarray(rows)
    if len(rows) == 0 or steps < 1 or batch < 1:
        raise ValueError(f"There must be examples, steps and a batch; got {len(rows)}, {steps} and {batch}.")
    rounds = -(-steps * batch // len(rows))
    return np.random.default_rng(seed).permuted(np.tile(rows, (rounds, 1)), axis=1).ravel()[: steps * batch]
