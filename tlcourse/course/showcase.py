"""What the README shows of the lessons: a table and a figure, taken from a committed edition."""

import base64

import nbformat

from tlcourse.course.sources import lessons, notebooks_folder

LESSON, TABLE, FIGURE = "01", "accuracy_table({curve.name", "plot_curves(curves)"
"""The lesson, and what the cells with the table and with the figure contain."""


def shown_table():
    """Return the table as Markdown, as the edition has it."""
    return _output(TABLE)["text/markdown"].split("\n\n")[0]


def shown_figure():
    """Return the figure as the bytes of a PNG, as the edition has it."""
    return base64.b64decode(_output(FIGURE)["image/png"])


def figure_path():
    """Return where the README finds the figure."""
    return notebooks_folder() / "figures" / "accuracy_by_labels.png"


def _output(part):
    (lesson,) = lessons([LESSON])
    cells = nbformat.read(lesson.edition, as_version=4).cells
    (cell,) = (cell for cell in cells if cell.cell_type == "code" and part in cell.source)
    return cell.outputs[-1].data
