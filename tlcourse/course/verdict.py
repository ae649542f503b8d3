"""What an executed notebook says about its run, and what papermill lets pass."""

import ast
from typing import NamedTuple

from tlcourse.lesson import MIME, PROFILES

CLAIM = MIME.format("claim")

EARLY, INTERRUPTED = "a cell ended the notebook early", "interrupted"

PAPERMILLS = {"injected-parameters", "papermill-error-cell-tag"}
"""Tags of the cells that papermill adds."""


class Stated(NamedTuple):
    """A claim or finding as the code of a cell states it."""

    name: str
    kind: str
    statement: str
    profiles: tuple


def judge(job, notebook, error, reached, total, interrupted=False):
    """Return the entry of the report for a run.

    Papermill raises nothing when a cell ends the kernel's loop, and leaves no red cell after a timeout or the death of
    a kernel, so the notebook itself is read: cells that never ran, errors, claims that were not reached.

    Args:
        job: the `Job`.
        notebook: the executed notebook as far as it came, or ``None``.
        error: what was raised, or ``None``.
        reached: id of the last cell that was begun.
        total: seconds of wall time.
        interrupted: whether the person at the keyboard ended it.
    """
    cells = [cell for cell in notebook.cells if not PAPERMILLS & set(cell.metadata.get("tags", []))] if notebook else []
    reached = next((at for at, cell in enumerate(cells) if cell.id == reached), None)
    code = [cell for cell in cells if cell.cell_type == "code"]
    published = [output for cell in code for output in cell.outputs if "tlcourse" in output.get("metadata", {})]
    claims = [
        {**output.data[CLAIM], "observed": output.metadata["tlcourse"]} for output in published if CLAIM in output.data
    ]
    facts = [output.metadata["tlcourse"] for output in published if CLAIM not in output.data]
    unreached = [at for at, cell in enumerate(cells) if cell.cell_type == "code" and cell.execution_count is None]
    broken = [claim["id"] for claim in claims if claim["holds"] is False]
    red = next((at for at, cell in enumerate(cells) if _error(cell)), None)
    if interrupted and error is not None:
        status, reason = "stopped", INTERRUPTED
    elif error is not None and red is None:
        status, reason = _fault(error, job.timeout)
    elif red is not None:
        status, reason, reached = *_failure(_error(cells[red])), red
    elif unreached:
        status, reason, reached = "stopped", EARLY, unreached[0] - 1
    elif broken:
        status, reason = "failed", f"claims that do not hold: {', '.join(broken)}"
    else:
        status, reason = "passed", ""
    lost = []
    if reached is not None and (error is not None or red is not None or unreached):
        reason = f"in “{heading(cells[: reached + 1])}”, cell {reached + 1} of {len(cells)}: {reason}"
        named = {claim["id"].partition(".")[2] for claim in claims}
        stated = [stated for cell in cells[reached:] for stated in statements(cell.source)]
        lost = [each for each in stated if job.profile in each.profiles and each.name not in named]
    if lost:
        reason += f" ({sum(stated.kind == 'claim' for stated in lost)} claims not reached)"
    cells_took = sum(cell.metadata.get("papermill", {}).get("duration") or 0 for cell in code)
    imports = sum(fact.get("imports", 0) for fact in facts)
    return {
        **entry(job, status, " ".join(reason.split())[:400]),
        "seconds": {
            "start": round(total - cells_took, 1),
            "imports": round(imports, 1),
            "compute": round(cells_took - imports, 1),
        },
        "device": next((fact["device"] for fact in facts if "device" in fact), ""),
        "claims": claims + [_unreached(job, stated) for stated in lost],
        "notebook": job.notebook.name if notebook else "",
        "figures": [cell.id for cell in code if any("image/png" in output.get("data", {}) for output in cell.outputs)],
    }


def entry(job, status, reason):
    """Return an entry of the report for a job of which no more is known."""
    return {
        "lesson": job.lesson.name,
        "profile": job.profile,
        "seed": job.seed,
        "backend": job.backend,
        "device": "",
        "edition": job.edition,
        "fingerprint": job.fingerprint,
        "status": status,
        "reason": reason,
        "seconds": {"start": 0, "imports": 0, "compute": 0},
        "claims": [],
        "notebook": "",
        "figures": [],
    }


def heading(cells):
    """Return the text of the last heading in some cells.

    >>> import nbformat
    >>> heading([nbformat.v4.new_markdown_cell("## Data\\n\\nDigits."), nbformat.v4.new_code_cell("# a comment")])
    'Data'
    """
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    found = [line.lstrip("#").strip() for text in texts for line in text.splitlines() if line.startswith("#")]
    return found[-1] if found else "the beginning"


def statements(code):
    """Return the claims and findings that a cell states with a name of its own.

    >>> statements('lesson.claim("gain", "It gains.", holds=True, profiles=("quick",))')
    [Stated(name='gain', kind='claim', statement='It gains.', profiles=('quick',))]
    """
    try:
        calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    except SyntaxError:  # a cell with a magic command
        return []
    found = []
    for call in calls:
        kind = getattr(call.func, "attr", "")
        named = dict(zip(("name", "statement"), call.args)) | {each.arg: each.value for each in call.keywords}
        if kind in ("claim", "finding") and isinstance(named.get("name"), ast.Constant):
            name = named["name"].value
            statement = _literal(named.get("statement"), name)
            found.append(Stated(name, kind, statement, _literal(named.get("profiles"), PROFILES)))
    return found


def _literal(node, default):
    """Return what a node of code says, or a default where that takes running it."""
    try:
        return default if node is None else ast.literal_eval(node)
    except ValueError:
        return default


def _unreached(job, stated):
    holds = False if stated.kind == "claim" else None
    identity = {"id": f"{job.lesson.name}.{stated.name}", "kind": stated.kind, "statement": stated.statement}
    return {**identity, "holds": holds, "observed": {}}


def _error(cell):
    return next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)


def _failure(output):
    """Return status and reason for a red cell."""
    if output.ename == "SystemExit":
        return "stopped", EARLY
    return "failed", f"{output.ename}: {output.evalue}"


def _fault(error, timeout):
    """Return status and reason for a run that left no red cell."""
    kind = type(error).__name__
    if kind == "CellTimeoutError":
        return "timeout", f"not finished after {timeout} s (--timeout)"
    if kind == "DeadKernelError":
        return "failed", "the kernel died; often the memory was exhausted"
    return "failed", f"{kind}: {error}"
