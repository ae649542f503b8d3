"""Pictures of your own, read right or refused: a folder of kinds, its parts, or files."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tlcourse.own_data.columns import checked_kinds
from tlcourse.own_data.found import some, warn
from tlcourse.own_data.layout import wrong_layout
from tlcourse.own_data.listing import list_pictures, parts_of
from tlcourse.own_data.looks import in_two_kinds, wrong_files
from tlcourse.own_data.pictures import see, squared


class Pictures(NamedTuple):
    """Pictures of one part.

    Attributes:
        images: uint8 ``(n, side, side, 3)``.
        labels: int ``(n,)``, places in ``kinds``; ``None`` where nobody has sorted them.
        kinds: names of the kinds, in alphabetical order.
        files: their paths, ``(n,)``.
    """

    images: np.ndarray
    labels: np.ndarray | None
    kinds: tuple
    files: list


def read_pictures(source, *, side, labelled=True, whole=False, kinds=None):
    """Read pictures as a network wants them: upright, on white, 16 bits scaled to 8, square, in red, green and blue.

    In a folder of kinds the kind of a picture is the name of the first folder below it, and copies, which have the same
    pixels, are kept once, so that none of them can lie in both parts of a split. Files, and folders without kinds, are
    all read, in their order. Versions of a picture, saved again or smaller, are not found here; `check_pictures` does.

    Args:
        source: a folder with a sub-folder for each kind, or files, a sequence of paths, which have no labels.
        side: width and height of the result, in pixels.
        labelled: whether the folders are kinds; otherwise all pictures below the folder are read, without labels.
        whole: whether the picture is kept whole between black edges, rather than cut to its middle square.
        kinds: names of the kinds in the order of the labels, such as those of another folder; by default the folders.

    Returns:
        `Pictures`.

    Raises:
        ValueError: if something can't be read right; the message names the files and the way out. This is so for less
            than two kinds, folders that are parts rather than kinds, kinds whose names differ only in case, files that
            are empty or broken, copies in two kinds, 16-bit pictures whose values fill a fraction of the range.

    Warns:
        UserWarning: about files that are no pictures, copies that are left out, and pictures that are nearly black.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for kind, colour in (("ash", "grey"), ("snow", "white")):
    ...         Path(folder, kind).mkdir()
    ...         Image.new("RGB", (40, 30), colour).save(Path(folder, kind, "1.png"))
    ...     pictures = read_pictures(folder, side=8)
    >>> pictures.images.shape, pictures.labels.tolist(), pictures.kinds
    ((2, 8, 8, 3), [0, 1], ('ash', 'snow'))
    """
    make = maker(side, whole)
    kinds = None if kinds is None else checked_kinds(kinds)
    if not isinstance(source, (str, Path)):
        seen = see([Path(file).expanduser() for file in source], make)
        if not seen:
            raise ValueError("There must be at least one file; got none.")
        stop(wrong_files(seen))
        return Pictures(np.stack([each.picture for each in seen]), None, (), [each.file for each in seen])
    listing = list_pictures(source)
    if not labelled:
        stop(wrong_files([], listing.skipped))
        files = sorted([*listing.loose, *(file for each in listing.kinds.values() for file in each)])
        if not files:
            raise ValueError(f"{listing.folder} has no picture in it or below it.")
        return read_pictures(files, side=side, whole=whole)
    return _read_kinds(listing, make, kinds, {})


def read_parts(folder, *, side, whole=False):
    """Read the folders ``train``, ``validation`` and ``test`` of a folder, with one numbering of the kinds.

    A picture that is in two of them, with the same pixels, is kept in the first alone. `check_pictures` also finds
    versions of a picture.

    Args:
        folder: a path; it holds ``train`` and at least one of the others.
        side: as in `read_pictures`.
        whole: as in `read_pictures`.

    Returns:
        A dictionary from ``"train"``, ``"validation"`` and ``"test"``, as far as they are there, to `Pictures`.

    Raises:
        ValueError: if there are no such folders, or as `read_pictures`.

    Warns:
        UserWarning: about copies, kinds that a part lacks, and as `read_pictures`.
    """
    places = parts_of(folder)
    if len(places) < 2:
        raise ValueError(f"{folder} must hold the folders train and test; got {some(list(places))}. "
                         "For a folder that is not divided use read_pictures.")  # fmt: skip
    kinds, make, before, parts = None, maker(side, whole), {}, {}
    for part, place in places.items():
        parts[part] = _read_kinds(list_pictures(place), make, kinds, before)
        kinds = parts[part].kinds
        absent = [kind for n, kind in enumerate(kinds) if n not in parts[part].labels]
        if absent:
            warn(f"{place} has no picture of {', '.join(absent)}: what is measured there says nothing of these kinds.")
    return parts


def _read_kinds(listing, make, kinds, before):
    """Read the pictures of a folder of kinds but for those in ``before``, file and label by digest; add them to it."""
    order = tuple(listing.kinds if kinds is None else kinds)
    stop(wrong_layout(listing, kinds))
    files, labels = zip(*[(file, order.index(kind)) for kind, each in listing.kinds.items() for file in each])
    seen = see(files, make)
    stop(wrong_files(seen, listing.skipped, labels))
    kept, copies, both = [], [], []
    for at, each in enumerate(seen):
        file, label = before.setdefault(each.digest, (each.file, labels[at]))
        if file is each.file:
            kept.append(at)
        else:
            (copies if label == labels[at] else both).append(f"{each.file} = {file}")
    stop(in_two_kinds(both))
    if copies:
        warn(f"Pictures that are copies of others, left out: {some(copies)}.")
    if not kept:
        raise ValueError(f"All pictures of {listing.folder} are copies of others: {some(copies)}. Take others.")
    images = np.stack([seen[at].picture for at in kept])
    return Pictures(images, np.array([labels[at] for at in kept]), order, [files[at] for at in kept])


def maker(side, whole):
    """Return a function from an upright picture to the square array that `read_pictures` makes of it."""
    if isinstance(side, bool) or not isinstance(side, int | np.integer) or side < 1:
        raise ValueError(f"side must be a whole number of pixels, width and height in one; got {side!r}.")
    return partial(squared, side=int(side), whole=whole)


def stop(found):
    """Warn of what is worth knowing, and refuse with everything that is wrong."""
    for each in found:
        if not each.wrong:
            warn(str(each))
    wrong = [str(each) for each in found if each.wrong]
    if wrong:
        raise ValueError("\n".join(wrong))
