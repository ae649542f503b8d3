"""From a source to its editions: what students get, and what instructors get."""

import ast
import hashlib

import nbformat

from tlcourse.course.sources import read_source
from tlcourse.course.statements import statements

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
WRONG = "wrong-answer"
"""Tag of a cell with a plausible wrong answer, which tests alone run."""

EXAMPLE = "example"
"""Tag of a cell on data of one's own that its program lacks: it makes the example data, or asks about them."""

COMPARED = "nbval-check-output"
"""Tag of a cell whose outputs are the same on every machine: nbval compares them."""

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def student_edition(source):
    """Return the notebook that students get: each solution is ``...``, wrong answers are gone.

    Args:
        source: a `LessonSource`.

    Returns:
        A notebook without outputs. Cells whose outputs are the same on every machine are tagged for nbval, checks of
        exercises are folded, and cell ids are hashes of the content: the same source gives the same notebook.

    Raises:
        ValueError: if an exercise lacks its check or a wrong answer, its markers do not match, or a claim's name is not
            written out or not unique.
    """
    return _edition(source, blank)


def solved_edition(source):
    """Return the notebook with solutions, without their markers."""
    return _edition(source, solution)


def graded_edition(source):
    """Return the notebook that nbgrader makes an assignment of: solutions between markers, a point for each check.

    Raises:
        ValueError: as `student_edition`.
    """
    notebook = read_source(source.path)
    found = exercises(notebook)
    for number, (answer, _, check) in found.items():
        name = number.replace(".", "-")
        answer.metadata["nbgrader"] = _for_nbgrader(f"answer-{name}", solution=True)
        check.metadata["nbgrader"] = _for_nbgrader(f"check-{name}", grade=True, locked=True, points=1)
        check.source += f'\nassert lesson.checked["{number}"] == "right"'
    cells = [cell for cell in notebook.cells if WRONG not in cell.metadata.get("tags", [])]
    return numbered(source, cells)


def _for_nbgrader(name, *, solution=False, grade=False, locked=False, **points):
    flags = {"solution": solution, "grade": grade, "locked": locked, "task": False}
    return {"grade_id": name, "schema_version": 3, "cell_type": "code", **flags, **points}


def blank(code):
    """Return an exercise's code with ``name = ...`` in place of its solution.

    >>> blank("### BEGIN SOLUTION\\nanswer = 6 * 7\\n### END SOLUTION")
    'answer = ...'
    """
    before, inside, after = _around_solution(code)
    match ast.parse(inside).body[-1:]:
        case [ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.Assign(targets=[ast.Name(id=name)])]:
            return f"{before}{name} = ...{after}".strip()
    raise ValueError(f"A solution must end with a function or with `name = …`; got:\n{inside}")


def solution(code):
    """Return an exercise's code without the markers around its solution."""
    return "".join(_around_solution(code)).strip()


def exercises(notebook):
    """Return what a source has for each exercise: the cell with the solution, those with wrong answers, the check.

    Args:
        notebook: a source as `tlcourse.course.sources.read_source` reads it.

    Returns:
        A dictionary from the number of an exercise to these three.

    Raises:
        ValueError: if an exercise lacks its check or a wrong answer.
    """
    found, answer, wrong = {}, None, []
    for cell in notebook.cells:
        checks = [stated.name for stated in _stated(cell) if stated.kind == "check"]
        if BEGIN in cell.source:
            answer, wrong = cell, []
        elif WRONG in cell.metadata.get("tags", []):
            wrong.append(cell)
        for number in checks:
            if answer is None or not wrong or number in found:
                raise ValueError(f"exercise {number} needs one solution, then a wrong answer or more, then one check.")
            found[number], answer = (answer, wrong, cell), None
    solutions = sum(BEGIN in cell.source for cell in notebook.cells)
    if solutions != len(found):
        raise ValueError(f"each solution needs a check of its own; got {solutions} solutions and checks {list(found)}.")
    return found


def numbered(source, cells):
    """Return a notebook of some cells, each with an id that is a hash of its content, and nothing volatile in it."""
    seen = {}
    for cell in cells:
        content = f"{source.name}\n{cell.cell_type}\n{cell.source}"
        seen[content] = seen.get(content, 0) + 1
        cell.id = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:12]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "tlcourse": {"lesson": source.name}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _edition(source, answer):
    notebook = read_source(source.path)
    cells = [cell for cell in notebook.cells if WRONG not in cell.metadata.get("tags", [])]
    try:
        _check_rules(source, notebook)
        for cell in cells:
            cell.metadata = nbformat.from_dict(_metadata(cell))
            cell.source = answer(cell.source) if BEGIN in cell.source else cell.source
    except ValueError as error:
        raise ValueError(f"{source.place.with_suffix('.py')}: {error}") from None
    return numbered(source, cells)


def _check_rules(source, notebook):
    exercises(notebook)
    parameters = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(parameters) != 1 or f'LESSON = "{source.name}"' not in parameters[0]:
        raise ValueError(f'one cell tagged "parameters" must say LESSON = "{source.name}".')
    stated = [each for cell in notebook.cells for each in _stated(cell) if each.kind != "check"]
    names = [each.name for each in stated if each.name]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"names of claims must be unique; {repeated} are not.")
    if any(each.kind == "claim" and not each.name for each in stated):
        raise ValueError("a claim's name must be written out as a string, so that a run which skips it is noticed.")
    if any(each.profiles is None for each in stated):
        raise ValueError('profiles must be written out, as profiles=("quick",), and be known ones.')
    if any(BEGIN in cell.source and _stated(cell) for cell in notebook.cells):
        raise ValueError(
            "a claim, a finding or a check can't stand in a cell with a solution, which students don't get."
        )


def _around_solution(code):
    if code.count(BEGIN) != 1 or code.count(END) != 1:
        raise ValueError(f"An exercise needs one {BEGIN!r} and one {END!r}; got:\n{code}")
    before, rest = code.split(BEGIN)
    inside, after = rest.split(END)
    return before, inside.strip(), after


def _metadata(cell):
    if cell.cell_type != "code":
        return {}
    kinds = {stated.kind for stated in _stated(cell)}
    tags = [tag for tag in cell.metadata.get("tags", []) if tag not in ("exact", EXAMPLE)]
    if kinds or "exact" in cell.metadata.get("tags", []):
        tags.append(COMPARED)
    folded = {"jupyter": {"source_hidden": True}} if "check" in kinds else {}
    return ({"tags": tags} if tags else {}) | folded


def _stated(cell):
    return statements(cell.source) if cell.cell_type == "code" else []
