"""The command line: what an instructor and a CI job type."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@app.callback(help=__doc__)
def settle():
    """Make relative folders mean one place: notebooks run in a folder of their own."""
    for variable in ("TLCOURSE_CACHE", "TLCOURSE_PACK"):
        value = os.environ.get(variable)
        if value and "://" not in value:
            os.environ[variable] = str(Path(value).resolve())


Names = Annotated[list[str] | None, typer.Argument(help="Numbers of lessons, such as 01. All of them by default.")]


class Profile(StrEnum):
    """How a lesson is run."""

    quick = "quick"
    full = "full"


@app.command()
def run(
    lessons: Names = None,
    profile: Annotated[Profile, typer.Option(help="quick: bundled data; full: the real thing.")] = Profile.quick,
    seeds: Annotated[str, typer.Option(help="How many seeds from 0 on, or a range such as 100-109.")] = "1",
    jobs: Annotated[int, typer.Option(min=1, help="Lessons at a time.")] = 1,
    out: Annotated[Path, typer.Option(help="Where executed notebooks and report.json go.")] = Path("runs"),
    timeout: Annotated[int, typer.Option(min=1, help="Seconds that one cell may take.")] = 1800,
):
    """Run lessons from the first cell to the last, and write a report.

    Exit status: 0 if all passed, 1 if any failed, stopped early or was not run.
    """
    from rich.console import Console

    from tlcourse.course.run import Job
    from tlcourse.course.run import run as run_jobs
    from tlcourse.course.sources import lessons as find
    from tlcourse.course.tables import claims_table, line

    console = Console()
    queue = [
        Job(lesson, profile.value, seed, out, timeout)
        for lesson in _or_stop(find, lessons or ())
        for seed in _seeds(seeds)
    ]
    with console.status(f"Running {len(queue)} …"):
        report = run_jobs(queue, jobs, done=lambda entry: console.print(line(entry), markup=False))
    console.print(claims_table(report))
    console.print(f"Executed notebooks and report.json: {out.resolve()}", soft_wrap=True)
    raise typer.Exit(any(entry["status"] != "passed" for entry in report["runs"]))


@app.command()
def fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of assets; by default what the profile needs.")
    ] = None,
    profile: Annotated[Profile, typer.Option(help="Fetch what all lessons need in this profile.")] = Profile.quick,
):
    """Bring what lessons need from a classroom pack (TLCOURSE_PACK) or from the official addresses.

    Exit status: 0 if everything is here, 1 if something could not be had.
    """
    from tlcourse.assets import AssetMissing, look_up
    from tlcourse.assets import fetch as fetch_asset
    from tlcourse.course.sources import lessons

    names = names or sorted({name for lesson in lessons() for name in lesson.needs[profile.value]})
    if not names:
        typer.echo(f"The profile {profile.value!r} needs nothing but what comes with the course.")
    failed = False
    for asset in [_or_stop(look_up, name) for name in names]:
        typer.echo(f"{asset.name}: {asset.about} {asset.bytes / 1e6:.0f} MB, licence: {asset.licence}.")
        try:
            located = fetch_asset(asset.name, progress=True)
            typer.echo(f"  here, {located.variant}: {located.path}")
        except (AssetMissing, OSError) as error:
            typer.echo(f"  {error}", err=True)
            failed = True
    raise typer.Exit(failed)


@app.command()
def pretrain(
    name: Annotated[str, typer.Argument(help="letters or photos.")],
    seed: Annotated[int, typer.Option(min=0, help="The bundled weights were made with 0.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder; by default data/weights, replacing what is there.")] = None,
):
    """Make the weights of a bundled backbone again, with their card."""
    from tlcourse.pretrain.make import pretrain as make

    card = _or_stop(make, name, seed, out)
    low, high = card["interval"]
    typer.echo(
        f"{name}: accuracy {card['accuracy']} [{low}, {high}] on {card['judged_on']}, {card['minutes']} minutes."
    )


@app.command()
def build(
    lessons: Names = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the committed editions are up to date.")
    ] = False,
    solutions: Annotated[
        Path | None, typer.Option(help="Write editions with solutions into this folder instead.")
    ] = None,
):
    """Build the student editions from their sources and execute them.

    Exit status: 0 if all is well, 1 if an edition is not what its source builds (with --check).
    """
    from tlcourse.course.build import build as build_edition
    from tlcourse.course.build import differences, write
    from tlcourse.course.editions import solved_edition
    from tlcourse.course.sources import lessons as find

    chosen = _or_stop(find, lessons or ())
    if check:
        found = [sentence for lesson in chosen for sentence in differences(lesson)]
        typer.echo("\n".join(found) or "Every edition is what its source builds.")
        raise typer.Exit(bool(found))
    for lesson in chosen:
        if solutions:
            solutions.mkdir(parents=True, exist_ok=True)
            path = solutions / f"{lesson.path.stem}_solutions.ipynb"
            write(build_edition(lesson, solved_edition), path)
        else:
            path = lesson.edition
            write(build_edition(lesson), path)
        typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


@app.command()
def lab(
    reset: Annotated[str, typer.Option(help="Number of a lesson whose copy to start anew; the old one is kept.")] = "",
):
    """Open JupyterLab on copies of the notebooks in my-notebooks/, which are never overwritten."""
    from tlcourse.course.lab import copies, open_lab

    folder = _or_stop(copies, reset)
    raise typer.Exit(open_lab(folder))


@app.command()
def lessons():
    """Print the table of lessons that the README shows."""
    from tlcourse.course.tables import lesson_table

    typer.echo(lesson_table())


def _seeds(text):
    try:
        first, _, last = text.partition("-")
        seeds = range(int(first), int(last) + 1) if last else range(int(text))
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise typer.BadParameter(f"--seeds is a number from 1 on, or a range such as 100-109; got {text!r}.")
    return seeds


def _or_stop(function, *arguments):
    try:
        return function(*arguments)
    except (ValueError, RuntimeError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    app(prog_name="tlcourse")
