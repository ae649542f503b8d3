"""The lessons' sources: which there are, what they need, and what each becomes."""

from dataclasses import dataclass
from pathlib import Path

from tlcourse.assets import data_folder
from tlcourse.checks import known


@dataclass(frozen=True)
class LessonSource:
    """A lesson as it is written.

    Attributes:
        name: its number, such as ``"01"``.
        path: the source, in jupytext's percent format.
        title: for the lesson table, with ``question``.
        needs: names of assets by profile.
    """

    name: str
    path: Path
    title: str
    question: str
    needs: dict

    @property
    def edition(self):
        """Path of the committed student edition."""
        return notebooks_folder() / f"{self.path.stem}.ipynb"


def notebooks_folder():
    """Return the folder `notebooks/` of the checkout."""
    return data_folder().parent / "notebooks"


def lessons(names=()):
    """Return the lessons asked for by number, all of them by default, in order.

    Raises:
        ValueError: if a number is unknown.

    >>> [lesson.title for lesson in lessons(["01"])]
    ['Feature extraction']
    """
    found = {path.stem[:2]: path for path in sorted((notebooks_folder() / "source").glob("[0-9][0-9]_*.py"))}
    chosen = [known("lesson", name, list(found)) for name in names] or list(found)
    return [_describe(name, found[name]) for name in chosen]


def read_source(path):
    """Read a source as a notebook without outputs."""
    import jupytext

    return jupytext.read(path, fmt="py:percent")


def _describe(name, path):
    about = read_source(path).metadata["tlcourse"]
    return LessonSource(name, path, about["title"], about["question"], dict(about["needs"]))
