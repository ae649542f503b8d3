"""Sentences with their labels: in fixed parts, or from a CSV file of your own."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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
        checked_labels(self.labels, len(self.texts))

    def part(self, name):
        """Return the `TextPart` called ``name``.

        Raises:
            ValueError: if the data set has no such part.
        """
        rows = self.rows(name)
        columns = (self.texts, self.labels, self.groups, self.hard)
        return TextPart(*(None if column is None else column[rows] for column in columns))


def read_texts(path, *, text="text", label="label"):
    """Read texts and labels from a CSV file.

    Args:
        path: of a file in UTF-8 whose first line names the columns.
        text: name of the column with the texts, none of them empty.
        label: name of the column with the labels, 0 or 1.

    Returns:
        Strings ``(n,)`` and int labels ``(n,)``.

    Raises:
        ValueError: if the file is not UTF-8, a column is missing, a text is empty or a label is neither 0 nor 1. The
            message names the first such line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("text,label\\nGood.,1\\nBad.,0\\n", encoding="utf-8")
    ...     texts, labels = read_texts(path)
    >>> texts.tolist(), labels.tolist()
    (['Good.', 'Bad.'], [1, 0])
    """
    rows = read_rows(path, [text, label])
    for number, row in enumerate(rows, 1):
        if not row[text].strip():
            raise ValueError(f"Each text must have words; row {number} of {path} has none. Leave such rows out.")
        if row[label].strip() not in ("0", "1"):
            raise ValueError(f"Each label must be 0 or 1; row {number} of {path} has {row[label]!r}.")
    return np.array([row[text] for row in rows]), np.array([int(row[label]) for row in rows])


def read_rows(path, columns):
    """Return the rows of a CSV file as dictionaries from a column's name to a string.

    Raises:
        ValueError: if the file is not UTF-8, has no rows, or lacks one of the columns.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file, restval=""))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be in UTF-8; byte {error.start} is not. In a spreadsheet, save it as 'CSV UTF-8'."
        ) from error
    if not rows or not set(columns) <= set(rows[0]):
        found = ", ".join(map(str, rows[0])) if rows else "no rows"
        raise ValueError(f"{path} must have the columns {', '.join(columns)}, and rows; got {found}.")
    return rows
