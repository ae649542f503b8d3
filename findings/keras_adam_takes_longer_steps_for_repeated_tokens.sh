#!/usr/bin/env bash
# Keras 3.15.1 on TensorFlow 2.21: the more often a token occurs, the longer its first step, with Adam and its kin.
#
# The first step of Adam is the learning rate, whatever the gradient. For the rows of an Embedding that holds on JAX. On
# TensorFlow the gradient is a list of rows, one for each place where a token stands, and Adam squares them one by one:
# a token that stands in four places takes two steps at once, one that stands in nine takes three. RMSprop, Nadam and
# Adagrad do so, too; SGD, Adamax and Lion don't.
# What helps: a regulariser of the Embedding, even one that is always 0, makes the gradient one matrix.
#
# Installs pinned packages into a temporary folder, prints the first step, and fails if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 tensorflow==2.21.0 jax==0.10.2
cat > "$folder/steps.py" <<'PY'
import keras
import numpy as np

on_tensorflow = keras.backend.backend() == "tensorflow"
for regularizer in (None, keras.regularizers.L2(0.0)):
    for optimizer in (keras.optimizers.Adam(0.01, epsilon=1e-12), keras.optimizers.Adamax(0.01, epsilon=1e-12)):
        steps = []
        for places in (1, 4, 9):
            embedding = keras.layers.Embedding(
                3, 2, embeddings_initializer="zeros", embeddings_regularizer=regularizer
            )
            head = keras.layers.Dense(1, kernel_initializer="ones", trainable=False)
            mean = keras.layers.GlobalAveragePooling1D()
            model = keras.Sequential([keras.Input((places,), dtype="int32"), embedding, mean, head])
            model.compile(type(optimizer).from_config(optimizer.get_config()), "mse")
            model.fit(np.ones((1, places), "int32"), np.ones((1, 1)), verbose=0)
            steps.append(float(embedding.get_weights()[0][1, 0]))
        name = type(optimizer).__name__
        wrong = on_tensorflow and regularizer is None and name == "Adam"
        print(f"{keras.backend.backend():10} {name:6} regulariser {regularizer is not None!s:5}", end=" ")
        print("token in 1, 4, 9 places:", *(f"{step:.3f}" for step in steps))
        assert np.allclose(steps, 0.01 * np.array([1, 2, 3] if wrong else [1, 1, 1]), rtol=0.01), "this has changed"
PY
export TF_CPP_MIN_LOG_LEVEL=3
KERAS_BACKEND=tensorflow "$folder/venv/bin/python" "$folder/steps.py"
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/steps.py"
# Seen:
# tensorflow Adam   regulariser False token in 1, 4, 9 places: 0.010 0.020 0.030
# tensorflow Adamax regulariser False token in 1, 4, 9 places: 0.010 0.010 0.010
# tensorflow Adam   regulariser True  token in 1, 4, 9 places: 0.010 0.010 0.010
# tensorflow Adamax regulariser True  token in 1, 4, 9 places: 0.010 0.010 0.010
# jax: 0.010 0.010 0.010 in all four
