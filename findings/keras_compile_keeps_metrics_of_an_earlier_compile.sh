#!/usr/bin/env bash
# Keras 3.15.1: compile without metrics keeps those of an earlier compile of the same model.
#
# compile is called again in every lesson on fine-tuning, with another loss or with other layers frozen. One expects it
# to settle loss and metrics alike. The loss is replaced; if metrics is left out, or None, those of the earlier call go on
# being computed, on the new labels. Where their shapes still fit, fit reports them in silence, and a
# callback may go on watching one; where they don't (first class numbers, now one-hot labels), fit raises an error that
# names neither. On TensorFlow and JAX alike.
# What helps: compile(..., metrics=[]).
#
# Installs pinned packages into a temporary folder, prints what fit reports, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0 jax==0.10.2
cat > "$folder/metrics.py" <<'PY'
import keras
import numpy as np

x, numbers = np.zeros((8, 3), "float32"), np.zeros(8)
for given in ({}, {"metrics": None}):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, numbers, verbose=0)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), **given)
    reported = sorted(model.fit(x, numbers, verbose=0).history)
    print(keras.backend.backend(), "second compile with", given, "reports", reported)
    assert reported == ["accuracy", "loss"], "this has changed"
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=[])
    assert sorted(model.fit(x, numbers, verbose=0).history) == ["loss"], "this has changed"
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, numbers, verbose=0)
    model.compile("sgd", keras.losses.CategoricalCrossentropy(from_logits=True), **given)
    try:
        model.fit(x, keras.utils.to_categorical(numbers, 4), verbose=0)
        raised = False
    except Exception as error:
        raised = True
        print("  one-hot labels:", type(error).__name__, "names a metric:", "ccuracy" in str(error)[:200])
    assert raised, "this has changed"
PY
export TF_CPP_MIN_LOG_LEVEL=3
KERAS_BACKEND=tensorflow "$folder/venv/bin/python" "$folder/metrics.py"
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/metrics.py"
# Seen, the same on TensorFlow and JAX, but for the name of the error (InvalidArgumentError, ValueError):
# second compile with {} reports ['accuracy', 'loss']
#   one-hot labels: InvalidArgumentError names a metric: False
# second compile with {'metrics': None} reports ['accuracy', 'loss']
#   one-hot labels: InvalidArgumentError names a metric: False
