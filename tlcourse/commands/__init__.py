"""The commands, by who types them. Each imports what it needs when it is called: `--help` answers at once."""

from typing import Annotated

import typer

Names = Annotated[
    list[str] | None,
    typer.Argument(help="Such as 01, or 01-deeper for its second notebook; by default all."),
]
Deeper = Annotated[bool, typer.Option("--deeper", help="The second notebooks instead of the lessons.")]

NO_DEEPER = "No lesson has a second notebook (Deeper) yet."


def or_stop(function, *arguments, **options):
    """Call a function; if it refuses, print its one line and leave with exit status 2."""
    try:
        return function(*arguments, **options)
    except (ValueError, RuntimeError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
