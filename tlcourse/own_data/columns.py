"""What is wrong with the columns of a table, whatever the table is of."""

import difflib
from collections import defaultdict

from tlcourse.checks import near_names
from tlcourse.own_data.found import Found, some
from tlcourse.own_data.tables import read_table


def readable_tables(paths, columns):
    """Return the rows of each file that can be read, and what is wrong with the others."""
    tables, found = {}, []
    for path in paths:
        try:
            tables[path] = read_table(path, columns)
        except ValueError as error:
            found.append(Found(str(error), ""))
    return tables, found


def empty_fields(path, rows, columns):
    """Return which of the columns have empty fields, as a list of `Found`."""
    empty = {name: [row.line for row in rows if not row.fields[name]] for name in columns}
    return [
        Found(f"Rows of {path} without a {name}, by lines: {some(lines)}.", "Fill them, or leave them out.")
        for name, lines in empty.items()
        if lines
    ]


def checked_kinds(kinds):
    """Return names of kinds as a tuple.

    Raises:
        ValueError: if they are not two or more different strings.

    >>> checked_kinds(["bad", "good"])
    ('bad', 'good')
    """
    names = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    if len(names) < 2 or len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"kinds must be two or more different strings, such as ('0', '1'); got {kinds!r}.")
    return names


def odd_labels(path, counts):
    """Return labels that are one alone, or that may be one, as a list of `Found`."""
    names = [name for name in counts if name]
    if len(names) == 1:
        return [Found(f"{path} has one label alone, {names[0]!r}. Every answer would be right.", "There must be two.")]
    return [
        Found(f"The labels {' and '.join(map(repr, twins))} of {path} may be one.", "Write them alike.")
        for twins in [*near_names(names), *_equal_numbers(names), *_misspelt(counts)]
    ]


def _misspelt(counts):
    """Return pairs of labels, of which one is rare and spelt nearly as the other."""
    return [
        [rare, name]
        for rare, few in counts.items()
        for name, many in counts.items()
        if 10 * few <= many and rare.isalpha() and difflib.SequenceMatcher(None, rare, name).ratio() >= 0.85
    ]


def _equal_numbers(names):
    """Return groups of names that are one number, such as 1 and 1.0."""
    groups = defaultdict(list)
    for name in names:
        try:
            groups[float(name)].append(name)
        except ValueError:
            continue
    return [group for group in groups.values() if len(group) > 1]
