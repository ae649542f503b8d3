"""What an instructor types before and in a workshop."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tlcourse.commands import NO_DEEPER, Deeper, Names, or_stop


class Profile(StrEnum):
    """How a lesson is run."""

    quick = "quick"
    full = "full"


class Backend(StrEnum):
    """What Keras computes with."""

    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"


def run(
    lessons: Names = None,
    deeper: Deeper = False,
    profile: Annotated[Profile, typer.Option(help="quick: bundled data; full: well-known data.")] = Profile.quick,
    seeds: Annotated[
        str, typer.Option(help="How many seeds from 0 on, or a range such as 5-9; 100 to 199 test on development data.")
    ] = "1",
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at a time.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler whose workers run them, or local for --jobs workers here."),
    ] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="By default KERAS_BACKEND, or else tensorflow.", show_default=False)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Skip what has passed with the same source, package, libraries and data.")
    ] = False,
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that one cell may take.")] = 1800,
    out: Annotated[Path, typer.Option(help="Where executed notebooks and the report go.")] = Path("runs"),
):
    """Run lessons from the first cell to the last, and write a report; with --deeper their second notebooks.

    Every lesson runs once with every seed. A lesson that fails does not stop the others, and a claim that breaks does
    not stop its lesson. Ctrl-C leaves no kernel behind and keeps what is finished; --resume goes on from there.

    Exit status: 0 if all passed, 1 if any failed, stopped early or was not run, 130 after Ctrl-C.
    """
    import os

    from rich.console import Console

    from tlcourse.checks import known
    from tlcourse.course.job import Job
    from tlcourse.course.run import run as run_jobs
    from tlcourse.course.sources import lessons as find
    from tlcourse.course.tables import Watch, claim_lines

    out = or_stop(out.expanduser).resolve()
    wanted = str(backend or os.environ.get("KERAS_BACKEND") or "tensorflow")
    or_stop(known, "backend", wanted, [each.value for each in Backend])
    queue = [
        Job(lesson, profile.value, seed, out, timeout, wanted)
        for lesson in or_stop(find, lessons or (), deeper)
        for seed in _seeds(seeds)
    ]
    if not queue:
        typer.echo(NO_DEEPER)
        raise typer.Exit
    console = Console()
    with Watch(console) as watch:
        report = or_stop(run_jobs, queue, jobs, resume=resume, watch=watch, scheduler=scheduler)
    for line in claim_lines(report["runs"]):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"Findings, figures and executed notebooks: {out / 'report.html'}", soft_wrap=True)
    passed = all(entry["status"] == "passed" for entry in report["runs"])
    raise typer.Exit(130 if report["interrupted"] else not passed)


def reports(
    folders: Annotated[list[Path], typer.Argument(help="What `run --out` wrote, on this machine or on others.")],
):
    """Print reports of several runs as one table: notebook by backend and profile, seeds that held, seconds."""
    from tlcourse.course.joined import joined_table, read_runs

    typer.echo(joined_table(or_stop(read_runs, [folder.expanduser() for folder in folders])))


def doctor(
    profile: Annotated[Profile, typer.Option(help="Which profile the machine is to run.")] = Profile.quick,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
):
    """Say whether this machine is ready, and what to do where it is not.

    Exit status: 0 if nothing is red, 1 otherwise.
    """
    from rich.console import Console

    from tlcourse.course.doctor import examine
    from tlcourse.course.tables import checks_json, checks_table

    checks = or_stop(examine, profile.value)
    if json:
        typer.echo(checks_json(checks))
    else:
        Console().print(checks_table(checks))
    raise typer.Exit(any(check.colour == "red" for check in checks))


def lab(
    reset: Annotated[str, typer.Option(help="Lesson whose copy to start anew; the old one is kept.")] = "",
):
    """Open JupyterLab at the first lesson, on copies of the notebooks in my-notebooks/, which are never overwritten."""
    from tlcourse.course.lab import copies, open_lab

    folder = or_stop(copies, reset)
    raise typer.Exit(open_lab(folder))


def lessons():
    """Print the table of lessons, and what the first of them found, as the README shows both."""
    from tlcourse.course.showcase import shown_results
    from tlcourse.course.tables import lesson_table

    typer.echo(f"{lesson_table()}\n\n{shown_results()}")


def _seeds(text):
    try:
        first, _, last = text.partition("-")
        seeds = range(int(first), int(last) + 1) if last else range(int(text))
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise typer.BadParameter(f"--seeds is a number from 1 on, or a range such as 100-109; got {text!r}.")
    if not last and len(seeds) >= 100:
        raise typer.BadParameter(
            f"--seeds {text} would run {len(seeds)} seeds, from 0 on. For one seed write {text}-{text}."
        )
    return seeds
