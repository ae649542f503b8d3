"""The glossary of the site: each word where a lesson first introduces it in bold, with its sentence and its picture."""

import base64
import copy
import re
from typing import NamedTuple

WORDS = (
    "base",
    "head",
    "freeze",
    "features",
    "feature extraction",
    "Fine-tuning",
    "Batch normalisation",
    "shortcut",
    "claim",
    "interval",
    "pool",
    "test part",
    "source",
    "target",
    "ridge regression",
    "augmentation",
    "Cross-validation",
    "forgetting",
    "entropy",
    "information maximisation",
    "encoder",
    "AdaBN",
    "adversary",
    "validation",
    "logistic regression",
    "score",
    "threshold",
    "sensitivity",
    "specificity",
    "ROC curve",
    "AUC",
    "bootstrap",
    "positive predictive value",
    "prevalence",
    "Grad-CAM",
    "bag of words",
    "transformer",
    "token",
    "attention",
    "tokenizer",
    "mask",
    "LoRA",
    "Transfer is negative",
    "left-out error",
)
"""Words that a lesson prints in bold where it explains them, in the order of the course."""

PROTECTED = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^]]*\]\([^)]*\)|<[^>]*>|^#.*?$", re.S | re.M)
"""What no link may be put into: code, formulas, links, tags and headings."""


class Entry(NamedTuple):
    """A word of the glossary.

    Attributes:
        word: as the lesson prints it.
        text: the paragraph that introduces it.
        lesson: title of the lesson.
        place: path of its edition from the checkout, as Sphinx names it.
        picture: PNG that follows in the same section, or ``None``.
    """

    word: str
    text: str
    lesson: str
    place: str
    picture: bytes | None

    @property
    def anchor(self):
        """What the heading of the word is called in an address."""
        return self.word.lower().replace(" ", "-")


def glossary(editions, words=WORDS):
    """Find where each word is introduced: its first time in bold.

    Args:
        editions: pairs of a `LessonSource` and its notebook with outputs, in the order of the course.
        words: which.

    Returns:
        A list of `Entry`, in the order of the alphabet.

    Raises:
        ValueError: if no lesson prints one of the words in bold.
    """
    found = {}
    for source, edition in editions:
        for at, cell in enumerate(edition.cells):
            if cell.cell_type == "markdown":
                for paragraph in re.split(r"\n\s*\n", cell.source):
                    flat = " ".join(paragraph.split())
                    for word in words:
                        if word not in found and f"**{word}**" in flat:
                            place = f"notebooks/{source.edition.name}"
                            picture = _next_picture(edition.cells[at + 1 :])
                            found[word] = Entry(word, flat, f"{source.name} · {source.title}", place, picture)
    missing = [word for word in words if word not in found]
    if missing:
        raise ValueError(f"No lesson prints {', '.join(missing)} in bold. Take it out of WORDS, or introduce it.")
    return sorted(found.values(), key=lambda entry: entry.word.lower())


def _next_picture(cells):
    for cell in cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            return None
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                return base64.b64decode(output["data"]["image/png"])
    return None


def write_glossary(entries, folder, after=""):
    """Write ``glossary.md`` and its pictures.

    Args:
        entries: of `glossary`.
        folder: `pathlib.Path` of the site's sources.
        after: Markdown that follows: words and symbols that are not a lesson's.
    """
    (folder / "figures").mkdir(exist_ok=True)
    parts = ["# Glossary\n\nEach word as the lesson says that introduces it, with the next picture of that section.\n"]
    for entry in entries:
        parts.append(f"## {entry.word[0].upper()}{entry.word[1:]}\n\n{entry.text}\n")
        if entry.picture:
            (folder / "figures" / f"{entry.anchor}.png").write_bytes(entry.picture)
            parts.append(f"![](figures/{entry.anchor}.png)\n")
        parts.append(f"*[Lesson {entry.lesson}]({entry.place})*\n")
    (folder / "glossary.md").write_text("\n".join([*parts, after]), "utf-8")


def linked(edition, entries, up):
    """Return an edition in which the first use of each word leads to the glossary.

    Args:
        edition: notebook.
        entries: of `glossary`.
        up: the way from the edition to the glossary, such as ``"../"``.
    """
    edition, left = copy.deepcopy(edition), list(entries)
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            for entry in list(left):
                with_link = _link_first(cell.source, entry, up)
                if with_link:
                    cell.source = with_link
                    left.remove(entry)
    return edition


def _link_first(text, entry, up):
    """The text with a link at the first use of a word outside of what is protected, or ``None``."""
    closed = [found.span() for found in PROTECTED.finditer(text)]
    for found in re.finditer(rf"(?<![\w-]){re.escape(entry.word)}(?![\w-])", text, re.I):
        if not any(start < found.end() and found.start() < end for start, end in closed):
            link = f"[{found[0]}]({up}glossary.md#{entry.anchor})"
            return text[: found.start()] + link + text[found.end() :]
    return None
