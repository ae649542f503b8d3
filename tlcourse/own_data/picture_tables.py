"""Pictures that a table names, each with its label and its patient: looked at, and read."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlcourse.checks import near_names
from tlcourse.own_data.columns import empty_fields, odd_labels, readable_tables
from tlcourse.own_data.copies import exact_copies, thumbnail
from tlcourse.own_data.found import Found, Report, commonest, equal, some
from tlcourse.own_data.looks import marked_files, wrong_files
from tlcourse.own_data.pictures import see
from tlcourse.own_data.reading import read_pictures
from tlcourse.own_data.tables import read_table


class PictureTable(NamedTuple):
    """Pictures that a table names, each with its label and its patient.

    Attributes:
        images: uint8 ``(n, side, side, 3)``.
        labels: int ``(n,)``, places in ``kinds``.
        kinds: what stands in the column of the labels, such as ``("0", "1")``.
        patients: whose picture it is, strings ``(n,)``.
        files: their paths, ``(n,)``.
    """

    images: np.ndarray
    labels: np.ndarray
    kinds: tuple
    patients: np.ndarray
    files: list


def read_picture_table(path, *, side, patient="patient", label="label", whole=False, kinds=None):
    """Read the pictures that a CSV file names, one in each row: PNG, JPEG or, with pydicom, grey DICOM.

    Args:
        path: of the file, with the columns ``file``, patient and label; files are beside it, or where their paths say.
        side: as in `read_pictures`.
        patient: name of the column that says whose picture it is.
        label: name of the column with the labels.
        whole: as in `read_pictures`.
        kinds: what stands in the column of the labels, in their order; by default what is found, sorted.

    Returns:
        A `PictureTable`, a row for each row of the file.

    Raises:
        ValueError: as `read_table` and `read_pictures`, or if a label is none of the kinds, or there is only one.
    """
    path = Path(path).expanduser()
    rows = [row.fields for row in read_table(path, ["file", patient, label])]
    found = [row[label] for row in rows]
    kinds = tuple(sorted(set(found)) if kinds is None else kinds)
    unknown = sorted(set(found) - set(kinds))
    if unknown or len(kinds) < 2:
        raise ValueError(
            f"The labels of {path} must be of two kinds or more, here {', '.join(kinds)}; others are {some(unknown)}."
        )
    pictures = read_pictures([path.parent / row["file"] for row in rows], side=side, whole=whole)
    labels, patients = np.array([kinds.index(name) for name in found]), np.array([row[patient] for row in rows])
    return PictureTable(pictures.images, labels, kinds, patients, pictures.files)


def check_picture_table(path, *, patient="patient", label="label"):
    """Look at a CSV file with the columns ``file``, ``patient`` and ``label``, and at the pictures that it names.

    Args:
        path: of the file; the pictures are beside it, or where their paths say.
        patient: name of the column that says whose picture it is.
        label: name of the column with the labels.

    Returns:
        A `Report`.
    """
    tables, found = readable_tables([Path(path)], ["file", patient, label])
    if not tables:
        return Report([], [], [], found)
    ((path, rows),) = tables.items()
    found += empty_fields(path, rows, ["file", patient, label]) + odd_labels(
        path, Counter(row.fields[label] for row in rows)
    )
    for names in near_names(row.fields[patient] for row in rows):
        what = f"{path}: the patients {', '.join(map(repr, names))} may be one."
        found.append(Found(what, "Give one person one name, or a split by patient parts them."))
    again = [equal([row.line for row in group]) for group in _rows_of_one_file(rows) if len(group) > 1]
    if again:
        found.append(Found(f"Rows of {path} that name one file, by lines: {some(again)}.", "Keep one of them."))
    labels = defaultdict(set)
    for row in rows:
        labels[row.fields[patient]].add(row.fields[label])
    both = [name for name, each in labels.items() if len(each) > 1]
    if both:
        what = f"Patients with several labels: {some(both)}."
        found.append(Found(what, "That may be so; a label of a patient must then be decided on.", wrong=False))
    seen = see([path.parent / row.fields["file"] for row in rows], thumbnail)
    found += wrong_files(seen, (), [row.fields[label] for row in rows]) + marked_files(seen)
    groups = [[rows[at].fields[patient] for at in group] for group in exact_copies(seen)]
    apart = [" = ".join(dict.fromkeys(group)) for group in groups if len(set(group)) > 1]
    if apart:
        found.append(Found(f"Pictures that belong to several patients: {some(apart)}.", "Whose are they?"))
    counts = Counter(row.fields[label] for row in rows)
    lines = [*sorted(counts.items()), ("all", len(rows)), ("patients", len(labels))]
    return Report(["", str(path)], list(map(list, lines)), [commonest(counts)], found, str(path.parent))


def _rows_of_one_file(rows):
    groups = defaultdict(list)
    for row in rows:
        groups[row.fields["file"]].append(row)
    return groups.values()
