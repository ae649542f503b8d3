"""792 short reviews of films, restaurants and gadgets, written for this course, and small sets for behaviour."""

import numpy as np

from tlcourse.assets import data_folder
from tlcourse.checks import known
from tlcourse.datasets.dataset import stratified_parts
from tlcourse.datasets.texts import TextDataset
from tlcourse.own_data import read_table

DOMAINS = ("films", "restaurants", "gadgets")
"""What the reviews are about."""

BEHAVIOUR = {
    "quadruples": ("really_good", "not_good", "really_bad", "not_bad"),
    "intensity": ("weak", "strong", "label"),
    "typos": ("clean", "typed", "label"),
    "facts": ("plain", "with_fact"),
    "swaps": ("kind", "one", "other"),
}
"""Columns of each set for behaviour."""


def load_reviews(evaluate_on="reporting"):
    """Load the course's own reviews.

    Args:
        evaluate_on: ``"reporting"`` or ``"development"``.

    Returns:
        A `TextDataset`: 432 reviews in the pool, 96 for development, 264 to report on, in each the same share of every
        domain, label and of the hard ones. ``groups`` are the domains; ``hard`` names what makes a review hard, and is
        empty for four of five.

    >>> load_reviews().pool.texts.shape
    (432,)
    """
    folder = data_folder() / "reviews"
    rows = [(domain, *row) for domain in DOMAINS for row in _read(folder / f"{domain}.csv")]
    domains, texts, labels, hard = map(np.array, zip(*rows, strict=True))
    strata = [f"{domain} {label} {bool(kind)}" for domain, label, kind in zip(domains, labels, hard, strict=True)]
    parts = stratified_parts(np.array(strata), {"pool": 432, "development": 96}, rest="reporting")
    return TextDataset(
        "reviews",
        texts,
        labels,
        ("negative", "positive"),
        parts,
        evaluate_on,
        groups=domains,
        hard=hard,
        card="792 reviews written for this course by a language model; nobody ate, watched or bought anything.",
    )


def load_behaviour(name):
    """Load a small set of sentences that tests one behaviour of a classifier.

    Args:
        name: ``"quadruples"``, the same sentence with *really* or *not* and a good or a bad word; ``"intensity"``, a
            weak and a strong opinion; ``"typos"``; ``"facts"``, a review without and with a fact that is no opinion;
            ``"swaps"``, a name or a group exchanged.

    Returns:
        A dictionary from each column's name to an array of strings ``(n,)``; ``"label"`` is int.

    Raises:
        ValueError: if the name is unknown.

    Source:
        Ribeiro, Wu, Guestrin & Singh (2020), *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*, ACL.

    >>> sorted(load_behaviour("intensity"))
    ['label', 'strong', 'weak']
    """
    columns = BEHAVIOUR[known("set for behaviour", name, list(BEHAVIOUR))]
    rows = read_table(data_folder() / "reviews" / "behaviour" / f"{name}.csv", columns)
    return {
        column: np.array([int(fields[column]) if column == "label" else fields[column] for _, fields in rows])
        for column in columns
    }


def _read(path):
    rows = [fields for _, fields in read_table(path, ["text", "label", "hard"])]
    return [[each["text"], int(each["label"]), each["hard"]] for each in rows]
