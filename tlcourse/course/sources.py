"""The lessons' sources: which there are, what they need, where they are."""

from dataclasses import dataclass
from pathlib import Path

from tlcourse.assets import at_hand, atomically, data_folder
from tlcourse.checks import known


@dataclass(frozen=True)
class LessonSource:
    """A lesson as it is written.

    Attributes:
        name: its number, such as ``"01"``.
        path: the source, in jupytext's percent format.
        title: for the lesson table, with ``question``.
        needs: names of assets by profile, and for development seeds.
        seconds: what it takes by profile, on two cores and with an empty cache of features.
    """

    name: str
    path: Path
    title: str
    question: str
    needs: dict
    seconds: dict

    @property
    def edition(self):
        """Path of the committed student edition."""
        return notebooks_folder() / f"{self.path.stem}.ipynb"

    def missing(self, profile):
        """Return the names of the assets that the lesson needs and this machine lacks.

        Args:
            profile: ``"quick"``, ``"full"``, or ``"development"`` for development seeds.
        """
        return [name for name in self.needs[profile] if not at_hand(name)]


def notebooks_folder():
    """Return the folder `notebooks/` of the checkout."""
    return data_folder().parent / "notebooks"


def lessons(names=()):
    """Return the lessons asked for by number, ``7`` or ``07``; all of them by default, in order.

    Raises:
        ValueError: if a number is unknown.

    >>> [lesson.title for lesson in lessons(["01"])]
    ['Feature extraction']
    """
    found = {path.stem[:2]: path for path in sorted((notebooks_folder() / "source").glob("[0-9][0-9]_*.py"))}
    wanted = [name.zfill(2) if name.zfill(2) in found else known("lesson", name, list(found)) for name in names]
    return [_describe(name, found[name]) for name in dict.fromkeys(wanted or found)]


def read_source(path):
    """Read a source as a notebook without outputs."""
    import jupytext

    return jupytext.read(path, fmt="py:percent")


def write_notebook(notebook, path):
    """Write a notebook whole, or not at all."""
    import nbformat

    with atomically(path) as temporary:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _describe(name, path):
    about = read_source(path).metadata["tlcourse"]
    return LessonSource(name, path, about["title"], about["question"], dict(about["needs"]), dict(about["seconds"]))
