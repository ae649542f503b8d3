"""What someone types who writes lessons or makes weights."""

from pathlib import Path
from typing import Annotated

import typer

from tlcourse.commands import Names, or_stop


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
    from tlcourse.course.build import differences
    from tlcourse.course.editions import solved_edition
    from tlcourse.course.sources import lessons as find
    from tlcourse.course.sources import write_notebook

    chosen = or_stop(find, lessons or ())
    if check:
        found = [sentence for lesson in chosen for sentence in or_stop(differences, lesson)]
        typer.echo("\n".join(found) or "Every edition is what its source builds.")
        raise typer.Exit(bool(found))
    for lesson in chosen:
        if solutions:
            solutions.mkdir(parents=True, exist_ok=True)
            path = solutions / f"{lesson.path.stem}_solutions.ipynb"
            write_notebook(or_stop(build_edition, lesson, solved_edition), path)
        else:
            path = lesson.edition
            write_notebook(or_stop(build_edition, lesson), path)
        typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def pretrain(
    name: Annotated[str, typer.Argument(help="letters, photos or wordhub.")],
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
