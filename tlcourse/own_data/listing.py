"""Which files of a folder are pictures, and of which kind each one is."""

import os
from pathlib import Path
from typing import NamedTuple

ENDINGS = (".avif", ".bmp", ".dcm", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
"""Endings of files that are read as pictures, in small or capital letters."""

PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
"""The parts of a folder, the first of them to learn from, and what people call their folders."""

CLUTTER = ("thumbs.db", "desktop.ini")
"""What operating systems leave in folders; so they do hidden files, which begin with a dot."""


class Listing(NamedTuple):
    """The pictures below a folder: ``kinds`` by name, ``loose`` ones in no kind, and files that were left out."""

    folder: Path
    kinds: dict
    loose: list
    skipped: list
    hidden: list


def list_pictures(folder):
    """List the pictures below a folder. Their kind is the name of the first folder below it, however deep they lie.

    Hidden folders and those of programs (``.ipynb_checkpoints``, ``__pycache__``) are no kinds.

    Args:
        folder: a path; ``~`` is your home.

    Returns:
        A `Listing`, each of its lists in the order of the names.

    Raises:
        ValueError: if it is no folder, or one that can't be looked into.
    """
    folder = Path(folder).expanduser()
    kinds, loose, skipped, hidden = {each.name: [] for each in _folders(folder)}, [], [], []
    for place, below, names in os.walk(folder, followlinks=True, onerror=_refuse):
        parts = Path(place).relative_to(folder).parts
        above = [os.path.realpath(each) for each in list(Path(place).parents)[: len(parts)]]
        if os.path.realpath(place) in above:  # a link to a folder that it is in
            below.clear()
            continue
        aside = any(map(_of_a_program, parts))
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or name.lower() in CLUTTER:
                continue
            if not _is_picture(path):
                skipped += [] if aside else [path]
            elif aside:
                hidden.append(path)
            elif parts:
                kinds[parts[0]].append(path)
            else:
                loose.append(path)
    return Listing(
        folder, {kind: sorted(kinds[kind]) for kind in sorted(kinds)}, *map(sorted, (loose, skipped, hidden))
    )


def parts_of(folder):
    """Return the folders of the parts by name, in the order train, validation, test.

    Empty where there is no part to learn from: a folder called ``train`` or ``training`` with pictures of kinds in it.

    Raises:
        ValueError: if it is no folder, or two of its folders are one part.
    """
    folders = _folders(Path(folder).expanduser())
    found = {part: [f for f in folders if f.name.strip().lower() in names] for part, names in PARTS.items()}
    if not found["train"] or not any(list_pictures(found["train"][0]).kinds.values()):  # perhaps kinds of trains
        return {}
    doubled = [str(f) for each in found.values() if len(each) > 1 for f in each]
    if doubled:
        raise ValueError(f"{', '.join(doubled)} are two folders for one part. Keep one of them.")
    return {part: each[0] for part, each in found.items() if each}


def _folders(folder):
    """Return the folders in a folder that are not hidden, in the order of their names."""
    if not folder.is_dir():
        there = "a file" if folder.exists() else "nothing"
        raise ValueError(
            f"{folder} must be a folder of pictures; {there} is there. Name the folder that holds a sub-folder for "
            "each kind."
        )
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not _of_a_program(each.name))
    except OSError as error:
        return _refuse(error)


def _refuse(error):
    raise ValueError(f"{error.filename} can't be looked into: {error.strerror}. Take it out, or let yourself read it.")


def _of_a_program(name):
    return name.startswith(".") or name in ("__pycache__", "__MACOSX")


def _is_picture(path):
    if path.suffix:
        return path.suffix.lower() in ENDINGS or (path.suffix[1:].isdigit() and _is_dicom(path))
    return _is_dicom(path)


def _is_dicom(path):
    """Say whether a file, whatever its name, is of DICOM: scanners often write them without an ending."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
