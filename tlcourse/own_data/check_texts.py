"""A look at a CSV file of texts before anyone trains on it."""

from collections import Counter, defaultdict
from pathlib import Path

from tlcourse.own_data.columns import empty_fields, odd_labels, readable_tables
from tlcourse.own_data.found import Found, Report, commonest, equal, some
from tlcourse.own_data.texts import copies_of_texts, same_text

NO_ENCODER = "Not looked at: what an encoder can't read (encoder=…; first: tlcourse fetch minilm-tokenizer)."

LETTERS = 5_000
"""A text of more is worth a look."""


def check_texts(paths, *, text="text", label="label", encoder=None):
    """Look at CSV files of texts: one file, or one for each part.

    Args:
        paths: of the files.
        text: name of the column with the texts.
        label: name of the column with the labels.
        encoder: name of the encoder that is to read them, such as ``"minilm"``: then texts that it cuts or hardly knows
            are counted, with its tokenizer alone.

    Returns:
        A `Report`.

    Raises:
        ValueError: if the encoder is unknown.
        AssetMissing: if its tokenizer has to be fetched first.
    """
    paths = list(map(Path, [paths] if isinstance(paths, str | Path) else paths))
    tables, found = readable_tables(paths, [text, label])
    found += _other_labels(tables, label)
    names = sorted({row.fields[label] for rows in tables.values() for row in rows})
    counts = {path: Counter(row.fields[label] for row in rows) for path, rows in tables.items()}
    for path, rows in tables.items():
        found += empty_fields(path, rows, [text, label]) + odd_labels(path, counts[path])
        others = sorted(set(counts[path]) - {"", "0", "1"})
        if others:
            what = f"Labels other than 0 and 1: {some(others)}."
            found.append(Found(what, "Tell `read_texts` their order: kinds=(…, …).", wrong=False))
        twice, both = copies_of_texts(rows, text, label)
        found += _doubled(
            path, twice, "that are there twice", "`read_texts` keeps one of each; plain reading keeps all."
        )
        found += _doubled(path, both, "with two labels", "Decide for one label.")
        long = [row.line for row in rows if len(row.fields[text]) > LETTERS]
        found += [Found(f"Texts of {path} with more than {LETTERS:,} letters, by lines: {some(long)}.",
                        "Are they single texts?", wrong=False)] if long else []  # fmt: skip
        found += _unread(path, [row.fields[text] for row in rows if row.fields[text]], encoder)
    found += _in_two_files(tables, text)
    about = [f"{path}: {commonest(each)}" for path, each in counts.items() if len(each) > 1]
    about += [] if encoder else [NO_ENCODER]
    rows = [[name or "(none)", *(each[name] for each in counts.values())] for name in names]
    rows += [["all", *(each.total() for each in counts.values())]] if tables else []
    folders = {str(path.parent) for path in paths}
    return Report(["", *map(str, tables)], rows, about, found, folders.pop() if len(folders) == 1 else "")


def _other_labels(tables, label):
    """Return labels of later files that the first one has not."""
    labels = [{row.fields[label] for row in rows} for rows in tables.values()]
    unknown = sorted(set().union(*labels[1:]) - labels[0]) if len(labels) > 1 else []
    first = next(iter(tables), "")
    return [Found(f"Labels that {first} has not: {some(unknown)}.", "Write them alike.")] if unknown else []


def _doubled(path, groups, what, way):
    lines = [equal([row.line for row in group]) for group in groups]
    return [Found(f"Texts of {path} {what}, by lines: {some(lines)}.", way)] if groups else []


def _unread(path, texts, encoder):
    if encoder is None or not texts:
        return []
    from tlcourse.text import load_tokenizer, unread

    return [Found(f"{path}: {message}", "") for message in unread(load_tokenizer(encoder), texts).messages]


def _in_two_files(tables, text):
    places = defaultdict(dict)
    for path, rows in tables.items():
        for row in rows:
            places[same_text(row.fields[text])].setdefault(path, row.line)
    shared = [equal([f"{p}:{line}" for p, line in each.items()]) for each in places.values() if len(each) > 1]
    return [Found(f"Texts in two files: {some(shared)}.", "Keep each in one.")] if shared else []
