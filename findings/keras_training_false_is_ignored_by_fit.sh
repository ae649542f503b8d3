#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21: `base(x, training=False)` does not keep batch normalisation at rest in a functional model.
#
# Keras' guide to transfer learning calls the borrowed base so, and says that its batch normalisation then runs in
# inference mode also when the base is unfrozen for fine-tuning. In a functional model `fit` overrides the argument: the
# averages move as if it were not there. In a subclassed model, whose `call` runs the line itself, they rest.
# What helps in both: `layer.trainable = False` on each BatchNormalization layer, before `compile`.
#
# Installs pinned packages into a temporary folder, prints what moved, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0
cat > "$folder/averages.py" <<'PY'
import keras
import numpy as np
from keras import layers


class Subclassed(keras.Model):
    def __init__(self, base):
        super().__init__()
        self.base, self.head = base, layers.Dense(1)

    def call(self, x):
        return self.head(self.base(x, training=False))


def functional(base):
    inputs = keras.Input((4,))
    return keras.Model(inputs, layers.Dense(1)(base(inputs, training=False)))


def with_flags(base):
    for layer in base.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    return functional(base)


x, y = np.random.default_rng(0).normal(3, 2, (64, 4)), np.zeros(64)
seen = {}
for kind in (functional, Subclassed, with_flags):
    base = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.BatchNormalization()])
    model = kind(base)
    model.compile("sgd", "mse")
    before = [np.array(v.numpy()) for v in base.non_trainable_variables if "moving" in v.path]
    model.fit(x, y, verbose=0)
    after = [np.array(v.numpy()) for v in base.non_trainable_variables if "moving" in v.path]
    seen[kind.__name__] = sum(not np.array_equal(*pair) for pair in zip(before, after))
    print(f"{kind.__name__:12} averages that moved: {seen[kind.__name__]} of 2")
assert seen == {"functional": 2, "Subclassed": 0, "with_flags": 0}, "this has changed"
PY
export TF_CPP_MIN_LOG_LEVEL=3
KERAS_BACKEND=tensorflow "$folder/venv/bin/python" "$folder/averages.py"
# Seen:
# functional   averages that moved: 2 of 2
# Subclassed   averages that moved: 0 of 2
# with_flags   averages that moved: 0 of 2
