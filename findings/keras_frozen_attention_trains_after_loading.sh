#!/usr/bin/env bash
# Keras 3.15.1: a frozen MultiHeadAttention is no longer frozen in a copy or in what a file gives back.
#
# The attention of a model is frozen, and only its last layer trains: two arrays. After `clone_model`, or after `save`
# and `load_model`, ten arrays train, and one step of `fit` moves the borrowed ones. The layers inside of the attention
# are made anew, with flags of their own. A frozen Dense stays frozen.
# What helps: set the flags again after loading, on every layer of `model._flatten_layers()`, and count what trains.
#
# Installs pinned packages into a temporary folder, prints the numbers, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
cd "$folder"
KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PY'
import keras
import numpy as np
from keras import layers



def borrowed_weights(model):
    return model.layers[1].get_weights()


print("Keras", keras.__version__, "- arrays that train")
for frozen, after in ((layers.MultiHeadAttention(2, 4), 10), (layers.Dense(4), 2)):
    inputs = keras.Input((4, 8))
    borrowed = frozen(inputs, inputs) if after == 10 else frozen(inputs)
    model = keras.Model(inputs, layers.Dense(1)(borrowed))
    frozen.trainable = False
    model.save("model.keras")
    copies = {"clone": keras.models.clone_model(model), "loaded": keras.models.load_model("model.keras")}
    counts = {name: len(each.trainable_weights) for name, each in copies.items()}
    loaded = copies["loaded"]
    before = borrowed_weights(loaded)
    loaded.compile("sgd", "mse")
    loaded.fit(np.random.default_rng(0).random((4, 4, 8)), np.ones((4, 4, 1)), verbose=0)
    moved = sum(not np.array_equal(was, now) for was, now in zip(before, borrowed_weights(loaded)))
    print(f"{type(frozen).__name__:18} {len(model.trainable_weights)}, then {counts}; one step moves {moved} of {len(before)}")
    assert len(model.trainable_weights) == 2 and set(counts.values()) == {after}, "this has changed"
    assert bool(moved) == (after == 10), "this has changed"
PY
# Seen:
# Keras 3.15.1 - arrays that train
# MultiHeadAttention 2, then {'clone': 10, 'loaded': 10}; one step moves 8 of 8
# Dense              2, then {'clone': 2, 'loaded': 2}; one step moves 0 of 2
