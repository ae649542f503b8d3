"""Reports of several runs, of one machine or of many, joined in one table."""

import json
from itertools import groupby

from tlcourse.checks import known


def read_runs(folders):
    """Return the runs in the `report.json` of each folder; of one that is in several, the last.

    Raises:
        ValueError: if a folder has no report, or one of another version.
    """
    runs = {}
    for folder in folders:
        path = folder / "report.json"
        if not path.is_file():
            raise ValueError(f"{folder} has no report.json. Name the folders that `tlcourse run --out` wrote.")
        report = json.loads(path.read_text(encoding="utf-8"))
        known(f"version of {path}", report.get("version"), [1])
        runs |= {tuple(run[key] for key in ("lesson", "profile", "backend", "seed")): run for run in report["runs"]}
    return list(runs.values())


def joined_table(runs):
    """Return a Markdown table: a row for each notebook, a column for each profile and backend.

    A cell has the seeds with which every claim held, each other seed by itself with what happened, and the seconds
    that the runs took, kernel included.
    """
    columns = sorted({(run["backend"], run["profile"]) for run in runs}, key=lambda key: (key[0] != "tensorflow", key))
    names = sorted({run["lesson"] for run in runs}, key=lambda name: ("-" in name, name))
    rows = [["notebook", *map(", ".join, columns)], ["---"] * (1 + len(columns))]
    for name in names:
        own = [run for run in runs if run["lesson"] == name]
        rows.append([name, *(_cell([run for run in own if (run["backend"], run["profile"]) == c]) for c in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def spans(numbers):
    """Return whole numbers in few words.

    >>> spans([4, 0, 1, 2, 7])
    '0–2, 4, 7'
    """
    groups = groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])
    ends = [(group[0][1], group[-1][1]) for group in (list(group) for _, group in groups)]
    return ", ".join(f"{first}" if first == last else f"{first}–{last}" for first, last in ends)


def _cell(runs):
    held = [run["seed"] for run in runs if run["status"] == "passed"]
    words = [spans(held)] if held else []
    words += [f"**{run['seed']}: {_what(run)}**" for run in runs if run["status"] != "passed"]
    seconds = sorted({round(sum(run["seconds"].values())) for run in runs if run["status"] == "passed"})
    took = f" ({seconds[0]}{f' to {seconds[-1]}' if len(seconds) > 1 else ''} s)" if seconds else ""
    return "; ".join(words) + took if words else "–"


def _what(run):
    counted = [claim["holds"] for claim in run["claims"] if claim["holds"] is not None]
    return f"{sum(counted)} of {len(counted)}" if run["status"] == "failed" and counted else run["status"]
