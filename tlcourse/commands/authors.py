"""Commands for people who write lessons or make weights."""

from pathlib import Path
from typing import Annotated

import typer

from tlcourse.commands import Names, or_stop


def build(
    lessons: Names = None,
    solutions: Annotated[
        Path | None, typer.Option(help="Write editions with solutions into this folder instead.")
    ] = None,
    trial: Annotated[
        Path | None, typer.Option(help="Check the committed editions, and write what tests execute into this folder.")
    ] = None,
):
    """Build the student editions from their sources and execute them.

    With --trial nothing is executed: each committed edition is compared with what its source builds, and written with
    its outputs and with every answer to its exercises. A lesson whose assets are missing is left out, and named.

    Exit status: 0 if all is well, 1 if a cell fails, 2 if a source breaks a rule or, with --trial, an edition is not
    what its source builds.
    """
    from tlcourse.course import showcase
    from tlcourse.course.build import build as build_edition
    from tlcourse.course.editions import solved_edition, student_edition
    from tlcourse.course.sources import lessons as find
    from tlcourse.course.sources import write_notebook
    from tlcourse.course.trial import trial_edition

    for lesson in or_stop(find, lessons or ()):
        path = lesson.edition
        if trial:
            path = trial / lesson.edition.name
            notebook = or_stop(trial_edition, lesson)
            missing = lesson.missing("quick")
            if missing:
                typer.echo(f"{path}: not tried. Bring what is missing with: tlcourse fetch {' '.join(missing)}")
                continue
        elif solutions:
            path = solutions / f"{lesson.path.stem}_solutions.ipynb"
            notebook = or_stop(build_edition, lesson, solved_edition)
        else:
            notebook = or_stop(build_edition, lesson, student_edition)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_notebook(notebook, path)
        typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")
        if path == lesson.edition and lesson.name == showcase.LESSON:
            showcase.figure_path().parent.mkdir(exist_ok=True)
            showcase.figure_path().write_bytes(showcase.shown_figure())


def pretrain(
    name: Annotated[str, typer.Argument(help="letters, photos, scrambled, unscrambled, bold or wordhub.")],
    seed: Annotated[int, typer.Option(min=0, help="The bundled weights were made with 0.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder; by default data/weights, replacing what is there.")] = None,
):
    """Make bundled weights again, with their card."""
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
