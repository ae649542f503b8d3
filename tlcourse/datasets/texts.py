"""Sentences with their labels, in fixed parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tlcourse.checks import checked_labels
from tlcourse.datasets.dataset import Parted


class TextPart(NamedTuple):
    """Some of the examples: ``texts``, ``labels`` and, where the data set has them, ``groups`` and ``hard``."""

    texts: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None = None
    hard: np.ndarray | None = None


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
        groups: what each text is about, strings ``(n,)``, or ``None``.
        hard: what makes a text hard, strings ``(n,)``, empty where nothing does, or ``None``.
        card: where the data come from, in a few sentences.
    """

    name: str
    texts: np.ndarray
    labels: np.ndarray
    class_names: tuple
    parts: Mapping
    evaluate_on: str = "reporting"
    groups: np.ndarray | None = None
    hard: np.ndarray | None = None
    card: str = ""

    def __post_init__(self):
        object.__setattr__(self, "labels", checked_labels(self.labels, len(self.texts)))
        super().__post_init__()

    def part(self, name):
        """Return the `TextPart` called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        rows = self.rows(name)
        columns = (self.texts, self.labels, self.groups, self.hard)
        return TextPart(*(None if column is None else column[rows] for column in columns))
