"""Weights as PyTorch wrote them before version 1.6, read without PyTorch.

Such a file is three pickles (magic number, version, system), the pickle of the state dict, the pickle of the keys of
its storages, and then for each key a little-endian int64 count and the values.
"""

import math
import pickle
import struct
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C


class _Tensor(NamedTuple):
    """What the pickle says of a tensor: its storage, its first value, its shape and strides, counted in values."""

    storage: tuple
    offset: int
    shape: tuple
    strides: tuple
    requires_grad: bool
    hooks: dict


KNOWN = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _Tensor,
    "torch.FloatStorage": "<f4",
    "torch.LongStorage": "<i8",
}
"""The only names that such a file may use, and what stands for them here."""

UNREADABLE = (pickle.UnpicklingError, struct.error, EOFError, ArithmeticError, AttributeError, LookupError)
UNREADABLE += (MemoryError, TypeError, ValueError)
"""What reading a damaged file raises, wherever the damage is."""


class _Unpickler(pickle.Unpickler):
    """Reads lists, dictionaries, numbers and strings, and `KNOWN`. A common unpickler would run what a file names."""

    def find_class(self, module, name):
        if f"{module}.{name}" not in KNOWN:
            raise ValueError(f"it names {module}.{name}, only {', '.join(KNOWN)} are allowed, and nothing was run")
        return KNOWN[f"{module}.{name}"]

    def persistent_load(self, pid):
        return pid


def read_state_dict(path):
    """Read a state dict that PyTorch wrote before version 1.6.

    Args:
        path: the file, a `pathlib.Path`.

    Returns:
        Arrays by name, float32 or int64, in C order.

    Raises:
        OSError: if the file can't be opened.
        ValueError: if it is truncated, damaged, of another format, or names anything but `KNOWN`.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except UNREADABLE as error:
        raise ValueError(
            f"{path} must be a whole state dict as PyTorch wrote it before version 1.6: {error}. "
            "Delete the file and fetch it again."
        ) from error


def _read(file):
    magic, _, system, state, keys = (_Unpickler(file).load() for _ in range(5))
    if magic != MAGIC or not system["little_endian"]:
        raise ValueError("it does not begin like one")
    types = {tensor.storage[2]: tensor.storage[1] for tensor in state.values()}
    if sorted(types) != sorted(keys) or not set(types.values()) <= {"<f4", "<i8"}:
        raise ValueError("its storages are not those of its tensors")
    data, start, storages = memoryview(file.read()), 0, {}
    for key in keys:
        (count,) = struct.unpack_from("<q", data, start)
        end = start + 8 + count * np.dtype(types[key]).itemsize
        if not start + 8 <= end <= len(data):
            raise ValueError(f"storage {key} should have {count} values, and the file ends before")
        storages[key], start = data[start + 8 : end], end
    if start != len(data):
        raise ValueError("it goes on after its last storage")
    return {
        name: _array(tensor, types[tensor.storage[2]], storages[tensor.storage[2]]) for name, tensor in state.items()
    }


def _array(tensor, dtype, storage):
    """Copy a tensor out of the bytes of its storage. NumPy refuses shapes and strides that lead outside."""
    dtype = np.dtype(dtype)
    if math.prod(tensor.shape) * dtype.itemsize > len(storage):
        raise ValueError(f"a tensor of shape {tensor.shape} is larger than its storage")
    strides = [step * dtype.itemsize for step in tensor.strides]
    return np.ndarray(tensor.shape, dtype, storage, tensor.offset * dtype.itemsize, strides).copy(order="C")
