"""Arrays computed once and kept on disk, under the hash of what they depend on: for features and sentence vectors."""

import hashlib
import itertools
import json
import re
import warnings

import keras
import numpy as np

from tlcourse.assets import atomically, cache_folder, cache_root, locked


def computed_once(key, names, n, compute):
    """Return arrays by name. Those in the cache are read; the others are computed and kept there.

    Several processes may call it at once: the second waits, then reads. An incomplete file is computed again.

    Args:
        key: hash of everything that the arrays depend on.
        names: names of the arrays.
        n: rows that each must have.
        compute: function from the names that are missing to a dictionary of arrays.

    Warns:
        UserWarning: if the cache can't be written; the arrays are returned all the same.
    """
    folder = cache_root() / "features"
    paths = {name: folder / f"{key}-{name}.npy" for name in names}
    kept = {name: _read(path, n) for name, path in paths.items()}
    if all(array is not None for array in kept.values()):
        return kept
    try:
        cache_folder("features")
    except OSError as error:
        warnings.warn(f"{error} Features are computed each time until then.", stacklevel=3)
        return compute(list(names))
    with locked(folder / key):
        kept = {name: _read(path, n) for name, path in paths.items()}
        missing = [name for name in names if kept[name] is None]
        kept |= compute(missing) if missing else {}
        for name in missing:
            _keep(kept[name], paths[name])
    return kept


def fingerprint(model, others):
    """Return a hash of what a model computes and of other things; empty where nobody can say what it computes.

    What it computes is its layers with their configurations, its weights, and the backend, which rounds in its own way.
    The code of a layer is part of none of these, so the layers must come from a library.

    Args:
        model: a functional or sequential Keras model.
        others: an iterable of strings and of arrays or tensors, also nested ones.

    Returns:
        32 hexadecimal digits, or ``""`` if a layer is a ``Lambda`` or of somebody's own class.

    >>> fingerprint(keras.Sequential(), ["a"]) == fingerprint(keras.Sequential(), ["b"])
    False
    """
    if not all(map(_from_library, model._flatten_layers())):
        return ""
    about = json.dumps(model.get_config() | {"name": ""}, sort_keys=True).replace('"trainable": true', "")
    for at, layer in enumerate(model.layers):
        if re.fullmatch(r"(input_layer|keras_tensor)(_\d+)?", layer.name):  # numbered by how many there were before it
            about = about.replace(json.dumps(layer.name), f'"input {at}"')
    digest = hashlib.sha256(f"{keras.config.backend()} {about}".encode())
    before = b""
    for part in itertools.chain.from_iterable(map(keras.tree.flatten, itertools.chain(model.weights, others))):
        kind, data = _bytes(part)
        digest.update(data if kind == before else kind + data)  # the same whatever the batches
        before = kind
    return digest.hexdigest()[:32]


def _from_library(layer):
    package = type(layer).__module__.split(".")[0]
    return package in ("keras", "keras_hub", "tlcourse") and not isinstance(layer, keras.layers.Lambda)


def _bytes(part):
    """Return what kind of thing it is, and its bytes."""
    if isinstance(part, str):
        return b"text", part.encode() + b"\n"
    array = keras.ops.convert_to_numpy(part)
    array = np.ascontiguousarray(array.astype("S") if array.dtype.hasobject else array)  # a tensor of strings
    return f"{array.dtype} {array.shape[1:]}".encode(), array.tobytes()


def _read(path, n):
    """Return the array in a file, or ``None`` where there is no whole file."""
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return array if array.ndim == 2 and len(array) == n else None


def _keep(array, path):
    try:
        with atomically(path) as temporary:
            np.save(temporary, array)
    except OSError as error:  # a full disk is no reason to lose what was computed
        warnings.warn(f"Features were computed but can't be kept in {path.parent}: {error.strerror}.", stacklevel=4)
