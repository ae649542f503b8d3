"""Sentences with their labels, in fixed parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tlcourse.checks import checked_labels
from tlcourse.datasets.dataset import Parted


class TextPart(NamedTuple):
    """Some of the examples: ``texts`` and ``labels``."""

    texts: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class TextDataset(Parted):
    """Sentences with their labels, in fixed parts that no seed changes.

    Attributes:
        name: what the course calls it; a variant that is not the official release says so.
        texts: strings ``(n,)``.
        labels: int ``(n,)``, from 0 on.
        class_names: the name of each label.
        parts: indices of ``"pool"``, ``"development"`` and ``"reporting"``, as in `Dataset`.
        evaluate_on: the part that `test` returns.
        card: where the data come from, in a few sentences.
    """

    name: str
    texts: np.ndarray
    labels: np.ndarray
    class_names: tuple
    parts: Mapping
    evaluate_on: str = "reporting"
    card: str = ""

    def __post_init__(self):
        checked_labels(self.labels, len(self.texts))

    def part(self, name):
        """Return the `TextPart` called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        rows = self.rows(name)
        return TextPart(self.texts[rows], self.labels[rows])
