"""Run lessons with papermill, several at a time, and write one report."""

import json
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import nbformat

from tlcourse import __version__
from tlcourse.assets import atomically, locate
from tlcourse.course.editions import student_edition
from tlcourse.course.sources import LessonSource
from tlcourse.lesson import DEVELOPMENT_SEEDS, MIME, RUNNER

QUIET_KERNEL = ["--IPKernelApp.log_level=ERROR"]
"""Kernels talk over the loopback interface; ipykernel warns of that at every start."""

CLAIM = MIME.format("claim")


@dataclass(frozen=True)
class Job:
    """A lesson to run in one profile with one seed; the executed notebook goes into ``folder``."""

    lesson: LessonSource
    profile: str
    seed: int
    folder: Path
    timeout: int

    @property
    def notebook(self):
        return self.folder / f"{self.lesson.path.stem}-{self.profile}-{self.seed}.ipynb"


def run(jobs, workers=1, done=lambda entry: None):
    """Run jobs and write `report.json` into their folder after each one.

    A lesson that fails does not stop the others. A broken claim is recorded and its notebook goes on, so that every
    claim is counted; the run then counts as failed.

    Args:
        jobs: `Job` objects of one folder, at least one.
        workers: how many run at a time, at least 1.
        done: called with each entry of the report as it is finished.

    Returns:
        The report, a dictionary as described in `report`.
    """
    folder = jobs[0].folder
    folder.mkdir(parents=True, exist_ok=True)
    entries = [None] * len(jobs)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        waiting = {pool.submit(run_one, job): at for at, job in enumerate(jobs)}
        for future in as_completed(waiting):
            at, error = waiting[future], future.exception()
            entries[at] = _entry(jobs[at], "failed", _one_line(error), {}, []) if error else future.result()
            with atomically(folder / "report.json") as temporary:
                temporary.write_text(json.dumps(report(filter(None, entries)), indent=1) + "\n")
            done(entries[at])
    return report(entries)


def run_one(job):
    """Run one job and return its entry of the report. Never raises for what a notebook does."""
    job.notebook.unlink(missing_ok=True)
    needs = job.lesson.needs["development" if _for_development(job) else job.profile]
    missing = [name for name in needs if locate(name) is None]
    if missing:
        return _entry(job, "not run", f"Bring what is missing with: tlcourse fetch {' '.join(missing)}", {}, [])
    import papermill

    os.environ[RUNNER] = "1"
    draft = job.notebook.with_suffix(f".{os.getpid()}.ipynb")
    nbformat.write(student_edition(job.lesson), draft)
    error, started = None, time.monotonic()
    try:
        papermill.execute_notebook(
            draft,
            job.notebook,
            parameters={"PROFILE": job.profile, "SEED": job.seed},
            cwd=str(job.lesson.edition.parent),
            kernel_name="python3",
            execution_timeout=job.timeout,
            progress_bar=False,
            extra_arguments=QUIET_KERNEL,
        )
    except Exception as problem:  # whatever a notebook, its kernel or papermill does, the other lessons go on
        error = problem
    finally:
        draft.unlink(missing_ok=True)
    total = time.monotonic() - started
    notebook = nbformat.read(job.notebook, as_version=4) if job.notebook.is_file() else None
    return summarise(job, notebook, error, total)


def summarise(job, notebook, error, total):
    """Read what an executed notebook says, and what papermill lets pass: cells that never ran, a dead kernel.

    Returns:
        An entry of the report.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"] if notebook else []
    claims = [
        {**output.data[CLAIM], "observed": output.metadata["tlcourse"]}
        for output in _published(cells)
        if CLAIM in output.data
    ]
    failed = [cell for cell in cells if any(output.output_type == "error" for output in cell.outputs)]
    unreached = [cell for cell in cells if cell.execution_count is None]
    broken = [claim["id"] for claim in claims if claim["holds"] is False]
    if error is not None:
        timed_out = type(error).__name__ in ("CellTimeoutError", "TimeoutError")
        status, reason = ("timeout" if timed_out else "failed"), _one_line(error)
    elif failed:
        output = next(output for output in failed[0].outputs if output.output_type == "error")
        status, reason = "failed", f"{output.ename}: {output.evalue}"[:300]
    elif unreached:
        status, reason = "stopped", f"{len(unreached)} cells were never run; a cell ended the notebook early."
    elif broken:
        status, reason = "failed", f"claims that do not hold: {', '.join(broken)}"
    else:
        status, reason = "passed", ""
    cells_took = sum(cell.metadata.get("papermill", {}).get("duration") or 0 for cell in cells)
    imports = sum(output.metadata["tlcourse"].get("imports", 0) for output in _published(cells))
    seconds = {"start": total - cells_took, "imports": imports, "compute": cells_took - imports}
    seconds = {name: round(value, 1) for name, value in seconds.items()}
    drawn = [cell.id for cell in cells if any("image/png" in output.get("data", {}) for output in cell.outputs)]
    return {**_entry(job, status, reason, seconds, claims), "figures": drawn}


def report(entries):
    """Return the report: its version, the environment and an entry for each run.

    An entry has ``lesson``, ``profile``, ``seed``, ``backend``, ``status`` (``passed``, ``failed``, ``stopped``,
    ``timeout`` or ``not run``), ``reason``, ``seconds``, ``claims`` (``id``, ``kind``, ``statement``, ``holds``,
    ``observed``), ``notebook`` and ``figures`` (ids of the cells that drew one).
    """
    return {"version": 1, "environment": _environment(), "runs": list(entries)}


def _for_development(job):
    return job.profile == "quick" and job.seed in DEVELOPMENT_SEEDS


def _published(cells):
    outputs = [output for cell in cells for output in cell.outputs]
    return [output for output in outputs if "tlcourse" in output.get("metadata", {})]


def _entry(job, status, reason, seconds, claims):
    return {
        "lesson": job.lesson.name,
        "profile": job.profile,
        "seed": job.seed,
        "backend": _backend(),
        "status": status,
        "reason": reason,
        "seconds": seconds,
        "claims": claims,
        "notebook": job.notebook.name if job.notebook.is_file() else "",
        "figures": [],
    }


def _environment():
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for package in ("keras", "tensorflow", "jax", "torch", "numpy", "scikit-learn"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "backend": _backend(),
        "tlcourse": __version__,
        **versions,
    }


def _backend():
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def _one_line(error):
    name = getattr(error, "ename", type(error).__name__)
    value = getattr(error, "evalue", str(error))
    return " ".join(f"{name}: {value}".split())[:300]
