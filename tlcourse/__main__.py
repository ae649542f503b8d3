"""Run, check and prepare the transfer-learning course.

The night before a workshop: doctor, fetch, run. Notebooks to read and change: lab.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

import typer

from tlcourse.commands import authors, files, workshop
from tlcourse.commands.check import check

EXIT_STATUSES = """Exit status: 0 all is well · 1 a lesson failed, an asset is missing, a check is red, data are wrong ·
2 the command can't be understood or carried out · 130 interrupted."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(help=__doc__, epilog=EXIT_STATUSES)
def settle():
    """Make relative folders mean one place, because notebooks run in a folder of their own; keep TensorFlow quiet."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a stream that a test has put there
            stream.reconfigure(errors="replace")  # a console that has no tick prints a question mark
    for variable in ("TLCOURSE_CACHE", "TLCOURSE_PACK"):
        value = os.environ.get(variable)
        if value and "://" not in value:
            os.environ[variable] = str(Path(value).expanduser().resolve())


for panel, commands in (
    ("Workshop", (workshop.doctor, workshop.run, workshop.reports, workshop.lab, workshop.lessons)),
    ("Your own data", (check,)),
    ("Files", (files.fetch, files.pack, files.clean)),
    ("Authors", (authors.build, authors.site, authors.pretrain)),
):
    for command in commands:
        app.command(rich_help_panel=panel)(command)


if __name__ == "__main__":
    app(prog_name="tlcourse")
