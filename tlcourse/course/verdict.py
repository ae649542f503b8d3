"""What an executed notebook says about its run, also where papermill reports no error."""

from tlcourse.course.statements import stated_for
from tlcourse.lesson import MIME

CLAIM = MIME.format("claim")

EARLY, INTERRUPTED = "a cell ended the notebook early", "interrupted"

PAPERMILLS = {"injected-parameters", "papermill-error-cell-tag"}
"""Tags of the cells that papermill adds."""


def judge(job, notebook, error, reached, total, interrupted=False):
    """Return the entry of the report for a run.

    Papermill raises nothing when a cell ends the kernel's loop. So we also look in the notebook for cells that never
    ran, and for claims that were not reached, because the run broke off or because the code skipped them.

    Args:
        job: the `Job`.
        notebook: the executed notebook as far as it came, or ``None``.
        error: what was raised, or ``None``.
        reached: id of the last cell that was begun.
        total: seconds of wall time.
        interrupted: whether the person at the keyboard ended it.
    """
    cells = [cell for cell in notebook.cells if not PAPERMILLS & set(cell.metadata.get("tags", []))] if notebook else []
    code = [cell for cell in cells if cell.cell_type == "code" and cell.source.strip()]
    published = [output for cell in code for output in cell.outputs if "tlcourse" in output.get("metadata", {})]
    facts = [output.metadata["tlcourse"] for output in published if CLAIM not in output.data]
    claims = [
        {**output.data[CLAIM], "observed": output.metadata["tlcourse"]} for output in published if CLAIM in output.data
    ]
    named = {claim["id"] for claim in claims}
    unreached = [claim for claim in _unreached(job) if claim["id"] not in named]
    status, reason = _outcome(code, error, job.timeout, interrupted)
    if reason:
        at = next((at for at, cell in enumerate(cells) if cell.id == reached), None)
        lost = sum(claim["holds"] is False for claim in unreached)
        reason = reason if at is None else f"in “{heading(cells[: at + 1])}”, cell {at + 1} of {len(cells)}: {reason}"
        reason += f" ({lost} claims not reached)" if lost else ""
    else:
        broken = [claim["id"] for claim in claims if claim["holds"] is False]
        missed = [claim["id"] for claim in unreached if claim["holds"] is False]
        found = {"claims that do not hold": broken, "claims that were not reached": missed}
        reason = "; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names)
        status = "failed" if reason else "passed"
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
        "claims": claims + unreached,
        "notebook": job.notebook.name if notebook else "",
        "figures": [cell.id for cell in code if any("image/png" in output.get("data", {}) for output in cell.outputs)],
    }


def entry(job, status, reason):
    """Return an entry of the report with a status and a reason only: no claim of the job was reached."""
    return {
        "lesson": job.lesson.name,
        "profile": job.profile,
        "seed": job.seed,
        "backend": job.backend,
        "device": "",
        "fingerprint": job.fingerprint,
        "status": status,
        "reason": reason,
        "seconds": {"start": 0, "imports": 0, "compute": 0},
        "claims": _unreached(job),
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


def _unreached(job):
    """Return each claim and finding that the lesson's source states for this profile as one that was not reached.

    A claim that is not checked with this backend is nothing that a run can miss: nobody knows whether it holds.
    """
    return [
        {
            "id": f"{job.lesson.name}.{stated.name}",
            "kind": stated.kind,
            "statement": stated.statement,
            "holds": False if stated.kind == "claim" and job.backend in (stated.backends or [job.backend]) else None,
            "observed": {},
        }
        for stated in stated_for(job.source_cells, job.profile)
    ]


def _outcome(code, error, timeout, interrupted):
    """Return status and reason of a run that did not come to its end; nothing if it did."""
    kind = type(error).__name__
    left = [output.get("ename") for cell in code for output in cell.outputs if output.output_type == "error"]
    if error is not None and interrupted:
        return "stopped", INTERRUPTED
    if getattr(error, "ename", "") == "SystemExit" or (
        error is None and (left or any(cell.execution_count is None for cell in code))
    ):
        return "stopped", EARLY
    if kind == "PapermillExecutionError":
        return "failed", f"{error.ename}: {error.evalue}"
    if kind == "CellTimeoutError":
        return "timeout", f"not finished after {timeout} s (--timeout)"
    if kind == "DeadKernelError":
        return "failed", "the kernel died; often the memory was exhausted"
    return ("failed", f"{kind}: {error}") if error is not None else ("", "")
