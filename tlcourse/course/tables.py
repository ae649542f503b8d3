"""What a report and the list of lessons look like in a terminal and in the README."""

import statistics

from rich.markup import escape
from rich.table import Table

from tlcourse.course.sources import lessons


def lesson_table():
    """Return the lessons as a Markdown table."""
    rows = [
        f"| [{lesson.name} · {lesson.title}](notebooks/{lesson.edition.name}) | {lesson.question} |"
        for lesson in lessons()
    ]
    return "\n".join(["| lesson | question |", "|---|---|", *rows])


def line(entry):
    """Return one line for one run."""
    sign = {"passed": "✓", "not run": "–"}.get(entry["status"], "✗")
    seconds = sum(entry["seconds"].values())
    holding = sum(claim["holds"] is True for claim in entry["claims"])
    counted = sum(claim["kind"] == "claim" for claim in entry["claims"])
    what = f"{entry['lesson']} {entry['profile']} seed {entry['seed']}"
    return f"{sign} {what}: {entry['status']}, {seconds:.0f} s, {holding} of {counted} claims hold. {entry['reason']}"


def claims_table(report):
    """Return each claim's rate of holding over the runs, with what was observed: a mean and a standard error each."""
    table = Table("claim or finding", "holds", "observed")
    for name in dict.fromkeys(claim["id"] for run in report["runs"] for claim in run["claims"]):
        stated = [claim for run in report["runs"] for claim in run["claims"] if claim["id"] == name]
        counted = [run for run in report["runs"] if run["lesson"] == name.split(".")[0] and run["status"] != "not run"]
        held = sum(claim["holds"] is True for claim in stated)
        rate = f"{held}/{len(counted)}" if stated[0]["kind"] == "claim" else ""
        observed = {}
        for claim in stated:
            for key, value in claim["observed"].items():
                observed.setdefault(key, []).append(value)
        shown = "\n".join(f"{key}: {_spread(values)}" for key, values in observed.items())
        table.add_row(name, rate, escape(shown))
    return table


def _spread(values):
    if all(isinstance(value, dict) and "mean" in value for value in values):
        return "; ".join(f"{100 * value['mean']:+.1f} ± {100 * value['se']:.2f}" for value in values)
    if all(isinstance(value, (int, float)) for value in values):
        low, high = min(values), max(values)
        return f"{statistics.fmean(values):.3g}" + (f" ({low:.3g} … {high:.3g})" if high > low else "")
    return "; ".join(str(value) for value in values)
