"""The measures of a lesson: how long it may be, what its cells may mix, which headings it has, which numbers it says.

Of Deeper, its numbers alone are measured.
"""

import ast
import re

import nbformat

from tlcourse.course.editions import BEGIN, WRONG
from tlcourse.course.prose import unprinted, without_fences, words
from tlcourse.course.sources import DEEPER, read_source
from tlcourse.course.statements import method_calls, nodes, of_lesson, statements

HEADINGS = (
    "Data",
    "Idea",
    "By hand",
    "On your own data",
    "Is it worth it?",
    "Where it breaks",
    "What it shows and what it does not",
    "Your turn",
    "Recap",
)
"""Headings of level two that every lesson has, in this order. It may have others."""

CELLS = 24
"""Most code cells before the exercises."""

LINES, SHORT = 18, 6
"""Most lines of a code cell, and of a short one; at least half of the cells are short."""

WORDS = 1_900
"""Most words of prose."""

NAMES = 8
"""Most names imported from `tlcourse`."""

CLAIMS = 2, 4
"""Fewest and most claims."""

PLUMBING = {"claim", "finding", "pick", "check"}
METHOD = {"fit", "compile", "predict", "evaluate", "save"}


def hold_to_measures(source, notebook):
    """Refuse a lesson that misses a measure, and a second notebook whose text has a number that it does not print.

    Args:
        source: a `LessonSource`.
        notebook: its student edition with outputs.

    Raises:
        ValueError: with a sentence for each measure that is missed.
    """
    found = missed(source, notebook)
    if found:
        raise ValueError("\n".join(f"{source.path.name}: {sentence}" for sentence in found))


def missed(source, notebook):
    """Return a sentence for each measure that a lesson misses; none if it is as a lesson should be.

    A second notebook is measured by its numbers alone.

    Args:
        source: a `LessonSource`.
        notebook: its student edition with outputs, in which the numbers of the prose must stand.
    """
    if source.deeper:
        return unprinted(notebook)
    counts = measures(source)
    numbers = unprinted(notebook, _second_notebook(source))
    return [*_too_much(counts), *_headings(counts["headings"]), *_mixed(source), *numbers]


def measures(source):
    """Count what a lesson is measured by.

    Args:
        source: a `LessonSource`.

    Returns:
        A dictionary: ``cells`` (the lines of each code cell before the exercises), ``words`` of prose, ``names``
        imported from the package, ``claims``, and the ``headings`` of level two.
    """
    cells = read_source(source.path).cells
    code = [cell.source for cell in cells if cell.cell_type == "code" and not _tagged_wrong(cell)]
    prose = [without_fences(cell.source) for cell in cells if cell.cell_type == "markdown"]
    return {
        "cells": [_lines(cell.source) for cell in _before_exercises(cells)],
        "words": sum(map(words, prose)),
        "names": sorted({name for text in code for name in _imported(text)}),
        "claims": [each.name for text in code for each in statements(text) if each.kind == "claim"],
        "headings": [title.strip() for text in prose for title in re.findall(r"^## (.+)", text, re.MULTILINE)],
    }


def _second_notebook(source):
    path = source.edition.parent / DEEPER / source.edition.name
    return nbformat.read(path, as_version=4) if path.is_file() else None


def _too_much(counts):
    cells, short = counts["cells"], sum(lines <= SHORT for lines in counts["cells"])
    if len(cells) > CELLS:
        yield f"A lesson has at most {CELLS} code cells before “Your turn”; got {len(cells)}. Move some to Deeper."
    if 2 * short < len(cells):
        yield f"At least half of the code cells have at most {SHORT} lines; got {short} of {len(cells)}. Divide some."
    if max(cells, default=0) > LINES:
        above = sum(lines > LINES for lines in cells)
        yield f"A code cell has at most {LINES} lines; {above} have more, the longest {max(cells)}. Divide them."
    if counts["words"] > WORDS:
        yield f"A lesson has at most {WORDS:,} words of prose; got {counts['words']:,}. Move some to Deeper."
    if len(counts["names"]) > NAMES:
        names = f"{len(counts['names'])}: {', '.join(counts['names'])}"
        yield f"A lesson imports at most {NAMES} names from tlcourse; got {names}. Write its method in the open."
    if not CLAIMS[0] <= len(counts["claims"]) <= CLAIMS[1]:
        claims = f"{len(counts['claims'])}: {', '.join(counts['claims']) or 'none'}"
        yield f"A lesson has {CLAIMS[0]} to {CLAIMS[1]} claims; got {claims}. What only proves it goes to Deeper."


def _headings(found):
    absent = [title for title in HEADINGS if title not in found]
    order = [title for title in dict.fromkeys(found) if title in HEADINGS]
    if absent:
        yield f"A lesson has the headings of the template; missing: {', '.join(absent)}."
    if order != [title for title in HEADINGS if title in order]:
        yield f"The headings stand in the template's order: {', '.join(HEADINGS)}; got {', '.join(order)}."


def _mixed(source):
    for cell in read_source(source.path).cells:
        calls = method_calls(cell.source) if cell.cell_type == "code" and not _tagged_wrong(cell) else []
        plumbing = sorted({call.func.attr for call in calls if of_lesson(call)} & PLUMBING)
        method = sorted({call.func.attr for call in calls if not of_lesson(call)} & METHOD)
        if plumbing and method:
            mixed = f"lesson.{plumbing[0]} and .{method[0]}(…)"
            yield f"Plumbing and method never share a cell; {mixed} do, in “{cell.source.splitlines()[0]}”. Divide it."


def _before_exercises(cells):
    """Return the code cells of the lesson itself: before "Your turn", and none that belongs to an exercise."""
    for cell in cells:
        if cell.cell_type == "markdown" and re.search(r"^## Your turn", without_fences(cell.source), re.MULTILINE):
            return
        if cell.cell_type == "code" and not _tagged_wrong(cell) and BEGIN not in cell.source:
            yield cell


def _tagged_wrong(cell):
    return WRONG in cell.metadata.get("tags", [])


def _lines(code):
    """Count lines that are neither blank nor a magic command of the notebook."""
    return sum(bool(line.strip()) and not line.startswith("%") for line in code.splitlines())


def _imported(code):
    """Return the names that a cell imports from the package.

    >>> _imported("import numpy as np\\nfrom tlcourse.plotting import style, plot_images")
    ['style', 'plot_images']
    """
    found = []
    for node in nodes(code):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "tlcourse":
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] == "tlcourse"]
    return found
