"""Does every measured number in a lesson's prose stand in an output of the same section?"""

import ast
import re

from tlcourse.course.numbers import is_rounded, measured, printed
from tlcourse.course.statements import nodes

FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.DOTALL | re.MULTILINE)

ASIDE = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$|<!--.*?-->|</?[a-zA-Z][^>]*>|(?<=\])\([^)]*\)", re.DOTALL)
"""What nobody reads as words: formulas, comments, tags of HTML, targets of links."""

HINT = re.compile(r"<details>\s*<summary>\s*Hint.*?</details>", re.DOTALL)
NOT_SAID = re.compile(r"<summary>.*?</summary>|^#+ .*$|`[^`]*`", re.DOTALL | re.MULTILINE)
"""What states no result: hints; questions that fold an answer, headings, code."""

EXEMPT = re.compile(r"<!--\s*not measured here\b:?(?P<reason>.*?)-->", re.DOTALL)
"""What exempts the paragraph that it stands in."""

OF_DEEPER = re.compile(r"<!--\s*measured in Deeper\s*-->")
"""What says that a paragraph speaks of the second notebook: its numbers must stand in an output there."""

REFERENCE = re.compile(r"[A-Z][\w’'-]+(?: et al\.| (?:&|and) [A-Z][\w’'-]+)?,? \(?(?:19|20)\d\d[a-z]?\b|\]\(")
"""What makes a sentence a quotation: an author with a year, or a link."""

GUESSING = re.compile(r"\bguess|\bchance\b|\bcoin\b", re.IGNORECASE)
"""What makes a percentage one of guessing, if it is one of so many: 10 %, 50 %."""

ENDS = re.compile(r"(?<=[.!?])(?<!al\.)[*_)”]*\s+(?=[A-Z(*_“])|\n(?=\s*(?:[-*|>]|\d+\.\s))")
"""Between sentences, items of a list, rows of a table."""


SUMMARIES = ("What it shows and what it does not", "Recap")
"""Sections that speak of the whole lesson."""


def unprinted(notebook, second=None):
    """Return a sentence for each measured number in a notebook's Markdown that no output before it prints.

    Searched are the outputs between the last heading of level two and the number, for a summary all outputs before it.
    Not measured are a decimal that the code sets, such as a learning rate, and what guessing gives.

    Args:
        notebook: an executed notebook.
        second: its second notebook, executed, if there is one.
    """
    in_deeper = _all_printed(second.cells) if second else []
    set_by_code = {value for cell in notebook.cells if cell.cell_type == "code" for value in _decimals(cell.source)}
    heading, outputs, earlier, found = "the beginning", [], [], []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            outputs += _all_printed([cell])
            continue
        for part in re.split(r"^(?=## )", without_fences(cell.source), flags=re.MULTILINE):
            if part.startswith("## "):
                heading, earlier, outputs = part.splitlines()[0].strip("# "), earlier + outputs, []
            searched = earlier + outputs if heading in SUMMARIES else outputs
            found += [f"In “{heading}”, {said}" for said in _unprinted(part, searched, in_deeper, set_by_code)]
    return found


def without_fences(text):
    """Return Markdown without its blocks of code."""
    return FENCED.sub("", text)


def words(text):
    """Count the words of Markdown, without blocks of code, formulas, tags and targets of links.

    >>> words("Two *words* of [four](somewhere.md), $x = 1$.")
    4
    """
    return sum(bool(re.search(r"\w", word)) for word in ASIDE.sub(" ", without_fences(text)).split())


def _all_printed(cells):
    return [value for cell in cells if cell.cell_type == "code" for output in cell.outputs for value in printed(output)]


def _unprinted(text, outputs, in_deeper, set_by_code):
    for paragraph in re.split(r"\n\s*\n", HINT.sub("", text)):
        exempt = EXEMPT.search(paragraph)
        if exempt and not exempt["reason"].strip():
            yield "an exemption has no reason; write <!-- not measured here: REASON -->."
        for sentence in [] if exempt else _sentences(paragraph):
            for number in measured(ASIDE.sub(" ", sentence).replace("*", "")):
                known = _is_guessing(number, sentence) or _is_set(number, set_by_code)
                searched, where = (in_deeper, "in Deeper") if OF_DEEPER.search(paragraph) else (outputs, "before it")
                if not known and not any(is_rounded(number, *value) for value in searched):
                    yield (
                        f"no output {where} prints {number.text}, as in “{_shortened(sentence)}”. Print it, correct "
                        "it, or say in its paragraph why not: <!-- not measured here: REASON -->."
                    )


def _sentences(paragraph):
    """Return the sentences, items and rows of a paragraph that may state a result and quote nobody."""
    found = [" ".join(sentence.split()) for sentence in ENDS.split(NOT_SAID.sub(" ", paragraph))]
    return [sentence for sentence in found if not REFERENCE.search(sentence)]


def _is_guessing(number, sentence):
    """Return whether a sentence says how often one guesses right among so many classes."""
    classes = round(100 / number.value) if number.unit == "%" and number.value else 0
    return classes > 1 and is_rounded(number, 1 / classes) and bool(GUESSING.search(sentence))


def _is_set(number, set_by_code):
    """Return whether a number stands in the code: as it is, or a percentage or points as a share of one."""
    scales = (1, 100) if number.unit else (1,)
    return any(abs(scale * value - abs(number.value)) < 1e-9 for value in set_by_code for scale in scales)


def _decimals(code):
    """Return the decimals that stand in a cell's code."""
    return {node.value for node in nodes(code) if isinstance(node, ast.Constant) and isinstance(node.value, float)}


def _shortened(sentence, most=90):
    return sentence if len(sentence) <= most else f"{sentence[:most].rsplit(' ', 1)[0]} …"
