"""The sources of both volumes: which there are, what they need, where they are."""

from dataclasses import dataclass, field
from pathlib import Path

from tlcourse.assets import at_hand, atomically, data_folder
from tlcourse.checks import known

DEEPER = "deeper"
"""The second notebook: the folder of its sources and editions, and what its name adds to that of its lesson."""

NUMBERED = "[0-9][0-9]_*.py"


@dataclass(frozen=True)
class LessonSource:
    """A lesson, or the second notebook of one, as it is written.

    Attributes:
        name: its number, such as ``"01"``, or ``"01-deeper"``.
        path: the source, in jupytext's percent format.
        title: for the lesson table, with ``question`` and, of lessons, ``found`` and ``minutes`` of a person.
        own_data: what the folder of its program has before (``given``) and after (``made``).
        needs: names of assets by profile, and for development seeds.
        seconds: what it takes by profile, on two cores and with an empty cache of features.
    """

    name: str
    path: Path
    title: str
    question: str
    needs: dict
    seconds: dict
    found: str = ""
    minutes: str = ""
    own_data: dict = field(default_factory=dict)

    @property
    def deeper(self):
        """Whether this is the second notebook of a lesson."""
        return self.name.endswith(f"-{DEEPER}")

    @property
    def place(self):
        """Path of an edition below `notebooks/`, `my-notebooks/` and wherever else editions go."""
        return Path(DEEPER if self.deeper else "", f"{self.path.stem}.ipynb")

    @property
    def edition(self):
        """Path of the committed student edition."""
        return notebooks_folder() / self.place

    @property
    def program(self):
        """Path of the committed program: what a lesson does with data of one's own."""
        return notebooks_folder() / "programs" / self.path.name

    def missing(self, profile):
        """Return the names of the assets that the lesson needs and this machine lacks.

        Args:
            profile: ``"quick"``, ``"full"``, or ``"development"`` for development seeds.
        """
        return [name for name in self.needs[profile] if not at_hand(name)]


def notebooks_folder():
    """Return the folder `notebooks/` of the checkout."""
    return data_folder().parent / "notebooks"


def lessons(names=(), deeper=False):
    """Return the lessons, or the second notebooks, in order; or what is asked for by name.

    Args:
        names: such as ``"7"``, ``"07"`` or ``"07-deeper"``; all of one volume by default.
        deeper: whether it is the second notebooks that are wanted; ``"07"`` then means ``"07-deeper"``.

    Raises:
        ValueError: if a name is unknown.

    >>> [lesson.title for lesson in lessons(["01"])]
    ['Feature extraction']
    """
    sources = notebooks_folder() / "source"
    volumes = {
        False: {path.stem[:2]: path for path in sorted(sources.glob(NUMBERED))},
        True: {f"{path.stem[:2]}-{DEEPER}": path for path in sorted((sources / DEEPER).glob(NUMBERED))},
    }
    found = volumes[False] | volumes[True]
    full = {_full_name(name, deeper): name for name in names}
    wanted = [name if name in found else known("lesson", given, list(found)) for name, given in full.items()]
    return [_describe(name, found[name]) for name in wanted or volumes[deeper]]


def both_volumes():
    """Return the lessons, then their second notebooks."""
    return [*lessons(), *lessons(deeper=True)]


def read_source(path):
    """Read a source as a notebook without outputs."""
    import jupytext

    return jupytext.read(path, fmt="py:percent")


def write_notebook(notebook, path):
    """Write a notebook whole, or not at all."""
    import nbformat

    with atomically(path) as temporary:
        temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def _full_name(name, deeper):
    """Return a name as the sources have it.

    >>> _full_name("1", deeper=False), _full_name("1-deeper", deeper=False), _full_name("01", deeper=True)
    ('01', '01-deeper', '01-deeper')
    """
    number, _, volume = name.partition("-")
    volume = volume or (DEEPER if deeper else "")
    return f"{number.zfill(2)}-{volume}" if volume else number.zfill(2)


def _describe(name, path):
    about = read_source(path).metadata["tlcourse"]
    for_the_table = about.get("found", ""), about.get("minutes", "")
    own_data = dict(about.get("own_data", {}))
    sizes = dict(about["needs"]), dict(about["seconds"])
    return LessonSource(name, path, about["title"], about["question"], *sizes, *for_the_table, own_data)
