"""A look at a CSV file, of texts or of pictures, before anyone trains on it."""

import difflib
from collections import Counter, defaultdict
from pathlib import Path

from tlcourse.checks import near_names
from tlcourse.own_data.copies import exact_copies, thumbnail
from tlcourse.own_data.found import Found, Report, equal, some
from tlcourse.own_data.looks import marked_files, wrong_files
from tlcourse.own_data.pictures import see
from tlcourse.own_data.tables import read_table
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
    tables, found = _tables(paths, [text, label])
    found += _other_labels(tables, label)
    names = sorted({row.fields[label] for rows in tables.values() for row in rows})
    counts = {path: Counter(row.fields[label] for row in rows) for path, rows in tables.items()}
    for path, rows in tables.items():
        found += _empty(path, rows, [text, label]) + _labels(path, counts[path])
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
    about = [f"{path}: {_commonest(each)}" for path, each in counts.items() if len(each) > 1]
    about += [] if encoder else [NO_ENCODER]
    rows = [[name or "(none)", *(each[name] for each in counts.values())] for name in names]
    rows += [["all", *(each.total() for each in counts.values())]] if tables else []
    folders = {str(path.parent) for path in paths}
    return Report(["", *map(str, tables)], rows, about, found, folders.pop() if len(folders) == 1 else "")


def check_picture_table(path, *, patient="patient", label="label"):
    """Look at a CSV file with the columns ``file``, ``patient`` and ``label``, and at the pictures that it names.

    Args:
        path: of the file; the pictures are beside it, or where their paths say.
        patient: name of the column that says whose picture it is.
        label: name of the column with the labels.

    Returns:
        A `Report`.
    """
    tables, found = _tables([Path(path)], ["file", patient, label])
    if not tables:
        return Report([], [], [], found)
    ((path, rows),) = tables.items()
    found += _empty(path, rows, ["file", patient, label]) + _labels(path, Counter(row.fields[label] for row in rows))
    for names in near_names(row.fields[patient] for row in rows):
        what = f"{path}: the patients {', '.join(map(repr, names))} may be one."
        found.append(Found(what, "Give one person one name, or a split by patient parts them."))
    again = [equal([row.line for row in group]) for group in _rows_of_one_file(rows) if len(group) > 1]
    if again:
        found.append(Found(f"Rows of {path} that name one file, by lines: {some(again)}.", "Keep one of them."))
    labels = defaultdict(set)
    for row in rows:
        labels[row.fields[patient]].add(row.fields[label])
    both = [name for name, each in labels.items() if len(each) > 1]
    if both:
        what = f"Patients with several labels: {some(both)}."
        found.append(Found(what, "That may be so; a label of a patient must then be decided on.", wrong=False))
    seen = see([path.parent / row.fields["file"] for row in rows], thumbnail)
    found += wrong_files(seen, (), [row.fields[label] for row in rows]) + marked_files(seen)
    groups = [[rows[at].fields[patient] for at in group] for group in exact_copies(seen)]
    apart = [" = ".join(dict.fromkeys(group)) for group in groups if len(set(group)) > 1]
    if apart:
        found.append(Found(f"Pictures that belong to several patients: {some(apart)}.", "Whose are they?"))
    counts = Counter(row.fields[label] for row in rows)
    lines = [*sorted(counts.items()), ("all", len(rows)), ("patients", len(labels))]
    return Report(["", str(path)], list(map(list, lines)), [_commonest(counts)], found, str(path.parent))


def _tables(paths, columns):
    """Return the rows of each file that can be read, and what is wrong with the others."""
    tables, found = {}, []
    for path in paths:
        try:
            tables[path] = read_table(path, columns)
        except ValueError as error:
            found.append(Found(str(error), ""))
    return tables, found


def _rows_of_one_file(rows):
    groups = defaultdict(list)
    for row in rows:
        groups[row.fields["file"]].append(row)
    return groups.values()


def _commonest(counts):
    name, count = counts.most_common(1)[0]
    return f"Whoever always says {name!r} is right for {count / counts.total():.0%}."


def _empty(path, rows, columns):
    empty = {name: [row.line for row in rows if not row.fields[name]] for name in columns}
    return [
        Found(f"Rows of {path} without a {name}, by lines: {some(lines)}.", "Fill them, or leave them out.")
        for name, lines in empty.items()
        if lines
    ]


def _labels(path, counts):
    names = [name for name in counts if name]
    if len(names) == 1:
        return [Found(f"{path} has one label alone, {names[0]!r}. Every answer would be right.", "There must be two.")]
    return [
        Found(f"The labels {' and '.join(map(repr, twins))} of {path} may be one.", "Write them alike.")
        for twins in [*near_names(names), *_equal_numbers(names), *_misspelt(counts)]
    ]


def _other_labels(tables, label):
    """Return labels of later files that the first one has not."""
    labels = [{row.fields[label] for row in rows} for rows in tables.values()]
    unknown = sorted(set().union(*labels[1:]) - labels[0]) if len(labels) > 1 else []
    first = next(iter(tables), "")
    return [Found(f"Labels that {first} has not: {some(unknown)}.", "Write them alike.")] if unknown else []


def _misspelt(counts):
    """Return pairs of labels, of which one is rare and spelt nearly as the other."""
    return [
        [rare, name]
        for rare, few in counts.items()
        for name, many in counts.items()
        if 10 * few <= many and rare.isalpha() and difflib.SequenceMatcher(None, rare, name).ratio() >= 0.85
    ]


def _equal_numbers(names):
    """Return groups of names that are one number, such as 1 and 1.0."""
    groups = defaultdict(list)
    for name in names:
        try:
            groups[float(name)].append(name)
        except ValueError:
            continue
    return [group for group in groups.values() if len(group) > 1]


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
