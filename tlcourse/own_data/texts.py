"""Texts with their labels from a CSV file of your own."""

import csv
import unicodedata
import warnings
from collections import defaultdict
from pathlib import Path

import numpy as np

from tlcourse.own_data.columns import checked_kinds
from tlcourse.own_data.found import equal, some
from tlcourse.own_data.tables import read_table


def read_texts(path, *, text="text", label="label", kinds=("0", "1")):
    """Read texts and labels from a CSV file. A text that is there twice is kept once.

    So no text can lie in both parts of a split. Two texts are one if they differ only in case and spaces.

    Args:
        path: of a file in UTF-8 whose first line names the columns; see `read_table`.
        text: name of the column with the texts, none of them empty.
        label: name of the column with the labels.
        kinds: what stands in that column, in the order of the labels, such as ``("negative", "positive")``.

    Returns:
        Strings ``(n,)``, an array of Python's strings, so that one long text takes no memory for the others, and int
        labels ``(n,)``.

    Raises:
        ValueError: as `read_table`, or if a text is empty, a label is none of the kinds, or a text has two labels. The
            message names the line.

    Warns:
        UserWarning: about texts that are left out because they are there twice.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("text,label\\nGood.,1\\nBad.,0\\n", encoding="utf-8")
    ...     texts, labels = read_texts(path)
    >>> texts.tolist(), labels.tolist()
    (['Good.', 'Bad.'], [1, 0])
    """
    kinds, rows = checked_kinds(kinds), read_table(path, [text, label])
    for line, fields in rows:
        if not fields[text]:
            raise ValueError(f"Each text must have words; line {line} of {path} has none. Leave such rows out.")
        if fields[label] not in kinds:
            raise ValueError(
                f"Each label must be one of {', '.join(kinds)}; line {line} of {path} has {fields[label]!r}. If yours "
                "have other names, say them: kinds=(…, …)."
            )
    twice, both = copies_of_texts(rows, text, label)
    if both:
        raise ValueError(
            f"Texts of {path} with two labels, by lines: {some([_lines(group) for group in both])}. "
            "Decide for one label, and take the other rows out."
        )
    again = {row.line for group in twice for row in group[1:]}
    if again:
        warnings.warn(
            f"Texts of {path} that are there twice, left out by lines: {some(sorted(again))}.",
            stacklevel=2,
        )
    kept = [fields for line, fields in rows if line not in again]
    labels = np.array([kinds.index(each[label]) for each in kept])
    return np.array([each[text] for each in kept], dtype=object), labels


def write_texts(folder, **files):
    """Write CSV files with the columns ``text`` and ``label``, as `read_texts` reads them.

    Args:
        folder: a path, of a folder that is there.
        files: by name, without ``.csv``: n texts, and their labels, ``(n,)``.

    Returns:
        The folder, a path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_texts(folder, mine=(["Good.", "Bad, very bad."], [1, 0])) / "mine.csv"
    ...     print(path.read_text(encoding="utf-8"))
    text,label
    Good.,1
    "Bad, very bad.",0
    <BLANKLINE>
    """
    for name, (texts, labels) in files.items():
        with Path(folder, f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([("text", "label"), *zip(texts, labels, strict=True)])
    return Path(folder)


def copies_of_texts(rows, text, label):
    """Return groups of rows with one text: those that agree on the label, and those that don't.

    Args:
        rows: of `read_table`.
        text: name of the column with the texts.
        label: name of the column with the labels.
    """
    groups = defaultdict(list)
    for row in rows:
        groups[same_text(row.fields[text])].append(row)
    agree, differ = [], []
    for group in groups.values():
        if len(group) > 1:
            (differ if len({row.fields[label] for row in group}) > 1 else agree).append(group)
    return agree, differ


def same_text(text):
    """Return what two texts share that differ only in case, spaces or how their accents are written.

    >>> same_text("Good  film ") == same_text("good FILM")
    True
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _lines(group):
    return equal([row.line for row in group])
