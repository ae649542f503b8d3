"""What was measured, as plain data that a report keeps and as text that a person reads."""

import math
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass

import numpy as np

from tlcourse.evaluation import Estimate, Interval

INTERVAL, ESTIMATE = ({field.name for field in fields(kind)} for kind in (Interval, Estimate))


def plain(value):
    """Return a value as plain Python that JSON can hold: NumPy unpacked, NaN and infinity as ``None``.

    >>> plain({"gain": np.float32(0.5), "rows": np.arange(2)})
    {'gain': 0.5, 'rows': [0, 1]}
    """
    if is_dataclass(value):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def shown(value):
    """Return a measured value as text: numbers to three digits, intervals, several by name.

    Args:
        value: what was measured, or what `plain` made of it.

    >>> shown({"gain": Interval(0.041, 0.01, 0.07, 0.01, 5), "images": 1797, "gap": 0.000321})
    'gain +4.1 points [+1.0, +7.0], images 1797, gap 0.000321'
    >>> shown({"rates": {5: 0.01, 50: 0.02}})
    'rates (5: 0.01, 50: 0.02)'
    """
    value = plain(value)
    if is_interval(value):
        return str(Interval(**value))
    if is_estimate(value):
        return str(Estimate(**value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {nested(item)}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(map(shown, value))
    if isinstance(value, float):
        return f"{value:.3g}"
    return "not finite" if value is None else str(value)


def truth(value):
    """Return one truth value, also of NumPy or a tensor. Python would take NaN, a word or ``[False]`` for true.

    Raises:
        TypeError: if it is anything else.

    >>> truth(np.array([1]) == np.array([2])[0])
    Traceback (most recent call last):
    ...
    TypeError: comparing it gives array([False]), not one True or False
    """
    array = np.asarray(value)
    if array.dtype != bool or array.ndim:
        raise TypeError(f"comparing it gives {value!r:.60}, not one True or False")
    return bool(array)


def nested(value):
    """Return a value that belongs to a name as text: like `shown`, several by name in brackets.

    >>> nested({5: 0.01, 50: 0.02})
    '(5: 0.01, 50: 0.02)'
    """
    if isinstance(value, dict) and not is_interval(value) and not is_estimate(value):
        return f"({', '.join(f'{name}: {nested(item)}' for name, item in value.items())})"
    return shown(value)


def is_interval(value):
    """Say whether plain data were an `Interval`, all of it finite.

    >>> is_interval(plain(Interval(0.1, 0.0, 0.2, 0.05, 20)))
    True
    """
    return isinstance(value, dict) and set(value) == INTERVAL and None not in value.values()


def is_estimate(value):
    """Say whether plain data were an `Estimate`, all of it finite.

    >>> is_estimate(plain(Estimate(0.8, 0.7, 0.9)))
    True
    """
    return isinstance(value, dict) and set(value) == ESTIMATE and None not in value.values()
