"""What the README shows of the lessons: a table and a figure, taken from a committed edition."""

import base64

import nbformat

from tlcourse.course.sources import lessons, notebooks_folder

LESSON, CELL = "01", "plot_curves(curves)"
"""The lesson, and what the cell with the table and the figure contains."""


def shown_table():
    """Return the table as Markdown, as the edition has it."""
    return _output("text/markdown").split("\n\n")[0]


def shown_figure():
    """Return the figure as the bytes of a PNG, as the edition has it."""
    return base64.b64decode(_output("image/png"))


def figure_path():
    """Return where the README finds the figure."""
    return notebooks_folder() / "figures" / "accuracy_by_labels.png"


def _output(kind):
    (lesson,) = lessons([LESSON])
    cells = nbformat.read(lesson.edition, as_version=4).cells
    (cell,) = (cell for cell in cells if cell.cell_type == "code" and CELL in cell.source)
    return next(output.data[kind] for output in cell.outputs if kind in output.get("data", {}))
