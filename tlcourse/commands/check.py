"""A look at somebody's own data before anyone trains on it."""

from pathlib import Path
from typing import Annotated

import typer


def check(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="A folder with a sub-folder for each kind, or with train, validation and test; a CSV file of texts, "
            "or several, one for each part; or a CSV file with the columns file, patient and label."
        ),
    ],
    text: Annotated[str, typer.Option(help="Of texts: the name of their column.")] = "text",
    label: Annotated[str, typer.Option(help="In a table: the name of the column with the labels.")] = "label",
    patient: Annotated[str, typer.Option(help="Of pictures: the column that says whose they are.")] = "patient",
):
    """Look at pictures or texts of your own: counts, and what makes a result wrong without an error.

    Exit status: 0 if nothing would, 1 if something would, or if the data can't be read.
    """
    from tlcourse.own_data import Report
    from tlcourse.own_data.found import Found

    try:
        report = _look([path.expanduser() for path in paths], text, label, patient)
    except (ValueError, OSError) as error:
        report = Report([], [], [], [Found(str(error), "")])
    typer.echo(str(report))
    raise typer.Exit(report.wrong)


def _look(paths, text, label, patient):
    from tlcourse.assets import at_hand
    from tlcourse.lesson import quietly
    from tlcourse.own_data import check_picture_table, check_pictures, check_texts
    from tlcourse.own_data.listing import ENDINGS
    from tlcourse.own_data.tables import column_names

    if paths[0].suffix.lower() in ENDINGS and paths[0].is_file():
        raise ValueError(f"{paths[0]} is one picture. Name the folder that holds a sub-folder for each kind.")
    several = f"Name one folder, or one table of pictures; got {len(paths)}. For parts name the folder they are in."
    if paths[0].is_dir() or not paths[0].suffix:
        if len(paths) > 1:
            raise ValueError(several)
        return check_pictures(paths[0])
    if text not in column_names(paths[0]) and "file" in column_names(paths[0]):
        if len(paths) > 1:
            raise ValueError(several)
        return check_picture_table(paths[0], patient=patient, label=label)
    with quietly():  # Keras is imported
        encoder = "minilm" if at_hand("minilm-tokenizer") else None
        return check_texts(paths, text=text, label=label, encoder=encoder)
