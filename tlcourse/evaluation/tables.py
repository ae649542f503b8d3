"""Tables of absolute accuracies: the same lines are text in a terminal and a table on the page."""

import numpy as np

from tlcourse.evaluation.intervals import mean_interval


class Table:
    """Lines of a Markdown table, aligned, with a sentence below that says how to read it.

    Args:
        head: titles of the columns.
        rows: lists of texts, as many as there are columns.
        caption: the sentence.

    >>> Table(["", "5 labels"], [["pixels", "83.6"]], "Accuracy in %.")
    |        | 5 labels |
    |--------|---------:|
    | pixels |     83.6 |
    <BLANKLINE>
    Accuracy in %.
    """

    def __init__(self, head, rows, caption):
        widths = [max(map(len, column)) for column in zip(head, *rows)]
        aligned = [_line([text.ljust(widths[0]), *map(str.rjust, texts, widths[1:])]) for text, *texts in (head, *rows)]
        rule = f"|{'-' * (widths[0] + 2)}|" + "".join(f"{'-' * (width + 1)}:|" for width in widths[1:])
        self._text = "\n".join([aligned[0], rule, *aligned[1:], "", caption])

    def __repr__(self):
        return self._text

    def _repr_markdown_(self):
        return self._text


def accuracy_table(scores):
    """Return a table of accuracies, a row for each method and a column for each condition.

    Args:
        scores: by method, a dictionary from a condition, such as ``"5 labels per class"``, to a single accuracy, to
            accuracies ``(draws,)``, or to correctness ``(draws, items)``; from 0 to 1. A method need not have every
            condition.

    Returns:
        A `Table`: means in per cent, and where there are several draws the half-width of their mean's 95 % interval.

    Raises:
        ValueError: if there is no method or an accuracy is not between 0 and 1.

    >>> accuracy_table({"letters, frozen": {"5 labels": [0.90, 0.92], "50 labels": 0.97}, "pixels": {"5 labels": 0.8}})
    |                 |    5 labels | 50 labels |
    |-----------------|------------:|----------:|
    | letters, frozen | 91.0 ± 12.7 |      97.0 |
    | pixels          |        80.0 |         – |
    <BLANKLINE>
    Accuracy in %; after ± half of the 95 % interval of its mean over draws.
    """
    conditions = list(dict.fromkeys(condition for row in scores.values() for condition in row))
    rows = [
        [str(name), *(_cell(row[each]) if each in row else "–" for each in conditions)] for name, row in scores.items()
    ]
    if not conditions:
        raise ValueError("A table needs a method with an accuracy; got none.")
    several = any("±" in cell for row in rows for cell in row[1:])
    caption = "Accuracy in %" + ("; after ± half of the 95 % interval of its mean over draws." if several else ".")
    return Table(["", *map(str, conditions)], rows, caption)


def _cell(score):
    score = np.asarray(score, "float64")
    if score.size == 0 or not (score.min() >= 0 and score.max() <= 1):
        raise ValueError(f"Accuracies must be between 0 and 1; got {score.ravel()[:5]}.")
    if score.ndim == 0 or len(score) == 1:
        return f"{100 * score.mean():.1f}"
    over_draws = mean_interval(score)
    half = f"{50 * (over_draws.high - over_draws.low):.1f}"
    return f"{100 * over_draws.mean:.1f}" + (f" ± {half}" if float(half) > 0 else "")  # draws that agree prove nothing


def _line(texts):
    return f"| {' | '.join(texts)} |"
