"""What the README shows of the course: pictures and results of its first lesson, taken from the committed edition."""

import base64

import nbformat

from tlcourse.course.sources import lessons, notebooks_folder

LESSON = "00"
PICTURES, RESULTS = "train[train_labels == kind][row]", "gain = paired_interval("
"""What the code contains of the cell that shows the pictures, and of the one that compares methods."""


def shown_results():
    """Return the printed comparison of methods, a line for each."""
    return next(output.text for output in _cell(RESULTS).outputs if output.output_type == "stream").rstrip()


def shown_figure():
    """Return the pictures as the bytes of a PNG."""
    return base64.b64decode(
        next(o.data["image/png"] for o in _cell(PICTURES).outputs if "image/png" in o.get("data", {}))
    )


def figure_path():
    """Return where the README finds the pictures."""
    return notebooks_folder() / "figures" / "pictures_of_web_sites.png"


def _cell(code):
    (lesson,) = lessons([LESSON])
    cells = nbformat.read(lesson.edition, as_version=4).cells
    (cell,) = (cell for cell in cells if cell.cell_type == "code" and code in cell.source)
    return cell
