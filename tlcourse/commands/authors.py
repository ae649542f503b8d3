"""Commands for people who write lessons or make weights."""

from pathlib import Path
from typing import Annotated

import typer

from tlcourse.commands import NO_DEEPER, Deeper, Names, or_stop


def build(
    lessons: Names = None,
    deeper: Deeper = False,
    solutions: Annotated[
        Path | None, typer.Option(help="Write editions with solutions into this folder instead.")
    ] = None,
    nbgrader: Annotated[
        Path | None, typer.Option(help="Write a course of nbgrader into this folder instead: nothing is executed.")
    ] = None,
    trial: Annotated[
        Path | None, typer.Option(help="Check the committed editions, and write what tests execute into this folder.")
    ] = None,
):
    """Build the student editions of both volumes from their sources and execute them, and each lesson's program.

    An edition that misses a measure of a lesson is written all the same, to be read beside what is said of it.

    With --trial nothing is executed: each committed edition is compared with what its source builds, and written with
    its outputs and with every answer to its exercises; those of the second notebooks are only compared, or with
    --deeper only they are written. A lesson whose assets are missing is left out, and named.

    Exit status: 0 if all is well, 1 if a cell fails, 2 if a source breaks a rule, a lesson misses a measure or, with
    --trial, an edition is not what its source builds.
    """
    from tlcourse.course.sources import both_volumes
    from tlcourse.course.sources import lessons as find

    everything = not (lessons or deeper)
    chosen = both_volumes() if everything and not trial else or_stop(find, lessons or (), deeper)
    if not chosen:
        typer.echo(NO_DEEPER)
    if trial and everything:
        _compare(find(deeper=True))
    for lesson in chosen:
        if trial:
            _try(lesson, or_stop(trial.expanduser) / lesson.place)
        elif nbgrader:
            _write_assignment(lesson, nbgrader.expanduser())
        elif solutions:
            place = lesson.place.with_stem(f"{lesson.place.stem}_solutions")
            _build_solved(lesson, or_stop(solutions.expanduser) / place)
        else:
            _build(lesson)


def _build(lesson):
    from tlcourse.course import showcase
    from tlcourse.course.build import build as build_edition
    from tlcourse.course.measures import hold_to_measures
    from tlcourse.course.programs import write_program

    if not lesson.deeper:
        or_stop(write_program, lesson)
    notebook = or_stop(build_edition, lesson)
    _write(notebook, lesson.edition)
    if lesson.name == showcase.LESSON:
        showcase.figure_path().parent.mkdir(exist_ok=True)
        showcase.figure_path().write_bytes(showcase.shown_figure())
    or_stop(hold_to_measures, lesson, notebook)


NBGRADER = """c = get_config()
c.CourseDirectory.course_id = "tlcourse"
c.ExecutePreprocessor.timeout = 1800  # a cell may train a network
"""


def _write_assignment(lesson, folder):
    from tlcourse.course.editions import exercises, graded_edition
    from tlcourse.course.sources import read_source

    if exercises(read_source(lesson.path)):
        _write(or_stop(graded_edition, lesson), folder / "source" / lesson.path.stem / f"{lesson.path.stem}.ipynb")
        (folder / "nbgrader_config.py").write_text(NBGRADER, encoding="utf-8")


def _build_solved(lesson, path):
    from tlcourse.course.build import build as build_edition
    from tlcourse.course.editions import solved_edition

    _write(or_stop(build_edition, lesson, solved_edition), path)


def _try(lesson, path):
    from tlcourse.course.trial import trial_edition

    notebook, missing = or_stop(trial_edition, lesson), lesson.missing("quick")
    if missing:
        typer.echo(f"{path}: not tried. Bring what is missing with: tlcourse fetch {' '.join(missing)}")
    else:
        _write(notebook, path)


def _compare(volumes):
    """Stop if the committed edition of a second notebook is not what its source builds."""
    from tlcourse.course.build import differences

    found = [sentence for volume in volumes for sentence in or_stop(differences, volume)]
    if found:
        typer.echo("\n".join(found), err=True)
        raise typer.Exit(2)


def _write(notebook, path):
    from tlcourse.course.sources import write_notebook

    path.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(notebook, path)
    typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def site(
    folder: Annotated[Path, typer.Argument(help="Where the pages go.")] = Path("site"),
):
    """Make the site: lessons, Deeper, glossary, instructor's guide, reference and search, from what is committed.

    Exit status: 0 if all is well, 2 if a link leads nowhere or a page can't be read.
    """
    from tlcourse.course.site import make_site

    or_stop(make_site, folder.expanduser())
    typer.echo(f"{folder / 'index.html'}: open it in a browser.")


def pretrain(
    name: Annotated[str, typer.Argument(help="letters, photos, scrambled, unscrambled, bold or wordhub.")],
    seed: Annotated[int, typer.Option(min=0, help="The bundled weights were made with 0.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder; by default data/weights, replacing what is there.")] = None,
):
    """Make bundled weights again, with their card."""
    out = out and or_stop(out.expanduser)
    if name == "wordhub":
        from tlcourse.pretrain.wordhub import pretrain_wordhub

        card = or_stop(pretrain_wordhub, out)
        typer.echo(f"wordhub: {card['words']} words, {card['bytes'] / 1e6:.2f} MB, {card['minutes']} minutes.")
        return
    from tlcourse.pretrain.make import pretrain as make

    card = or_stop(make, name, seed, out)
    low, high = card["interval"]
    typer.echo(
        f"{name}: accuracy {card['accuracy']} [{low}, {high}] on {card['judged_on']}, {card['minutes']} minutes."
    )
