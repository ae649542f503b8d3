"""Which layers train, which of their weights will change, and whether the model was compiled after that was set."""

import math
import re
from dataclasses import dataclass

import keras

from tlcourse.adaptation import DomainBatchNormalization
from tlcourse.checks import known
from tlcourse.networks import leaves, norms


@dataclass(frozen=True)
class Movement:
    """What the next `fit` will move in a model, in numbers.

    Attributes:
        trained: parameters that gradients will change.
        frozen: parameters that stay as they are.
        moving: BatchNorm statistics (moving means and variances) that batches in training will change; of a Hub module
            all weights that it updates itself.
        resting: such statistics that stay as they are.
        layers: names of the layers of which anything moves, from the input on.
    """

    trained: int
    frozen: int
    moving: int
    resting: int
    layers: tuple

    def __str__(self):
        """Say it in one line.

        >>> print(Movement(trained=10, frozen=90, moving=0, resting=4, layers=("head",)))
        10 of 100 parameters train, 0 of 4 BatchNorm statistics move; layers: head
        """
        names = ", ".join(self.layers) if len(self.layers) < 4 else f"{self.layers[0]} … {self.layers[-1]}"
        return (
            f"{self.trained:,} of {self.trained + self.frozen:,} parameters train, "
            f"{self.moving:,} of {self.moving + self.resting:,} BatchNorm statistics move; layers: {names or 'none'}"
        )


class StaleCompile(RuntimeError):
    """A model was compiled before its ``trainable`` flags changed, so `fit` would not train what they say."""


def unfreeze(model, *, since=None, matching=None, batch_norm):
    """Let some layers of a network train, freeze all others, and report what will move. Compile afterwards.

    BatchNorm has two things to freeze, and Keras freezes both with one flag: a BatchNorm layer with ``trainable =
    False`` keeps its scale and offset *and* normalises by its moving statistics, which then rest.

    Args:
        model: Keras model, with models inside it or not; all its layers get a flag.
        since: name of a layer: it and the layers after it train. For depth.
        matching: regular expression: layers whose whole name it matches train. For names. With neither ``since`` nor
            ``matching`` no layer trains. All weights of a layer get its flag, but a kernel with a low-rank update
            (LoRA) rests.
        batch_norm: ``"train"``, the BatchNorm layers among them train and their statistics move; or ``"freeze"``, every
            BatchNorm layer rests, as is advised when batches are small or few. A Hub module is one layer: its weights
            train or not, and with ``"freeze"`` its statistics rest, as its dropout does.

    Returns:
        A `Movement`, as `what_moves`.

    Raises:
        ValueError: if ``since`` and ``matching`` are both given, no layer of that name exists or
            several do, ``batch_norm`` is neither, or the model is not built.

    >>> first, last = keras.layers.Dense(3, name="a"), keras.layers.Dense(1, name="b")
    >>> network = keras.Sequential([keras.Input((2,)), first, last])
    >>> print(unfreeze(network, since="b", batch_norm="freeze"))
    4 of 13 parameters train, 0 of 0 BatchNorm statistics move; layers: b
    """
    known("way to treat BatchNorm", batch_norm, ["train", "freeze"])
    layers = leaves(model)
    held = {id(weight) for layer in layers for weight in layer.weights}
    if not model.built or any(id(weight) not in held for weight in model.weights):
        raise ValueError(
            f"{model.name!r} must be built, and each weight belong to one of its layers. Call it on inputs once; put "
            "weights that a model holds itself into a layer."
        )
    names = [layer.name for layer in layers]
    if since is not None and matching is not None:
        raise ValueError(f"Give one of since and matching; got since={since!r} and matching={matching!r}.")
    if since is not None:
        first = names.index(known(f"layer of {model.name!r}", since, names))
        if names.count(since) > 1:
            raise ValueError(f"{names.count(since)} layers are named {since!r}. Rename them, or name another.")
        chosen = [at >= first for at in range(len(names))]
    elif matching is not None:
        chosen = [re.fullmatch(matching, name) is not None for name in names]
        if not any(chosen):
            raise ValueError(f"matching={matching!r} is no layer's whole name. Layers: {', '.join(names)}.")
    else:
        chosen = [False] * len(names)
    kinds = (keras.layers.BatchNormalization, DomainBatchNormalization) if batch_norm == "freeze" else ()
    parts = model._flatten_layers()
    free = {id(part) for layer, trains in zip(layers, chosen) if trains for part in layer._flatten_layers()}
    free -= {id(inner) for part in parts if isinstance(part, kinds) for inner in part._flatten_layers()}
    for part in parts:
        # A model that holds a layer that trains must not hide it. Each flag and each weight is set by itself: the
        # setter reaches what is inside too, in an order of its own, and on TensorFlow not where the flag is the same.
        part._trainable = part is model or any(id(inner) in free for inner in part._flatten_layers())
        low_rank = getattr(part, "lora_enabled", False)
        for weight in part._trainable_variables:
            weight.trainable = part._trainable and not (low_rank and weight.name in ("kernel", "embeddings"))
        if hasattr(part, "training_mode"):
            part.training_mode = batch_norm == "train"
    return what_moves(model)


