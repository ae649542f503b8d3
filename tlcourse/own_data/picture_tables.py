"""Pictures that a table names, each with its label and its patient: looked at, and read."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlcourse.checks import near_names
from tlcourse.own_data.columns import checked_kinds, empty_fields, odd_labels, readable_tables
from tlcourse.own_data.copies import exact_copies, thumbnail
from tlcourse.own_data.found import Found, Report, commonest, equal, some
from tlcourse.own_data.looks import marked_files, wrong_files
from tlcourse.own_data.pictures import see
from tlcourse.own_data.reading import maker, stop
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
        ValueError: as `read_table` and `read_pictures`; if a field is empty, labels are one alone (and ``kinds`` is not
            given) or may be one, a label is none of the kinds, or a picture is there twice, with two labels or of two
            patients.
    """
    path = Path(path).expanduser()
    rows = read_table(path, ["file", patient, label])
    found = [row.fields[label] for row in rows]
    kinds = kinds if kinds is None else checked_kinds(kinds)
    unknown = sorted(set(found) - set(kinds or found))
    if unknown:
        raise ValueError(f"The labels of {path} must be among {', '.join(kinds)}; others are {some(unknown)}.")
    alone = kinds is not None and len(set(found)) == 1  # such as the ill of a second hospital
    stop(_wrong_rows(path, rows, patient, label, Counter() if alone else Counter(found)))
    seen = see([path.parent / row.fields["file"] for row in rows], maker(side, whole))
    stop(wrong_files(seen, (), found) + _of_several(seen, rows, patient))
    kinds = kinds or tuple(sorted(set(found)))
    labels, patients = [kinds.index(name) for name in found], [row.fields[patient] for row in rows]
    images = np.stack([each.picture for each in seen])
    return PictureTable(images, np.array(labels), kinds, np.array(patients), [each.file for each in seen])


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
    counts = Counter(row.fields[label] for row in rows)
    found += _wrong_rows(path, rows, patient, label, counts)
    for names in near_names(row.fields[patient] for row in rows):
        what = f"{path}: the patients {', '.join(map(repr, names))} may be one."
        found.append(Found(what, "Give one person one name, or a split by patient parts them."))
    labels = defaultdict(set)
    for row in rows:
        labels[row.fields[patient]].add(row.fields[label])
    both = [name for name, each in labels.items() if len(each) > 1]
    if both:
        what = f"Patients with several labels: {some(both)}."
        found.append(Found(what, "That may be so; a label of a patient must then be decided on.", wrong=False))
    seen = see([path.parent / row.fields["file"] for row in rows], thumbnail)
    found += wrong_files(seen, (), [row.fields[label] for row in rows]) + marked_files(seen)
    found += _of_several(seen, rows, patient)
    lines = [*sorted(counts.items()), ("all", len(rows)), ("patients", len(labels))]
    return Report(["", str(path)], list(map(list, lines)), [commonest(counts)], found, str(path.parent))


def _wrong_rows(path, rows, patient, label, counts):
    """Return what is wrong with the rows, whatever the pictures are: empty fields, odd labels, one file twice."""
    lines = defaultdict(list)
    for row in rows:
        lines[row.fields["file"]].append(row.line)
    again = [equal(each) for each in lines.values() if len(each) > 1]
    found = empty_fields(path, rows, ["file", patient, label]) + odd_labels(path, counts)
    if again:
        found.append(Found(f"Rows of {path} that name one file, by lines: {some(again)}.", "Keep one of them."))
    return found


def _of_several(seen, rows, patient):
    """Return pictures with the same pixels that belong to several patients."""
    groups = [[rows[at].fields[patient] for at in group] for group in exact_copies(seen)]
    apart = [" = ".join(dict.fromkeys(group)) for group in groups if len(set(group)) > 1]
    return [Found(f"Pictures that belong to several patients: {some(apart)}.", "Whose are they?")] if apart else []
