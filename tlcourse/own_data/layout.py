"""Do the folders stand for what one thinks they do?"""

from collections import Counter

from tlcourse.checks import near_names
from tlcourse.own_data.found import Found, some
from tlcourse.own_data.listing import ENDINGS, PARTS


def wrong_layout(listing, among=None):
    """Return what is wrong with the folders of the kinds, as a list of `Found`.

    Args:
        listing: of `list_pictures`.
        among: the kinds of another part, which may have more but must have all of these.
    """
    kinds = {kind: files for kind, files in listing.kinds.items() if files}
    empty = [kind for kind, files in listing.kinds.items() if not files and among is None]
    unknown = [kind for kind in listing.kinds if among and kind not in among]
    counts = ", ".join(f"{kind} {len(files)}" for kind, files in kinds.items()) or "none"
    names = {name for each in PARTS.values() for name in each}
    inner = {kind: _folders_in(listing, files) for kind, files in kinds.items()}
    like_kinds = [kind for kind, folders in inner.items() if len(folders & set(kinds)) > 1]
    again = [name for name, count in Counter(f for each in inner.values() for f in each).items() if count > 1]
    found = []
    if not kinds:
        found.append(Found(
            f"{listing.folder} has no sub-folder with pictures ({len(listing.loose)} lie in it directly).",
            f"Put the pictures of each kind into a sub-folder. Endings that are read: {' '.join(ENDINGS)}."
            + "".join(f" Or did you mean {table}?" for table in sorted(listing.folder.glob("*.csv"))[:1]),
        ))  # fmt: skip
    elif sum(kind.strip().lower() in names for kind in kinds) > len(kinds) / 2:
        found.append(Found(
            f"{listing.folder} holds the parts {', '.join(kinds)}, not the kinds.",
            "Read them with read_parts, or name the folder of one part.",
        ))  # fmt: skip
    elif len(kinds) == 1:
        found.append(Found(
            f"{listing.folder} has pictures of one kind alone: {counts}. Every answer would be right.",
            f"There must be two or more; {_one_level_down(listing, kinds)}.",
        ))  # fmt: skip
    elif like_kinds:
        found.append(Found(
            f"The folders {some(like_kinds)} in {listing.folder} have folders in them that are called as the kinds.",
            "A part, a copy or an older state? Move it out of the folder of the kinds.",
        ))  # fmt: skip
    elif among is None and len(again) > 1 and _mostly_deeper(listing, kinds):
        found.append(Found(
            f"The folders in {listing.folder} have the same folders in them: {some(sorted(again))}. Those look like "
            "the kinds, but each picture would count as its first folder.",
            f"Name one of {', '.join(kinds)}, or put the kind first. If it is first, say so: kinds={tuple(kinds)}.",
        ))  # fmt: skip
    if listing.loose and kinds:
        found.append(Found(
            f"Pictures beside the folders of the kinds: {some(listing.loose)}.",
            "Move each into the folder of its kind, or out of here.",
        ))  # fmt: skip
    if empty and kinds:
        found.append(Found(f"Folders of kinds without a picture: {some(empty)}.", "Fill or remove them."))
    if unknown:
        what = f"Kinds in {listing.folder} that are none of the {len(among)} known ones: {some(unknown)}."
        found.append(Found(what, f"Rename them. Known are {', '.join(among)}."))
    found += [
        Found(
            f"The kinds {' and '.join(map(repr, twins))} differ only in case or spaces.",
            "Make them one folder, or give them names that differ in more.",
        )
        for twins in near_names(listing.kinds, numbers=False)
    ]
    return found


def _folders_in(listing, files):
    """Return the names of the folders that lie directly in the folder of a kind and hold pictures."""
    places = [file.relative_to(listing.folder).parts for file in files]
    return {place[1] for place in places if len(place) > 2}


def _mostly_deeper(listing, kinds):
    deeper = [len(file.relative_to(listing.folder).parts) > 2 for files in kinds.values() for file in files]
    return 2 * sum(deeper) > len(deeper)


def _one_level_down(listing, kinds):
    (kind,) = kinds
    below = sorted(each.name for each in (listing.folder / kind).iterdir() if each.is_dir())
    return (
        f"if {', '.join(below[:5])} are the kinds, name {listing.folder / kind}" if below else "add another sub-folder"
    )
