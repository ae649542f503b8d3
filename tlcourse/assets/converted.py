"""Weights of PyTorch as a safetensors file beside their source, written the first time that they are read."""

import hashlib

from tlcourse.assets.cache import atomically, locked
from tlcourse.assets.torch_pickle import read_state_dict


def read_converted(located):
    """Return the arrays of a located state dict by name; the first time, they are also written as safetensors.

    The file beside the source bears the first digits of its hash, and a hash of the arrays inside; a damaged one is
    made anew. Where it can't be written the arrays are returned all the same.

    Args:
        located: a `Located`, as `fetch` returns it.

    Raises:
        OSError: if the source can't be opened.
        ValueError: as in `read_state_dict`.
    """
    path = located.path.with_name(f"{located.path.stem}.{located.sha256[:12]}.safetensors")
    arrays = _kept(path)
    if arrays is None:
        try:
            with locked(path):
                arrays = _kept(path)
                if arrays is None:
                    arrays = read_state_dict(located.path)
                    _keep(arrays, path)
        except OSError:
            arrays = read_state_dict(located.path) if arrays is None else arrays
    return arrays


def _keep(arrays, path):
    from safetensors.numpy import save

    with atomically(path) as temporary:
        temporary.write_bytes(save(arrays, metadata={"sha256": _digest(arrays)}))


def _kept(path):
    """Return the arrays of a file that `_keep` wrote, ``None`` if there is none or it is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dictionary)
            return arrays if (file.metadata() or {}).get("sha256") == _digest(arrays) else None
    except (OSError, SafetensorError):
        return None


def _digest(arrays):
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape};".encode() + array.tobytes())
    return digest.hexdigest()
