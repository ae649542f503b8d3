#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21: ScheduleFreeAdamW, built by `fit`, throws the starting weights away in its first step.
#
# The optimiser keeps a second copy of the weights and steps on from it. The copy should begin as the weights are. Built
# by `fit` on TensorFlow it begins at zero, so that after one step with a rate of 0.01 weights of 1 are near 0: what
# somebody borrowed is lost. Built before `fit`, or on JAX, the step is 0.01, as it should be.
# What helps: `model.optimizer.build(model.trainable_variables)` after `compile`.
#
# Installs pinned packages into a temporary folder, prints the first step, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0 jax==0.10.2
cat > "$folder/step.py" <<'PY'
import keras
import numpy as np

for built in (False, True):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.ScheduleFreeAdamW(0.01, warmup_steps=0), "mse")
    if built:
        model.optimizer.build(model.trainable_variables)
    before = model.get_weights()[0]
    model.fit(np.ones((4, 2)), np.zeros((4, 1)), batch_size=4, verbose=0)
    step = float(np.abs(model.get_weights()[0] - before).max())
    print(f"{keras.backend.backend():10} built {'before' if built else 'by'} fit: the first step is {step:.2f}")
    jumps = keras.backend.backend() == "tensorflow" and not built
    assert abs(step - (1.01 if jumps else 0.01)) < 0.005, "this has changed"
PY
export TF_CPP_MIN_LOG_LEVEL=3
KERAS_BACKEND=tensorflow "$folder/venv/bin/python" "$folder/step.py"
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/step.py"
# Seen:
# tensorflow built by fit: the first step is 1.01
# tensorflow built before fit: the first step is 0.01
# jax        built by fit: the first step is 0.01
# jax        built before fit: the first step is 0.01
