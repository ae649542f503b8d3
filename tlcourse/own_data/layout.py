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
    inner = Counter(
        inner for files in kinds.values() for inner in {f.relative_to(listing.folder).parts[1] for f in files}
    )
    found = []
    if not kinds:
        found.append(Found(
            f"{listing.folder} has no sub-folder with pictures ({len(listing.loose)} lie in it directly).",
            f"Put the pictures of each kind into a sub-folder. Endings that are read: {' '.join(ENDINGS)}.",
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
    elif _all_deeper(listing, kinds) and inner and min(inner.values()) > 1:
        found.append(Found(
            f"Each sub-folder of {listing.folder} has the same folders in it: {', '.join(sorted(inner)[:5])}. "
            "Those look like the kinds, but each picture would count as its first folder.",
            f"Name one of {', '.join(kinds)}, or move the pictures so that the kind comes first.",
        ))  # fmt: skip
    if listing.loose and kinds:
        found.append(Found(
            f"Pictures beside the folders of the kinds: {some(listing.loose)}.",
            "Move each into the folder of its kind, or out of here.",
        ))  # fmt: skip
    if empty and kinds:
        found.append(Found(f"Folders of kinds without a picture: {some(empty)}.", "Fill or remove them."))
    if unknown:
        found.append(Found(f"Kinds in {listing.folder} that the other part has not: {some(unknown)}.", "Rename them."))
    found += [
        Found(f"The kinds {' and '.join(map(repr, twins))} differ only in case or spaces.", "Make them one folder.")
        for twins in near_names(listing.kinds, numbers=False)
    ]
    return found


def _all_deeper(listing, kinds):
    return all(len(file.relative_to(listing.folder).parts) > 2 for files in kinds.values() for file in files)


def _one_level_down(listing, kinds):
    (kind,) = kinds
    below = sorted(each.name for each in (listing.folder / kind).iterdir() if each.is_dir())
    return (
        f"if {', '.join(below[:5])} are the kinds, name {listing.folder / kind}" if below else "add another sub-folder"
    )
