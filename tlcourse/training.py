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
        network: compiled Keras model.
        seed: seed of the new weights and of what is random in training. Seeds Python's generator, where Keras draws a
            seed for each layer. Keras's global seed stays as it is: setting it makes TensorFlow throw away its compiled
            kernels (`make bench` prints what the next step then costs). On PyTorch its own is set, see `rewind`.
        learning_rate: a new learning rate, or ``None`` to keep the present one.

    Raises:
        ValueError: if the network was not compiled with an optimiser, shares a layer between models inside it, or as
            `forget_steps`. Then no weight has changed.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> network.compile("adam", "mse")
    >>> restart(network, seed=1)
    """
    if getattr(network, "optimizer", None) is None:
        raise ValueError("restart needs a network that was compiled with an optimiser. Call network.compile first.")
    anew = _made_anew(network.optimizer)
    random.seed(seed)
    _seed_pytorch(seed)
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
    _start(anew)
    if learning_rate is not None:
        network.optimizer.learning_rate = learning_rate


def _frozen(layer):
    """Return the weights that a layer's own flag, the flag of one of them, or their nature keeps."""
    if not layer.trainable or isinstance(layer, keras.layers.Normalization):
        return layer.weights
    return [weight for weight in layer._trainable_variables if not weight.trainable]


def rewind(model, weights):
    """Put a compiled model back to where it started: these weights, and an optimiser that has taken no step.

    The next `fit` then trains as if the model had just been made and compiled, without the seconds that this takes.
    What is random in it (dropout, noise, augmentation) starts anew too, each layer from the seed that it was made with.
    On PyTorch, Keras 3.15 takes a dropout without ``seed=`` from PyTorch's own generator instead, which then starts at
    0: two rewinds train alike, but not as the model did before the first.

    Args:
        model: compiled Keras model.
        weights: what ``model.get_weights()`` returned at the start.

    Raises:
        ValueError: if the model was not compiled with an optimiser, the weights have other shapes, or as
            `forget_steps`.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> model.compile("adam", "mse")
    >>> rewind(model, model.get_weights())
    """
    if getattr(model, "optimizer", None) is None:
        raise ValueError("rewind needs a model that was compiled with an optimiser. Call model.compile first.")
    anew = _made_anew(model.optimizer)
    model.set_weights(weights)
    _start(anew)
    _seed_pytorch(0)
    for layer in model._flatten_layers():
        for generator in layer._seed_generators:  # its state: the seed, and how often it was asked
            state = np.array(keras.ops.convert_to_numpy(generator.state))
            state[1] = 0
            generator.state.assign(state)


def _seed_pytorch(seed):
    if keras.config.backend() == "torch":
        import torch

        torch.manual_seed(seed)


def forget_steps(optimizer):
    """Put an optimiser back to its first step: its state as if it had just been made, learning rates as they are.

    Most averages start at zero, but not Adagrad's and Ftrl's, nor the momentum of Nadam; that of ``ScheduleFreeAdamW``
    starts at the weights as they are now (Keras 3.15 itself starts it at zero if `fit` builds it: build it before). A
    loss scale starts where it did.

    Args:
        optimizer: Keras optimiser, also a ``MultiOptimizer`` or a ``LossScaleOptimizer``.

    Raises:
        ValueError: if the optimiser can't be made anew from its own configuration, as one of your own without
            ``get_config``. Then nothing has changed.

    >>> forget_steps(keras.optimizers.Adam(0.1))
    """
    _start(_made_anew(optimizer))


def _made_anew(optimizer):
    """Return the optimiser and a new one of its kind, as a pair, not built; of one that passes steps on, all in it."""
    inside = getattr(optimizer, "optimizers", None) or [getattr(optimizer, "inner_optimizer", None)]
    if inside != [None]:
        return [(optimizer, None), *(pair for one in inside for pair in _made_anew(one))]
    try:
        return [(optimizer, type(optimizer).from_config({**optimizer.get_config(), "learning_rate": 0.0}))]
    except (KeyError, NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"The optimiser must be one that can be made anew from its own configuration; got "
            f"{type(optimizer).__name__} ({error}). Compile the model anew, or give the optimiser a get_config."
        ) from error


def _start(anew):
    for optimizer, new in anew:
        if new is None:
            optimizer.iterations.assign(0)
            if hasattr(optimizer, "dynamic_scale"):
                optimizer.step_counter.assign(0)
                optimizer.dynamic_scale.assign(optimizer.initial_scale)
            continue
        if optimizer.built:
            new.build(optimizer._trainable_variables)
        state, first = ([v for v in one.variables if v is not one._learning_rate] for one in (optimizer, new))
        for variable, value in zip(state, first, strict=True):
            variable.assign(value)


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
    if rows.dtype == bool:
        raise ValueError("rows must be numbers of rows; got a mask. Take np.flatnonzero of it.")
    rounds = -(-steps * batch // len(rows))
    return np.random.default_rng(seed).permuted(np.tile(rows, (rounds, 1)), axis=1).ravel()[: steps * batch]
