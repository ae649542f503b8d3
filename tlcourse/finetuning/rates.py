"""Learning rates: one for each depth."""

import re

import keras
from keras.optimizers import MultiOptimizer, OptimizerMap

from tlcourse.networks import leaves

Schedule = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable(package="tlcourse")
class Scaled(Schedule):
    """A learning-rate schedule times a constant.

    >>> float(Scaled(keras.optimizers.schedules.CosineDecay(1.0, 10), 0.5)(0))
    0.5
    """

    def __init__(self, schedule, factor):
        self.schedule, self.factor = schedule, factor

    def __call__(self, step):
        return self.factor * self.schedule(step)

    def get_config(self):
        return {"schedule": keras.saving.serialize_keras_object(self.schedule), "factor": self.factor}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config["schedule"]), config["factor"])


def rates_by_depth(optimizer, model, groups, *, decay):
    """Return an optimiser whose learning rate shrinks by ``decay`` from each group of layers to the one before it.

    ``rate_j = rate * decay^(J - j)`` for the groups ``j = 1 … J``. Layers in no group, such as a new head, get the full
    rate, and so does the last group. All other settings of the optimiser stay the same. Keras multiplies decoupled
    weight decay by the rate, so it shrinks with the rate. What the optimiser excludes from weight decay stays excluded,
    but no file keeps that, as with any optimiser of Keras. Groups are found by the names of layers, so they hold in a
    saved and reloaded model too.

    Args:
        optimizer: Keras optimiser, not built, with a constant rate or a schedule.
        model: the network that it will train, head included, built.
        groups: lists of layers, or of models for the layers inside them, from the input on. A layer in a group must
            have a name that no other layer of the network has.
        decay: factor from a group to the one before it, above 0 and at most 1; 1 gives all groups one rate.

    Returns:
        A ``keras.optimizers.MultiOptimizer``.

    Raises:
        ValueError: if ``decay`` is out of range, no group or an empty one is given, a layer is not of this network,
            shares its name or has weights without it, the network is not built, or the optimiser was used before or
            clips by a global norm.

    Source:
        Howard & Ruder (2018), *Universal Language Model Fine-tuning for Text Classification*, ACL, section 3.2. They
        divide by 2.6 from layer to layer.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    >>> first, last = network.layers
    >>> optimizer = rates_by_depth(keras.optimizers.SGD(0.5), network, [[first], [last]], decay=0.5)
    >>> slow, fast = optimizer.optimizers[:2]
    >>> float(slow.learning_rate), float(fast.learning_rate)
    (0.25, 0.5)
    """
    groups = [
        [leaf for layer in group for leaf in (leaves(layer) if hasattr(layer, "layers") else [layer])]
        for group in groups
    ]
    names, known = [layer.name for group in groups for layer in group], [layer.name for layer in leaves(model)]
    if not model.built:
        raise ValueError(f"{model.name!r} must be built: call it on inputs once.")
    if not 0 < decay <= 1:
        raise ValueError(f"decay must be above 0 and at most 1; got {decay}.")
    if not groups or not all(groups) or len(set(names)) != len(names):
        raise ValueError(f"There must be groups, each with layers, and no layer twice; got {names}.")
    for name in names:
        if known.count(name) != 1:
            raise ValueError(
                f"{name!r} must be the name of one layer of {model.name!r}; it is that of {known.count(name)}. "
                f"Name the layers apart, as Dense(10, name='head'), and give layers of this network."
            )
    config = optimizer.get_config()
    if optimizer.built or "learning_rate" not in config or config.get("global_clipnorm"):
        raise ValueError(
            f"The optimiser must be new, with a learning rate of its own and no global_clipnorm, which would be taken "
            f"group by group; got {optimizer.name!r}. Make one for this call, and use clipnorm or clipvalue."
        )
    rate = config.pop("learning_rate")
    if isinstance(rate, dict):
        rate = keras.saving.deserialize_keras_object(rate)

    def at(factor):
        scaled = Scaled(rate, factor) if isinstance(rate, Schedule) else rate * factor
        one = type(optimizer).from_config({**config, "learning_rate": scaled})
        for excluded in ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern"):  # no part of a config
            if hasattr(optimizer, excluded):
                setattr(one, excluded, getattr(optimizer, excluded))
        return one

    by_name = {}
    for before_last, group in enumerate(reversed(groups)):
        pattern = "|".join(re.escape(layer.name) for layer in group)
        by_name[f"(?:.*/)?(?:{pattern})/.*"] = at(decay**before_last)
    for pattern, group in zip(by_name, reversed(groups)):
        meant = {id(weight) for layer in group for weight in layer.weights}
        for weight in model.weights:
            named = re.fullmatch(pattern, weight.path) is not None
            if named != (id(weight) in meant):
                raise ValueError(
                    "The name of a layer in a group must be in the path of all its weights, and nowhere else; "
                    f"{weight.path!r} {'has it too' if named else 'lacks it'}. Name the layers apart; of a wrapper "
                    "around a layer that was built before, give the layer inside."
                )
    by_depth = OptimizerMap(at(1.0), dict(reversed(by_name.items())))
    return MultiOptimizer(by_depth, loss_scale_factor=config.get("loss_scale_factor"))
