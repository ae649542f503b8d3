"""Build the committed editions, and tell whether they are what their sources build."""

import base64
import io
import re

import nbformat
from PIL import Image

from tlcourse.course.editions import student_edition
from tlcourse.course.kernels import QUIET_KERNEL
from tlcourse.course.programs import has_its_program

ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
TEMPORARY = re.compile(r"/[\w./-]*/tmp\w{8}(?=/)")
"""A folder that `tempfile.mkdtemp` made, which has another name each time."""

LARGEST = 800_000
"""Bytes of a committed edition, figures included."""

CONFIGURE = """%config InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Software": None}}"""


def build(source, edition=student_edition, timeout=600):
    """Execute an edition in the quick profile and return it with its outputs, nothing volatile among them.

    Args:
        source: a `LessonSource`.
        edition: function from a source to a notebook without outputs.
        timeout: seconds that one cell may take.

    Raises:
        CellExecutionError: if a cell fails.
    """
    notebook = execute(edition(source), source, timeout)
    return without_volatile(notebook)


def execute(notebook, source, timeout):
    """Run a notebook in a new kernel, in the folder of the edition, and return it with outputs."""
    from nbclient import NotebookClient

    source.edition.parent.mkdir(parents=True, exist_ok=True)
    first = nbformat.v4.new_code_cell(CONFIGURE)
    notebook = nbformat.from_dict({**notebook, "cells": [first, *notebook.cells]})
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        resources={"metadata": {"path": str(source.edition.parent)}},
        extra_arguments=QUIET_KERNEL,
        record_timing=False,
    )
    client.execute()
    notebook.cells.pop(0)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.execution_count:
            cell.execution_count -= 1
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = cell.execution_count
    return notebook


def without_volatile(notebook):
    """Return the notebook without times, versions, process ids, addresses and standard error, its figures light."""
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_steady(output) for output in cell.outputs if output.get("name") != "stderr"]
    return notebook


def differences(source):
    """Say in which ways the committed student edition is not what its source builds; nothing if it is.

    Compares cells, tags and ids without executing, and finds cells that were not executed, not in order, or failed, and
    an edition that is too large to read on the web.

    Args:
        source: a `LessonSource`.

    Returns:
        A list of sentences, empty where all is well.
    """
    if not source.edition.is_file():
        return [f"{source.place} is missing. Build it with: make notebooks"]
    committed = nbformat.read(source.edition, as_version=4)
    expected = student_edition(source)
    found = []
    if [_content(cell) for cell in committed.cells] != [_content(cell) for cell in expected.cells]:
        found.append("Cells, tags or ids differ from what the source builds.")
    if committed.metadata != expected.metadata:
        found.append("The metadata differ from what the source builds.")
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("Cells were not all executed once, from the first to the last.")
    outputs = [output for cell in code for output in cell.outputs]
    if any(output.output_type == "error" or output.get("name") == "stderr" for output in outputs):
        found.append("A cell failed or wrote to standard error.")
    if any(_prints_beside_a_statement(cell) for cell in code):
        found.append("A cell with a claim or a finding prints something else, which may differ elsewhere; divide it.")
    if not source.deeper and not has_its_program(source):
        found.append("Its program differs from what the source builds.")
    if source.edition.stat().st_size > LARGEST:
        found.append(f"It has {source.edition.stat().st_size:,} bytes, more than {LARGEST:,}; draw fewer figures.")
    return [f"{source.place}: {sentence} Build it with: make notebooks" for sentence in found]


def _content(cell):
    return cell.cell_type, cell.id, cell.source, cell.metadata


def _prints_beside_a_statement(cell):
    stated = ["tlcourse" in output.get("metadata", {}) for output in cell.outputs]
    return any(stated) and not all(stated)


def _steady(output):
    for machines_own in ("imports", "device"):
        output.get("metadata", {}).get("tlcourse", {}).pop(machines_own, None)
    if "text" in output:
        output.text = TEMPORARY.sub("…", ADDRESS.sub("0x…", output.text))
    if "text/plain" in output.get("data", {}):
        output.data["text/plain"] = ADDRESS.sub("0x…", output.data["text/plain"])
    if "image/png" in output.get("data", {}):
        output.data["image/png"] = light(output.data["image/png"])
    return output


def light(png):
    """Return a figure in base64 with a palette of at most 128 colours, which makes it a third as large."""
    figure = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB").quantize(128)
    smaller = io.BytesIO()
    figure.save(smaller, "PNG", optimize=True)
    return min(png, base64.b64encode(smaller.getvalue()).decode() + "\n", key=len)
