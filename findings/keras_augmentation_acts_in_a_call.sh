#!/usr/bin/env bash
# Keras 3.15.1: an augmentation layer in a model goes on augmenting when the model is called as a function.
#
# Its documentation says that at inference the output is the input, unless the layer is called with training=True. That
# holds in `predict`. In `model(x)`, without `training`, Dropout and GaussianNoise rest, and RandomFlip and its kin act:
# two calls on the same pictures give two answers. So does a program that asks a saved model with `model(x)`.
# What helps: `model.predict(x)`, or `model(x, training=False)`.
#
# Installs pinned packages into a temporary folder, prints what each layer does, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 jax==0.10.2
KERAS_BACKEND=jax "$folder/venv/bin/python" - <<'PY'
import keras
import numpy as np
from keras import layers

pictures = np.random.default_rng(0).random((8, 16, 16, 3)).astype("float32")
expected = {"RandomFlip": False, "RandomRotation": False, "RandomContrast": False, "GaussianNoise": True, "Dropout": True}
chosen = (
    layers.RandomFlip("horizontal", seed=1),
    layers.RandomRotation(0.2, seed=1),
    layers.RandomContrast(0.5, seed=1),
    layers.GaussianNoise(0.5, seed=1),
    layers.Dropout(0.5, seed=1),
)
print("Keras", keras.__version__, "- is the output the input?")
for layer in chosen:
    model = keras.Sequential([keras.Input((16, 16, 3)), layer])
    name, same = type(layer).__name__, lambda output: bool(np.allclose(output, pictures))
    called, predicted = same(model(pictures)), same(model.predict(pictures, verbose=0))
    said = same(model(pictures, training=False))
    print(f"{name:15} model(x) {called!s:6} predict {predicted!s:6} model(x, training=False) {said}")
    assert predicted and said and called == expected[name], f"{name} has changed"
PY
# Seen:
# Keras 3.15.1 - is the output the input?
# RandomFlip      model(x) False  predict True   model(x, training=False) True
# RandomRotation  model(x) False  predict True   model(x, training=False) True
# RandomContrast  model(x) False  predict True   model(x, training=False) True
# GaussianNoise   model(x) True   predict True   model(x, training=False) True
# Dropout         model(x) True   predict True   model(x, training=False) True
