"""What is wrong with pictures, once they were seen: for those who read them, and for those who look before they do."""

from collections import Counter

from tlcourse.checks import DIM
from tlcourse.own_data.copies import exact_copies
from tlcourse.own_data.found import Found, equal, some
from tlcourse.own_data.listing import ENDINGS

LEAST_OF_16_BITS = 8_192
"""A 16-bit picture all of whose values are below was written with fewer bits, such as 10 or 12."""

MARKS = {
    "on its side": ("Pictures on their side, with a mark (EXIF) how to turn them", "by ImageOps.exif_transpose"),
    "transparent": ("Transparent pictures, which convert('RGB') may paint black", "on a white page below them"),
    "16 bit": ("Pictures of 16 bits a value, which convert('RGB') clips to white", "divided by 257"),
}
"""What a plain loader gets wrong and `read_pictures` right, and how one does it by hand."""


def wrong_files(seen, skipped=(), labels=None):
    """Return what can't be read right, and what was left out, as a list of `Found`.

    Args:
        seen: of `see`.
        skipped: files that are no pictures by their endings.
        labels: of each file in ``seen``, or ``None``.
    """
    found = []
    broken = [f"{each.file}: {each.problem}" for each in seen if each.problem]
    if broken:
        found.append(Found(f"Files that can't be read: {some(broken)}.", "Repair them, or take them out."))
    if skipped:
        endings = ", ".join(f"{ending or 'no ending'} {count}" for ending, count in _endings(skipped).items())
        found.append(Found(
            f"Files that are not read, by their endings ({endings}): {some(skipped)}.",
            f"Pictures end in {' '.join(ENDINGS)}. Convert those that are pictures, move the others away.",
            wrong=False,
        ))  # fmt: skip
    found += _dark(seen, labels)
    stretched = [each.file for each in seen if "no window" in each.marks]
    if stretched:
        mixed = len(stretched) < sum(not each.problem for each in seen)
        found.append(Found(
            f"DICOM files without a window{' beside other pictures' * mixed}: {some(stretched)}.",
            "Each is stretched from its own darkest to its own brightest value"
            + ("; the others are not, and a network may learn the difference." if mixed else "."),
            wrong=mixed,
        ))  # fmt: skip
    several = [each.file for each in seen if "frames" in each.marks]
    if several:
        found.append(Found(
            f"Files that hold several pictures: {some(several)}.", "Only the first of each is read.", wrong=False
        ))  # fmt: skip
    return found + ([] if labels is None else _contradictions(seen, labels))


def in_two_kinds(names):
    """Return that these pictures are in two kinds, as a list of `Found`, empty if there is none."""
    way = "Decide for one, and take the other out."
    return [Found(f"Pictures that are in two kinds: {some(names)}.", way)] if names else []


def marked_files(seen):
    """Return what a plain loader would get wrong and `read_pictures` reads right, as a list of `Found`."""
    found = []
    for mark, (what, by_hand) in MARKS.items():
        marked = [each for each in seen if mark in each.marks]
        dark = (
            mark == "16 bit" and max((each.brightest for each in marked), default=0) < LEAST_OF_16_BITS
        )  # are refused
        files = [] if dark else [each.file for each in marked]
        if files:
            found.append(Found(f"{what}: {some(files)}.", f"Read them with read_pictures, or {by_hand}."))
    return found


def _dark(seen, labels):
    """Return kinds all of whose pictures are nearly black, because they were written from another range of values."""
    kinds, deep, shallow = labels if labels is not None else [""] * len(seen), [], []
    for kind in dict.fromkeys(kinds):
        those = [each for at, each in enumerate(seen) if kinds[at] == kind and not each.problem]
        of_16 = [each for each in those if "16 bit" in each.marks]
        others = [each for each in those if "16 bit" not in each.marks]
        deep += of_16 if max((each.brightest for each in of_16), default=0) < LEAST_OF_16_BITS else []
        shallow += others if 0 < max((each.brightest for each in others), default=0) <= DIM else []
    found = []
    if deep:
        most = max(each.brightest for each in deep)
        bits = most.bit_length()
        found.append(Found(
            f"Pictures of 16 bits, none above {most:,} of 65,535, nearly black: {some([e.file for e in deep])}.",
            f"They were written with {bits} bits. Multiply them by {2 ** (16 - bits)} and write them again.",
        ))  # fmt: skip
    if shallow:
        most = max(each.brightest for each in shallow)
        found.append(Found(
            f"Pictures none of which has a value above {most} of 255, nearly black: {some([e.file for e in shallow])}.",
            "They were written from another range, such as 0 to 16. Scale them to 0 … 255 and write them again.",
            wrong=False,
        ))  # fmt: skip
    return found


def _contradictions(seen, labels):
    several = [group for group in exact_copies(seen) if len({seen[at].file for at in group}) > 1]
    groups = [group for group in several if len({labels[at] for at in group}) > 1]
    return in_two_kinds([equal([seen[at].file for at in group]) for group in groups])


def _endings(files):
    return Counter(file.suffix.lower() for file in files)
