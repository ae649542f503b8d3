#!/usr/bin/env bash
# Keras 3.15.1 on PyTorch 2.13: `keras.distribution.list_devices()` ends in an AttributeError about None.
#
# The function is public, takes no backend's name, and says of itself that it lists the devices at hand: on TensorFlow and
# JAX it does, `["cpu:0"]` on a machine without an accelerator. On PyTorch the module behind it is None, and instead of a
# list, an empty one, or a sentence that names the backend, a program that only wants to say where it runs stops with
# "'NoneType' object has no attribute 'list_devices'". What helps there: `torch.cuda.device_count()`.
#
# Installs pinned packages into a temporary folder, asks on both backends, and fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check keras==3.15.1 torch==2.13.0 jax==0.10.2
cat > "$folder/devices.py" <<'PY'
import sys

import keras

try:
    found = f"a {type(keras.distribution.list_devices()).__name__}"
except AttributeError as error:
    found = f"AttributeError: {error}"
print(f"{keras.backend.backend():6} {found}")
assert found == sys.argv[1], "this has changed"
PY
KERAS_BACKEND=jax "$folder/venv/bin/python" "$folder/devices.py" "a list"
KERAS_BACKEND=torch "$folder/venv/bin/python" "$folder/devices.py" "AttributeError: 'NoneType' object has no attribute 'list_devices'"
# Seen:
# jax    a list
# torch  AttributeError: 'NoneType' object has no attribute 'list_devices'
