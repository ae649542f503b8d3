"""What every loader returns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tlcourse.checks import checked_images, checked_labels, known


class Part(NamedTuple):
    """Some of the examples: ``images``, ``labels`` and, where examples belong together, ``groups``."""

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None


class Parted:
    """A data set with fixed ``parts``, of which one, ``evaluate_on``, is tested on.

    Raises:
        ValueError: if there is no such part, parts share a row, or one has a row twice or one that there is not; if a
            label has no name, or there is not one group for each label.
    """

    def __post_init__(self):
        known(f"part of {self.name!r}", self.evaluate_on, list(self.parts))
        if np.max(self.labels) >= len(self.class_names):
            names = f"labels up to {np.max(self.labels)} and {len(self.class_names)} names"
            raise ValueError(f"Each label must have a name; {self.name!r} has {names}. Name the other classes, too.")
        for column in ("groups", "hard"):
            each = getattr(self, column, None)
            if each is not None:  # a pandas column would be asked for rows by its index
                object.__setattr__(self, column, np.asarray(each))
            if each is not None and len(each) != len(self.labels):
                raise ValueError(
                    f"{column} must have one entry for each of the {len(self.labels)} labels; {self.name!r} has "
                    f"{len(each)}. Give an entry to each, or None."
                )
        object.__setattr__(self, "parts", {part: np.asarray(rows) for part, rows in self.parts.items()})
        _check_parts(self.name, self.parts, len(self.labels))

    def rows(self, name):
        """Return the indices of the part called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        return self.parts[known(f"part of {self.name!r}", name, list(self.parts))]

    @property
    def pool(self):
        """The part that labelled examples are drawn from."""
        return self.part("pool")

    @property
    def test(self):
        """The part to test on: reporting or development, as loaded."""
        return self.part(self.evaluate_on)


@dataclass(frozen=True)
class Dataset(Parted):
    """Images with their labels, in fixed parts that no seed changes.

    Attributes:
        name: what the course calls it; a variant that is not the official release says so.
        images: uint8, or float in [0, 1]; ``(n, height, width)`` or ``(n, height, width, 3)``.
        labels: int ``(n,)``, from 0 on.
        class_names: the name of each label.
        parts: indices of ``"pool"``, which labelled examples are drawn from, and of the parts to test on:
            ``"development"``, where choices are made, and ``"reporting"``, where they are judged.
        evaluate_on: the part that `test` returns.
        groups: what an example belongs to (a font, a patient), or ``None``.
        card: where the data come from, in a few sentences.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple
    parts: Mapping
    evaluate_on: str = "reporting"
    groups: np.ndarray | None = None
    card: str = ""

    def __post_init__(self):
        checked_images(self.images[:1])
        object.__setattr__(self, "labels", checked_labels(self.labels, len(self.images)))
        super().__post_init__()

    def part(self, name):
        """Return the `Part` called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        rows = self.rows(name)
        return Part(self.images[rows], self.labels[rows], None if self.groups is None else self.groups[rows])


def _check_parts(name, parts, n):
    """Refuse parts that share a row: what was learned from would be tested on. Groups may be in several parts."""
    owner = {}
    for part, rows in parts.items():
        if rows.ndim != 1 or not len(rows) or not np.issubdtype(rows.dtype, np.integer):
            raise ValueError(
                f"A part must be a list of rows, whole numbers, at least one; {part!r} of {name!r} is {rows.dtype} "
                f"shaped {rows.shape}. For a mask write np.flatnonzero(mask); leave out a part that is empty."
            )
        if rows.min() < 0 or rows.max() >= n:
            raise ValueError(
                f"Rows must lie in 0 … {n - 1}; {part!r} of {name!r} has rows from {rows.min()} to {rows.max()}."
            )
        for row in rows.tolist():
            if row in owner:
                raise ValueError(
                    f"A row must be in one part, and there once; row {row} of {name!r} is in {owner[row]!r} and in "
                    f"{part!r}{' again' * (owner[row] == part)}. Leave it out of one of them."
                )
            owner[row] = part


def variant_name(name, located):
    """Return what a data set is called when it was read from this file: one that is not the official release says so.

    Args:
        name: what the course calls the data set.
        located: the `tlcourse.assets.Located` that was read.

    >>> from tlcourse.assets import Located
    >>> variant_name("mnist", Located("mnist.npz", "pack", ""))
    'mnist (classroom pack)'
    """
    return name if located.variant == "official" else f"{name} (classroom pack)"


def stratified_parts(labels, sizes, rest, seed=0):
    """Split examples into parts of given sizes, each with the same share of every class; ``rest`` gets what is left.

    >>> parts = stratified_parts(np.repeat([0, 1], 50), {"pool": 20, "development": 10}, "reporting")
    >>> {name: len(rows) for name, rows in parts.items()}
    {'pool': 20, 'development': 10, 'reporting': 70}
    """
    from sklearn.model_selection import train_test_split

    left, parts = np.arange(len(labels)), {}
    for name, size in sizes.items():
        left, rows = train_test_split(left, test_size=size, stratify=labels[left], random_state=seed)
        parts[name] = np.sort(rows)
    return {**parts, rest: np.sort(left)}
