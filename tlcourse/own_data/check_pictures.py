"""A look at a folder of pictures before anyone trains on it."""

from collections import Counter

import numpy as np

from tlcourse.own_data.copies import exact_copies, near_copies, thumbnail
from tlcourse.own_data.found import Found, Report, commonest, equal, some
from tlcourse.own_data.layout import wrong_layout
from tlcourse.own_data.listing import list_pictures, parts_of
from tlcourse.own_data.looks import in_two_kinds, marked_files, wrong_files
from tlcourse.own_data.pictures import see


def check_pictures(folder):
    """Look at a folder of pictures: kinds, counts, and what makes a result wrong without an error.

    Args:
        folder: a path, of a folder of kinds or of one with the parts ``train``, ``validation`` and ``test``.

    Returns:
        A `Report`.

    Raises:
        ValueError: if it is no folder.
    """
    top, places = list_pictures(folder), parts_of(folder)
    parts = {part: list_pictures(place) for part, place in places.items()} or {"pictures": top}
    kinds = list(next(iter(parts.values())).kinds)
    counts, found, seen, of_part, names = [], [], [], [], []
    for number, listing in enumerate(parts.values()):
        files = [file for each in listing.kinds.values() for file in each]
        here = see(files, thumbnail)
        found += wrong_layout(listing, kinds if number else None) + _hidden(listing)
        names += [file.relative_to(listing.folder).parts[0] for file in files]
        found += wrong_files(here, listing.skipped, names[len(seen) :])
        counts.append([len(listing.kinds.get(kind, ())) for kind in kinds])
        absent = [kind for kind, count in zip(kinds, counts[-1]) if not count and number]
        if absent:
            what = f"{listing.folder} has no picture of {', '.join(absent)}."
            found.append(Found(what, "What is measured there says nothing of these kinds. Add some."))
        seen += here
        of_part += [number] * len(here)
    found += marked_files(seen) + _copies(seen, of_part, names)
    if list(parts) == ["train"]:
        what = f"{folder} has a folder to train on, and none that is called validation or test."
        found.append(Found(what, "Rename the folder that is, or take one of its pictures from train."))
    inside = tuple(place.name for place in places.values())
    others = len(top.loose) * bool(places) + sum(len(files) for kind, files in top.kinds.items() if kind not in inside)
    about = _sizes(seen)
    about += [commonest(Counter(dict(zip(kinds, counts[0]))))] if len(kinds) > 1 and sum(counts[0]) else []
    about += [f"Skipped: {others} pictures outside of these folders."] if others and places else []
    rows = [[kind, *numbers] for kind, *numbers in zip(kinds, *counts)] + [["all", *map(sum, counts)]]
    return Report(["", *parts], rows, about, found, str(top.folder))


def _hidden(listing):
    what = f"Pictures in hidden folders, not read: {some(listing.hidden)}."
    return [Found(what, "Move them if they belong here.", wrong=False)] if listing.hidden else []


def _copies(seen, of_part, kinds):
    """Return what is there twice: the same pixels, and what looks alike, where there are parts in different ones."""
    exact = exact_copies(seen)
    both = [group for group in exact if len({of_part[at] for at in group}) > 1 < len({kinds[at] for at in group})]
    groups = [group for group in exact if group not in both]
    across = [group for group in groups if len({of_part[at] for at in group}) > 1]
    within = [group for group in groups if len({of_part[at] for at in group}) == 1]
    found = in_two_kinds([equal([seen[at].file for at in group]) for group in both])
    for where, those in (("in two parts", across), ("that are there twice", within)):
        if those:
            names = some([equal([seen[at].file for at in group]) for group in those])
            way = "Take the copies out, or read with read_parts or read_pictures, which keep one of each."
            found.append(Found(f"Pictures {where}: {names}.", way))
    again = {at for group in exact for at in group[1:]}
    firsts = [at for at, each in enumerate(seen) if each.digest and at not in again]
    divided = len(set(of_part)) > 1
    pairs = near_copies([seen[at].picture for at in firsts], [of_part[at] if divided else at for at in firsts])
    if pairs:
        names = some([f"{seen[firsts[a]].file} ~ {seen[firsts[b]].file}" for a, b in pairs])
        where = " in two parts" if divided else ""
        way = "If they are versions of one picture, keep them in one part."
        found.append(Found(f"Pairs of pictures{where} that look alike: {names}.", way))
    return found


def _sizes(seen):
    sizes = np.array([each.size for each in seen if each.digest])
    if not len(sizes):
        return []
    (low, least), (high, most) = sizes.min(axis=0), sizes.max(axis=0)
    return [f"Widths from {low} to {high} pixels, heights from {least} to {most}."]
