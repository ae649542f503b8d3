"""The glossary of the site: words where a lesson first prints them in bold, with a picture or the code that follows."""

import base64
import copy
import re
from typing import NamedTuple

WORDS = {
    "base": None,
    "head": None,
    "freeze": None,
    "features": None,
    "feature extraction": 3,
    "Fine-tuning": None,
    "Batch normalisation": None,
    "shortcut": 5,
    "claim": None,
    "interval": None,
    "pool": 1,
    "test set": 1,
    "source": 2,
    "target": 3,
    "ridge regression": None,
    "augmentation": None,
    "Cross-validation": 5,
    "forgetting": 2,
    "entropy": 4,
    "information maximisation": 4,
    "encoder": None,
    "AdaBN": None,
    "adversary": None,
    "validation": 1,
    "logistic regression": 2,
    "score": 2,
    "threshold": 2,
    "sensitivity": 2,
    "specificity": 2,
    "ROC curve": 2,
    "AUC": 2,
    "bootstrap": None,
    "positive predictive value": None,
    "prevalence": None,
    "Grad-CAM": 3,
    "bag of words": None,
    "transformer": 1,
    "token": 1,
    "attention": 1,
    "tokenizer": None,
    "mask": None,
    "LoRA": None,
    "Transfer is negative": 3,
    "left-out error": None,
}
"""Words that a lesson prints in bold where it explains them, in the order of the course; and which of that lesson's
pictures shows one, counted from 1. Where none does, the code that follows is the example."""

PROTECTED = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^]]*\]\([^)]*\)|<[^>]*>|^#.*?$", re.S | re.M)
"""What no link may be put into: code, formulas, links, tags and headings."""


class Entry(NamedTuple):
    """A word of the glossary.

    Attributes:
        word: as the lesson prints it.
        text: the paragraph that introduces it.
        lesson: title of the lesson.
        place: path of its edition from the checkout, as Sphinx names it.
        picture: PNG of the lesson that shows it, or ``None``.
        code: what the lesson does next, where there is no picture, or ``None``.
    """

    word: str
    text: str
    lesson: str
    place: str
    picture: bytes | None
    code: str | None

    @property
    def anchor(self):
        """What the heading of the word is called in an address."""
        return self.word.lower().replace(" ", "-")


def glossary(editions, words=WORDS):
    """Find where each word is introduced: its first time in bold.

    Args:
        editions: pairs of a `LessonSource` and its notebook with outputs, in the order of the course.
        words: which, each with the number of the picture that shows it, or ``None``.

    Returns:
        A list of `Entry`, in the order of the alphabet.

    Raises:
        ValueError: if no lesson prints one of the words in bold, or it has no such picture.
    """
    found = {}
    for source, edition in editions:
        pictures = _pictures(edition)
        for paragraph, code in _paragraphs(edition):
            for word, number in words.items():
                if word not in found and f"**{word}**" in paragraph:
                    if number and number > len(pictures):
                        raise ValueError(f"Lesson {source.name} has {len(pictures)} pictures; {word!r} wants {number}.")
                    picture = pictures[number - 1] if number else None
                    place = f"notebooks/{source.edition.name}"
                    title = f"{source.name} · {source.title}"
                    found[word] = Entry(word, paragraph, title, place, picture, None if picture else code)
    missing = [word for word in words if word not in found]
    if missing:
        raise ValueError(f"No lesson prints {', '.join(missing)} in bold. Take it out of WORDS, or introduce it.")
    return sorted(found.values(), key=lambda entry: entry.word.lower())


def _paragraphs(edition):
    """Each paragraph with the code that follows it."""
    found, code = [], None
    for cell in reversed(edition.cells):
        if cell.cell_type == "code":
            code = cell.source
        else:
            found += [(" ".join(part.split()), code) for part in reversed(re.split(r"\n\s*\n", cell.source))]
    return found[::-1]


def _pictures(edition):
    outputs = [output for cell in edition.cells for output in cell.get("outputs", [])]
    return [base64.b64decode(o["data"]["image/png"]) for o in outputs if "image/png" in o.get("data", {})]


def write_glossary(entries, folder, after=""):
    """Write ``glossary.md`` and its pictures.

    Args:
        entries: of `glossary`.
        folder: `pathlib.Path` of the site's sources.
        after: Markdown that follows: words and symbols that are not a lesson's.
    """
    (folder / "figures").mkdir(exist_ok=True)
    parts = ["# Glossary\n\nEach word in the sentences of the lesson that introduces it.\n"]
    for entry in entries:
        parts.append(f"## {entry.word[0].upper()}{entry.word[1:]}\n\n{entry.text}\n")
        if entry.picture:
            (folder / "figures" / f"{entry.anchor}.png").write_bytes(entry.picture)
            parts.append(f"![](figures/{entry.anchor}.png)\n")
        elif entry.code:
            parts.append(f"```python\n{entry.code}\n```\n")
        parts.append(f"*[Lesson {entry.lesson}]({entry.place})*\n")
    (folder / "glossary.md").write_text("\n".join([*parts, after]), "utf-8")


def linked(edition, entries, up):
    """Return an edition in which the first use of each word leads to the glossary, and the README to the first page.

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
            cell.source = cell.source.replace(f"]({up}README.md", f"]({up}index.md")
    return edition


def _link_first(text, entry, up):
    """The text with a link at the first use of a word outside of what is protected, or ``None``."""
    closed = [found.span() for found in PROTECTED.finditer(text)]
    for found in re.finditer(rf"(?<![\w-]){re.escape(entry.word)}(?![\w-])", text, re.I):
        if not any(start < found.end() and found.start() < end for start, end in closed):
            link = f"[{found[0]}]({up}glossary.md#{entry.anchor})"
            return text[: found.start()] + link + text[found.end() :]
    return None
