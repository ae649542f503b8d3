"""Lessons × seeds as one queue, several at a time, with one report."""

import signal
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial

import filelock

from tlcourse.course.cluster import execute_there, workers_of
from tlcourse.course.job import execute
from tlcourse.course.kernels import Kernels
from tlcourse.course.report import report, write_report, write_report_page
from tlcourse.course.verdict import INTERRUPTED, entry

NOT_BEGUN = "not begun yet"

WAKE = 0.2
"""Seconds between looks at whether somebody has interrupted."""


def run(jobs, workers=1, *, resume=False, watch=None, scheduler=None):
    """Run jobs, write `report.json` into their folder after each one, and `report.html` at the end.

    A lesson that fails does not stop the others. A broken claim is recorded and its notebook goes on, so that every
    claim is counted; the run then counts as failed. Ctrl-C ends all kernels and keeps what is finished.

    Each worker is a thread: the computing is done in the kernels, which are processes, and kernels of one process
    never pick the same port.

    Args:
        jobs: `Job` objects of one folder, at least one.
        workers: how many run at a time, at least 1.
        resume: whether to skip what has passed with the same source, package, libraries, data and parameters.
        watch: an object with methods ``at_cell(job, cell, cells, heading)`` and ``done(entry)``, the first
            called from the workers, but not from those of a cluster.
        scheduler: address of a Dask scheduler whose workers run the jobs, or ``"local"``; see `workers_of`.

    Returns:
        The report, a dictionary as described in `report`.

    Raises:
        RuntimeError: if another run is writing into that folder, it can't be written, or there is no such scheduler.
    """
    folder = jobs[0].folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock", blocking=False), _interrupted_once():
            return _run(jobs, workers, resume, watch or _Silent(), scheduler)
    except filelock.Timeout as error:
        raise RuntimeError(f"Another run is writing into {folder}; name another folder with --out.") from error
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise RuntimeError(
            f"--out must be a folder that can be written; {folder} is not ({error.strerror})."
        ) from error


def _run(jobs, workers, resume, watch, scheduler):
    folder, kernels, waiting, interrupted = jobs[0].folder, Kernels(), {}, False
    entries = {job: entry(job, "not run", NOT_BEGUN) for job in jobs}  # fixes each job's fingerprint, too
    with workers_of(scheduler, workers) if scheduler else ThreadPoolExecutor(workers) as pool:
        try:
            for job in jobs:
                finished = job.finished() if resume else None
                if finished:
                    entries[job] = finished
                    watch.done(finished, again=True)
                else:
                    at_cell = partial(watch.at_cell, job)
                    work = (execute_there, job) if scheduler else (execute, job, kernels, at_cell)
                    waiting[pool.submit(*work)] = job
            write_report(folder, report(list(entries.values())))
            for future in _as_completed(waiting):
                _keep(future, waiting[future], entries, watch)
                write_report(folder, report(list(entries.values())))
        except KeyboardInterrupt:
            interrupted = True
            kernels.end()
            for future in waiting:
                future.cancel()
            pool.shutdown(wait=not scheduler)
            for future, job in waiting.items():
                if future.cancelled():
                    entries[job] = entry(job, "not run", f"{INTERRUPTED} before it began")
                    watch.done(entries[job])
                elif entries[job]["reason"] == NOT_BEGUN:
                    _keep(future, job, entries, watch)
    written = report(list(entries.values()), interrupted)
    write_report(folder, written)
    write_report_page(folder, written)
    return written


def _keep(future, job, entries, watch):
    error = future.exception()
    entries[job] = entry(job, "failed", f"{type(error).__name__}: {error}") if error else future.result()
    watch.done(entries[job])


def _as_completed(futures):
    """Yield futures as they end. Wake often: otherwise a signal to another thread can go unseen for minutes."""
    open_ones = set(futures)
    while open_ones:
        ended, open_ones = wait(open_ones, timeout=WAKE, return_when=FIRST_COMPLETED)
        yield from ended


@contextmanager
def _interrupted_once():
    """Raise at the first Ctrl-C (or SIGTERM, from a cancelled CI job) and ignore later ones, so results get saved."""
    seen = []

    def interrupt(*arguments):
        if not seen:
            seen.append(arguments)
            raise KeyboardInterrupt

    try:
        before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread, which alone is interrupted
        before = {}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Silent:
    def at_cell(self, *arguments):
        pass

    def done(self, *arguments, **options):
        pass
