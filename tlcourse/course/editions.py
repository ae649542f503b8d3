"""From a source to its editions: what students get, what instructors get, what CI holds the exercises to."""

import ast
import hashlib
import re

import nbformat

from tlcourse.course.sources import read_source

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
CHECK = re.compile(r"""lesson\.check\(\s*["']([^"']+)["']""")
CLAIM = re.compile(r"""lesson\.(?:claim|finding)\(\s*["']([^"']+)["']""")
COMPARED = re.compile(r"lesson\.(claim|check)\(")
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def student_edition(source):
    """Return the notebook that students get: each solution is ``...``, wrong answers are gone.

    Args:
        source: a `LessonSource`.

    Returns:
        A notebook without outputs. Cells whose outputs are the same on every machine are tagged for nbval, exercises
        carry nbgrader's metadata, and cell ids are hashes of the content: the same source gives the same notebook.

    Raises:
        ValueError: if a solution has no check or its markers do not match, or two claims share a name.
    """
    return _edition(source, lambda cell: [_with(cell, blank(cell.source))])


def solved_edition(source):
    """Return the notebook with solutions, without their markers."""
    return _edition(source, lambda cell: [_with(cell, solution(cell.source))])


def trial_edition(source):
    """Return the notebook that tries the blank, each wrong answer and the solution, with a check after each.

    The outputs of kind ``check`` then say, in this order: unanswered, wrong …, right.
    """
    notebook = read_source(source.path)
    cells, wrong, answer = [], [], None
    for cell in notebook.cells:
        if BEGIN in cell.source:
            answer, wrong = cell, []
        elif "wrong-answer" in cell.metadata.get("tags", []):
            wrong.append(cell)
        elif CHECK.search(cell.source) and answer:
            for attempt in (blank(answer.source), *(w.source for w in wrong), solution(answer.source)):
                cells += [_with(answer, attempt), _with(cell, cell.source)]
            answer = None
        else:
            cells.append(cell)
    return _finish(source, notebook, cells)


def blank(code):
    """Return an exercise's code with ``name = ...`` in place of its solution.

    >>> blank("### BEGIN SOLUTION\\nanswer = 6 * 7\\n### END SOLUTION")
    'answer = ...'
    """
    before, inside, after = _around_solution(code)
    last = ast.parse(inside).body[-1]
    name = last.name if isinstance(last, ast.FunctionDef) else last.targets[0].id
    return f"{before}{name} = ...{after}".strip()


def solution(code):
    """Return an exercise's code without the markers around its solution."""
    return "".join(_around_solution(code)).strip()


def _around_solution(code):
    if code.count(BEGIN) != 1 or code.count(END) != 1:
        raise ValueError(f"An exercise needs one {BEGIN!r} and one {END!r}; got:\n{code}")
    before, rest = code.split(BEGIN)
    inside, after = rest.split(END)
    return before, inside.strip(), after


def _edition(source, answer):
    notebook = read_source(source.path)
    cells = []
    for cell in notebook.cells:
        if "wrong-answer" not in cell.metadata.get("tags", []):
            cells += answer(cell) if BEGIN in cell.source else [cell]
    return _finish(source, notebook, cells)


def _with(cell, code):
    return nbformat.v4.new_code_cell(code, metadata=dict(cell.metadata))


def _finish(source, notebook, cells):
    """Tag and number the cells of an edition, and return a notebook with nothing volatile in it."""
    waiting, seen = iter(_checked(source, notebook)), {}
    for cell in cells:
        cell.metadata = nbformat.from_dict(_metadata(cell, waiting))
        content = f"{source.name}\n{cell.cell_type}\n{cell.source}"
        seen[content] = seen.get(content, 0) + 1
        cell.id = hashlib.sha256(f"{content}\n{seen[content]}".encode()).hexdigest()[:12]
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}, "tlcourse": {"lesson": source.name}}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _checked(source, notebook):
    """Return the numbers of the exercises of a source that keeps the rules."""

    def rule(kept, sentence):
        if not kept:
            raise ValueError(f"{source.path.name}: {sentence}")

    solutions = [cell for cell in notebook.cells if BEGIN in cell.source]
    checks = [found for cell in notebook.cells for found in CHECK.findall(cell.source)]
    one_each = len(solutions) == len(checks) == len(set(checks))
    rule(one_each, f"each solution needs a check of its own; got {len(solutions)} solutions and checks {checks}.")
    parameters = [cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    named = len(parameters) == 1 and f'LESSON = "{source.name}"' in parameters[0]
    rule(named, f'one cell tagged "parameters" must say LESSON = "{source.name}".')
    claims = [name for cell in notebook.cells for name in CLAIM.findall(cell.source)]
    repeated = sorted({name for name in claims if claims.count(name) > 1})
    rule(not repeated, f"names of claims must be unique; {repeated} are not.")
    return checks


def _metadata(cell, waiting):
    tags = [tag for tag in cell.metadata.get("tags", []) if tag != "exact"]
    if cell.cell_type != "code":
        return {}
    check = CHECK.search(cell.source)
    if COMPARED.search(cell.source) or "exact" in cell.metadata.get("tags", []):
        tags.append("nbval-check-output")
    metadata = {"tags": tags} if tags else {}
    answer = re.search(r"^\w+ = \.\.\.$", cell.source, re.MULTILINE)
    if check or answer:
        name = f"{check.group(1)}-check" if check else next(waiting, "trial")
        metadata["nbgrader"] = {
            "schema_version": 3,
            "grade_id": f"exercise-{name}".replace(".", "-"),
            "grade": bool(check),
            "solution": not check,
            "locked": bool(check),
            "task": False,
            **({"points": 1} if check else {}),
        }
    return metadata
