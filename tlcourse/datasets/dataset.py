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
    """A data set with fixed ``parts``, of which one, ``evaluate_on``, is tested on."""

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
        checked_labels(self.labels, len(self.images))

    def part(self, name):
        """Return the `Part` called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        rows = self.rows(name)
        return Part(self.images[rows], self.labels[rows], None if self.groups is None else self.groups[rows])


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
