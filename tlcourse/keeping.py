"""Arrays computed once and kept on disk, under the hash of what they depend on: for features and sentence vectors."""

import hashlib
import itertools
import json
import re
import sys
import types
import warnings

import keras
import numpy as np

from tlcourse.assets import atomically, cache_folder, cache_root, locked

LIBRARIES = {"keras", "keras_hub", "tlcourse"}
"""Packages whose code a network may consist of."""

DATA = {*sys.stdlib_module_names, "numpy", "tensorflow", "jax", "jaxlib", "torch"}
"""Packages whose objects a layer may hold, if they can't be called."""

ELSEWHERE = tuple(getattr(keras.layers, f"{name}Layer") for name in ("TFSM", "Jax", "Flax"))
ELSEWHERE += (keras.layers.Lambda, keras.layers.TorchModuleWrapper)
"""Layers of Keras that run code or a program of somebody else's."""

NUMBERED = re.compile(r'"(input_layer|keras_tensor)(_\d+)?"')
"""Names of inputs, numbered by how many there were before."""


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
    Code is part of none of these, so all of it must come from a library: that of the layers, and that of the functions
    and objects that they were given as activations, initializers, regularizers or arguments.

    Args:
        model: a functional or sequential Keras model.
        others: an iterable of strings and of arrays or tensors, also nested ones.

    Returns:
        32 hexadecimal digits, or ``""`` if some code is a ``Lambda``, of somebody's own or of another framework, or if
        a layer keeps a vocabulary, which is in no weight.

    >>> fingerprint(keras.Sequential(), ["a"]) == fingerprint(keras.Sequential(), ["b"])
    False
    """
    layers = model._flatten_layers()
    operations = [operation for layer in layers for operation in getattr(layer, "operations", ())]
    calls = [node.arguments for operation in operations for node in operation._inbound_nodes]
    if not _of_libraries([*layers, *operations, *calls]):
        return ""
    about = json.dumps(model.get_config() | {"name": ""}, sort_keys=True).replace('"trainable": true', "")
    numbers = {}
    about = NUMBERED.sub(lambda found: f'"input {numbers.setdefault(found[0], len(numbers))}"', about)
    digest = hashlib.sha256(f"{keras.config.backend()} {about}".encode())
    normalizations = [layer for layer in layers if isinstance(layer, keras.layers.Normalization)]
    used = [each for layer in normalizations for each in (layer.mean, layer.variance) if each is not None]
    before = b""  # what a Normalization uses may be another than its weights, until `finalize_state` is called
    for part in itertools.chain.from_iterable(map(keras.tree.flatten, itertools.chain(model.weights, used, others))):
        kind, data = _bytes(part)
        digest.update(data if kind == before else kind + data)  # the same whatever the batches
        before = kind
    return digest.hexdigest()[:32]


def _of_libraries(waiting):
    """Say whether the code of some layers, operations and arguments, and of all that they hold, is of `LIBRARIES`."""
    seen = {}
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen:
            seen[id(thing)] = thing  # kept, so that nothing else gets its id
            held = _held(thing)
            if held is None:
                return False
            waiting += held
    return True


def _held(thing):
    """Return what code or data a thing holds; ``None`` if it is itself code that does not come from a library."""
    if isinstance(thing, types.FunctionType):  # where it was written; `functools.wraps` changes its __module__
        cells = [cell for cell in thing.__closure__ or () if cell != types.CellType()]
        own = _package(thing.__globals__.get("__name__")) not in LIBRARIES
        return None if own else [cell.cell_contents for cell in cells]
    if isinstance(thing, types.MethodType):
        return [thing.__func__, thing.__self__]
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)
    module = (thing if isinstance(thing, type) else type(thing)).__module__
    package = _package(module)
    if isinstance(thing, type) or package not in LIBRARIES:  # on PyTorch, lists of parameters can be called
        known = package in LIBRARIES | DATA and (isinstance(thing, type) or package == "torch" or not callable(thing))
        return [] if known else None
    if isinstance(thing, ELSEWHERE) or hasattr(thing, "save_assets"):
        return None
    if isinstance(thing, (keras.Model, keras.KerasTensor)) or module.startswith("tlcourse.hub."):
        return []  # a model's loss computes no output, and the configuration of a HubLayer has its module's graph
    held = getattr(thing, "__dict__", {})
    return [value for name, value in held.items() if name not in ("_inbound_nodes", "_outbound_nodes")]


def _package(module):
    return (module or "").partition(".")[0]


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
