"""What the terminal shows: progress, one line a run and a claim, checks; and the README's table of lessons."""

import json

from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tlcourse.course.report import claims
from tlcourse.course.sources import lessons


def lesson_table():
    """Return the lessons as a Markdown table, each with its second notebook where there is one."""
    second = {volume.name.partition("-")[0]: _link(volume.title, volume) for volume in lessons(deeper=True)}
    rows = [
        (
            _link(f"{lesson.name} · {lesson.title}", lesson),
            lesson.question,
            lesson.found,
            lesson.minutes,
            second.get(lesson.name, ""),
        )
        for lesson in lessons()
    ]
    header = "| lesson | question | what it found | minutes | deeper |", "|---|---|---|---|---|"
    return "\n".join([*header, *(f"| {' | '.join(row)} |" for row in rows)])


def _link(text, source):
    return f"[{text}](notebooks/{source.place.as_posix()})"


def line(entry, again=False):
    """Return one line for one run."""
    sign = {"passed": "✓", "not run": "–"}.get(entry["status"], "✗")
    what = f"{entry['lesson']} {entry['profile']} seed {entry['seed']}"
    if entry["status"] == "not run":
        return f"{sign} {what}: not run. {entry['reason']}"
    stated = [claim["holds"] for claim in entry["claims"] if claim["kind"] == "claim"]
    counted = [holds for holds in stated if holds is not None]
    seconds = "already passed" if again else f"{entry['status']}, {sum(entry['seconds'].values()):.0f} s"
    claims = f"{sum(counted)} of {len(counted)} claims hold" if counted else "no claims"
    claims += f", {len(stated) - len(counted)} not checked here" if len(stated) > len(counted) else ""
    return f"{sign} {what}: {seconds}, {claims}. {entry['reason']}".rstrip()


def claim_lines(runs):
    """Return a line for each claim: whether it holds, its statement, what was measured. Findings are in the report."""
    return [_claim_line(row) for row in claims(runs) if row["kind"] == "claim"]


def _claim_line(row):
    if not row["counted"]:
        return f"– {row['id'].split('.')[0]}: {row['statement']} (not checked here)"
    sign, lesson = "✓" if row["held"] == row["counted"] else "✗", row["id"].split(".")[0]
    rate = f", {row['held']} of {row['counted']}" if row["counted"] > 1 else ""
    measured = ", ".join(f"{name} {text}" for name, text in row["brief"].items())
    return f"{sign} {lesson}{rate}: {row['statement']} {measured}".rstrip()


def checks_table(checks):
    """Return the checks as a table for the terminal."""
    table = Table("", "check", "found", "what to do")
    for check in checks:
        sign = {"green": "✓", "yellow": "!", "red": "✗"}[check.colour]
        table.add_row(f"[{check.colour}]{sign}[/]", check.name, escape(check.found), escape(check.remedy))
    return table


def checks_json(checks):
    """Return the checks as JSON text: ``ready`` and the list."""
    ready = all(check.colour != "red" for check in checks)
    return json.dumps({"ready": ready, "checks": [check._asdict() for check in checks]}, indent=1, ensure_ascii=False)


class Watch:
    """Progress in a terminal: a bar for each lesson that is running, a line for each that has ended.

    Where the output is not a terminal only the lines are printed.
    """

    def __init__(self, console):
        columns = TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.completed}/{task.total} cells")
        self._progress = Progress(
            *columns,
            TimeElapsedColumn(),
            TextColumn("{task.fields[heading]}", markup=False),
            console=console,
            transient=True,
        )
        self._tasks = {}

    def __enter__(self):
        if self._progress.console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *exception):
        self._progress.stop()

    def at_cell(self, job, cell, cells, heading):
        """Show that a job has begun a cell."""
        key = job.lesson.name, job.profile, job.seed
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task("{} {} seed {}".format(*key), heading="")
        self._progress.update(self._tasks[key], completed=cell, total=cells, heading=heading)

    def done(self, entry, again=False):
        """Show that a job has ended, or had passed in an earlier run."""
        task = self._tasks.pop((entry["lesson"], entry["profile"], entry["seed"]), None)
        if task is not None:
            self._progress.remove_task(task)
        self._progress.console.print(line(entry, again), markup=False, soft_wrap=True)
