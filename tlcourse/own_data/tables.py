"""Rows of a CSV file, each where it belongs, or refused by its line."""

import csv
import io
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tlcourse.own_data.found import some

DELIMITERS = (",", ";", "\t")


class Row(NamedTuple):
    """A row of a file: the ``line`` on which it begins, from 1 on, and its ``fields`` by the names of the columns."""

    line: int
    fields: dict


def read_table(path, columns):
    """Read a CSV file strictly: a row that does not fit its columns is refused, never cut or joined to the next.

    Commas, semicolons or tabs stand between the fields, whichever finds the columns. Spaces around names and fields go.

    Args:
        path: of a file in UTF-8, with or without a byte order mark, whose first line names the columns.
        columns: names of the columns that must be there; others may be.

    Returns:
        The rows, a list of `Row`; empty lines are none.

    Raises:
        ValueError: if the file is missing or not UTF-8, a column is missing or there twice, there are no rows, or a row
            has too many or too few fields or an open quotation mark. The message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "mine.csv")
    ...     _ = path.write_text("patient;label\\nP01 ;1\\n", encoding="utf-8")
    ...     read_table(path, ["patient", "label"])
    [Row(line=2, fields={'patient': 'P01', 'label': '1'})]
    """
    path = Path(path).expanduser()
    text = _decoded(path)
    rows = []
    with _fields_of_any_length(len(text)):
        head, delimiter = _head(path, text, columns)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        next(reader)
        last = reader.line_num
        try:
            for fields in reader:
                if len(fields) > 1 or any(map(str.strip, fields)):
                    rows.append(_row(path, last + 1, head, fields))
                last = reader.line_num
        except csv.Error as error:
            raise ValueError(
                f"{path}, the row that begins in line {last + 1}: a quotation mark is not closed, or stands inside "
                f'of a field ({error}). Put the field in quotation marks and double those in it: "He said ""fine"".".'
            ) from error
    if not rows:
        raise ValueError(f"{path} must have rows below its first line; there are none.")
    _refuse_swallowed(path, rows, columns, delimiter)
    return rows


def column_names(path):
    """Return the names in the first line of a CSV file, as a set, whatever stands between them.

    Raises:
        ValueError: if the file is missing or not UTF-8.
    """
    text = _decoded(Path(path).expanduser())
    with _fields_of_any_length(len(text)):
        return {name for mark in DELIMITERS for name in _names(text, mark)}


def _names(text, delimiter):
    names = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    return [name.strip() or f"column {at}" for at, name in enumerate(names, 1)]


def _decoded(path):
    if not path.is_file():
        raise ValueError(f"{path} must be a CSV file; {'a folder' if path.exists() else 'nothing'} is there.")
    try:
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} must be in UTF-8; byte {error.start} is not. In a spreadsheet, save it as 'CSV UTF-8'."
        ) from error


def _head(path, text, columns):
    """Return the names of the columns and what stands between them."""
    heads = {mark: _names(text, mark) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: (len(set(columns) & set(heads[mark])), len(heads[mark])))
    head = heads[delimiter]
    missing = [name for name in columns if name not in head]
    doubled = [name for name in dict.fromkeys(head) if head.count(name) > 1]
    if missing:
        raise ValueError(
            f"{path} must have the columns {', '.join(columns)}; its first line names {some(head, most=8)}. "
            "If yours have other names, say them (in a terminal: --text, --label, --patient)."
        )
    if doubled:
        raise ValueError(f"{path} has two columns called {doubled[0]!r}. Rename one of them.")
    return head, delimiter


def _row(path, line, head, fields):
    if len(fields) != len(head):
        raise ValueError(
            f"{path}, line {line}: {len(fields)} fields for {len(head)} columns ({', '.join(head)}). If a comma "
            "belongs to a text, put the text in quotation marks."
        )
    return Row(line, dict(zip(head, (field.strip() for field in fields))))


def _refuse_swallowed(path, rows, columns, delimiter):
    """Refuse a field with line breaks in which a line looks like a row: a stray quotation mark has swallowed rows."""
    fields = {name: [row.fields[name] for row in rows if "\n" not in row.fields[name]] for name in columns}
    values = {name: set(each) for name, each in fields.items() if len(set(each)) < max(len(each), 5)}  # no numbers
    for row in rows:
        names = list(row.fields)
        for at, name in ((at, name) for at, name in enumerate(names) if "\n" in row.fields[name]):
            lines = row.fields[name].split("\n")[bool(at) : None if at == len(names) - 1 else -1]  # whole ones
            others = {other: names.index(other) - len(names) for other in values if other != name}
            if others and lines and all(_like_a_row(line.split(delimiter), names, others, values) for line in lines):
                raise ValueError(
                    f"{path}, the row that begins in line {row.line}: its {name} holds what looks like another "
                    f"row, {lines[0][:60]!r}. Is a quotation mark in line {row.line} not closed?"
                )


def _like_a_row(pieces, names, others, values):
    return len(pieces) >= len(names) and all(pieces[place].strip() in values[name] for name, place in others.items())


@contextmanager
def _fields_of_any_length(longest):
    """Let the csv module read a field as long as the file."""
    before = csv.field_size_limit(max(longest, csv.field_size_limit()))
    try:
        yield
    finally:
        csv.field_size_limit(before)
