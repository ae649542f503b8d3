"""What a look at somebody's data finds, in words."""

import re
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

PACKAGE = str(Path(__file__).parents[1])


class Found(NamedTuple):
    """Something that a person should know of a folder or a table.

    Attributes:
        what: what was found, with the first names or lines.
        do: the way out.
        wrong: whether a program that doesn't know of it would compute wrong numbers, or stop.
    """

    what: str
    do: str
    wrong: bool = True

    def __str__(self):
        return f"{self.what} {self.do}"


class Report(NamedTuple):
    """What a look found, as text a table of counts, lines about them, and sentences, ``✗`` before those that matter.

    Attributes:
        head: names of the columns, the first of them empty.
        rows: name and counts of each kind, and of all.
        about: sentences.
        found: a list of `Found`.
        folder: paths in it are printed without it.
    """

    head: list
    rows: list
    about: list
    found: list
    folder: str = ""

    @property
    def wrong(self):
        """Whether something makes a result wrong."""
        return any(each.wrong for each in self.found)

    def __str__(self):
        table = [list(map(str, row)) for row in [self.head, *self.rows]]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *(each.rjust(width) for each, width in zip(row[1:], widths[1:]))])
            for row in table
            if row
        ]
        lines += self.about + [f"{'✗' if each.wrong else '•'} {each}".rstrip() for each in self.found]
        if not self.wrong:
            lines.append("✓ No problems found.")
        text = "\n".join(lines)
        return re.sub(rf"(?<![\w/.-]){re.escape(self.folder)}/", "", text) if self.folder else text


def some(items, most=5):
    """Return how many there are and the first of their names, as text.

    >>> some(["a", "b", "c"], most=2)
    '3 (a, b, …)'
    """
    names = ", ".join(map(str, items[:most]))
    return f"{len(items)} ({names}{', …' if len(items) > most else ''})"


def equal(items, most=3):
    """Return things that are one as text, the first of them.

    >>> equal(["a.png", "b.png"])
    'a.png = b.png'
    """
    return " = ".join(map(str, items[:most])) + (" = …" if len(items) > most else "")


def commonest(counts):
    """Say what one gets right by always answering with the commonest kind.

    Args:
        counts: a ``collections.Counter`` of kinds, not empty.
    """
    name, count = counts.most_common(1)[0]
    return f"Always answering {name!r} is right for {count / counts.total():.0%}."


def warn(text):
    """Warn, and name the line outside of the package that asked."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, stacklevel=level)
