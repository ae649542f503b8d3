"""Arrays computed once and kept on disk, under the hash of what they depend on: for features and sentence vectors."""

import hashlib
import itertools
import json
import warnings

import keras
import numpy as np

from tlcourse.assets import atomically, cache_folder, cache_root, locked


def computed_once(key, names, n, compute):
    """Return arrays by name: read where they are kept, computed and kept where they are not.

    Several processes do no harm: the second waits and reads. A file that is not whole is computed again.

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
    """Return a hash of what a model computes and of other things; empty if the model can't say what it computes.

    What it computes is its layers with their configurations, its weights, and the backend, which rounds in its own way.

    Args:
        model: a functional or sequential Keras model.
        others: an iterable of arrays and of what has a text of its own.

    Returns:
        32 hexadecimal digits, or ``""`` if a layer can't be described, as one of a class without ``get_config``.

    >>> fingerprint(keras.Sequential(), ["a"]) == fingerprint(keras.Sequential(), ["b"])
    False
    """
    try:
        about = json.dumps(model.get_config() | {"name": ""}, sort_keys=True)
    except (NotImplementedError, TypeError, ValueError):
        return ""
    for at, layer in enumerate(model.layers):
        if isinstance(layer, keras.layers.InputLayer):  # numbered by how many there were before it
            about = about.replace(json.dumps(layer.name), f'"input {at}"')
    digest = hashlib.sha256(f"{keras.config.backend()} {about}".encode())
    for each in itertools.chain(model.weights, others):
        if isinstance(each, (keras.Variable, np.ndarray)):
            array = np.ascontiguousarray(keras.ops.convert_to_numpy(each))
            digest.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
        else:
            digest.update(f"{each}\n".encode())
    return digest.hexdigest()[:32]


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