def what_moves(model):
    """Report what the next `fit` will move in a model, if it is compiled with its present flags.

    It reads flags alone. In `fit` a functional or sequential model runs all its layers in training mode, also one that
    was called with ``training=False``. A model or layer with a ``call`` of its own may pass that on; the statistics of
    its BatchNorms then rest, and are reported as moving.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization(name="norm")])
    >>> what_moves(network).moving
    4
    """
    trains = {id(weight) for weight in model.trainable_weights}
    running = {id(weight): norm.trainable for norm in norms(model) for weight in norm._non_trainable_variables}
    for part in model._flatten_layers():
        if hasattr(part, "statistics_move"):  # a Hub module
            running |= {id(weight): part.statistics_move for weight in part.statistics}
    parameters, statistics = [0, 0], [0, 0]
    seen, layers = set(), []
    for layer in [*leaves(model), model]:  # which may hold weights itself
        active = False
        for weight in layer.weights:
            if id(weight) in seen:
                continue
            seen.add(id(weight))
            goes = running.get(id(weight), id(weight) in trains)
            counts = statistics if id(weight) in running else parameters
            counts[not goes] += math.prod(weight.shape)
            active |= goes
        if active:
            layers.append(layer.name)
    return Movement(*parameters, *statistics, tuple(layers))


def check_compiled(model):
    """Raise if ``trainable`` flags have changed since `compile`. Call it before `fit`.

    The first `fit` after a `compile` settles what trains. If a flag changes later, `summary` changes, but what is
    trained does not. If a flag changes between `compile` and that `fit`, it does count, but don't rely on this. The
    code of Keras 3.15 has a warning for both cases, on a line that is never reached.

    Args:
        model: compiled Keras model.

    Returns:
        A `Movement`, as `what_moves`: what this `fit` will move.

    Raises:
        StaleCompile: if a flag has changed since, or the optimiser was built for other weights; the message names the
            layers.
        ValueError: if the model is not compiled.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="head")])
    >>> network.compile("sgd", "mse")
    >>> network.layers[0].trainable = False
    >>> check_compiled(network)
    Traceback (most recent call last):
    ...
    tlcourse.finetuning.freezing.StaleCompile: Compiled before these changed `trainable`: head. Compile again, then fit.
    """
    if not model.compiled:
        raise ValueError(f"{model.name!r} is not compiled. Set the trainable flags, then call compile, then fit.")
    # This is private in Keras, but nothing else records the flags at compile time. If Keras reached its own warning,
    # it would reset this record.
    then = getattr(model, "_compiled_trainable_state", {})
    layers = [layer for layer in leaves(model) if layer.weights]
    flags = {
        id(part)  # the flag of a layer that only holds others does not count, but for the model's own
        for part in model._flatten_layers()
        if part is model or part._trainable_variables or part._non_trainable_variables
        if then.get(part, part.trainable) != part.trainable
    }
    changed = [layer.name for layer in layers if not flags.isdisjoint(map(id, layer._flatten_layers()))]
    changed = changed or [model.name] * bool(flags)
    optimizer = model.optimizer
    if not changed and optimizer is not None and optimizer.built:
        stale = {id(w) for w in optimizer._trainable_variables} ^ {id(w) for w in model.trainable_weights}
        changed = [layer.name for layer in layers if any(id(weight) in stale for weight in layer.weights)]
        changed = changed or [model.name] * bool(stale)
    if model.train_function is not None:  # a Hub module goes on in the mode in which `fit` was traced
        changed += [x.name for x in layers if getattr(x, "traced_mode", None) != getattr(x, "training_mode", None)]
    if changed:
        names = ", ".join(dict.fromkeys(changed))
        raise StaleCompile(f"Compiled before these changed `trainable`: {names}. Compile again, then fit.")
    return what_moves(model)
