"""One report for all runs: `report.json` for programs, `report.html` for people."""

import base64
import io
import json
import os
import platform
import statistics
from contextlib import suppress
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

import nbformat

from tlcourse import __version__
from tlcourse.assets import atomically
from tlcourse.course.sources import both_volumes
from tlcourse.measured import is_interval, nested

PACKAGES = ("keras", "tensorflow", "jax", "torch", "numpy", "scikit-learn")
THUMBNAIL = (360, 240)
"""Largest width and height of a figure in the report, in pixels."""


def report(entries, interrupted=False):
    """Return the report: its version, the environment, whether Ctrl-C ended it, and an entry for each run.

    An entry has ``lesson``, ``profile``, ``seed``, ``backend``, ``device``, ``fingerprint`` (see `Job`), ``status``
    (``passed``, ``failed``, ``stopped``, ``timeout`` or ``not run``), ``reason``, ``seconds``, ``claims`` (``id``,
    ``kind``, ``statement``, ``holds``, ``observed``), ``notebook`` and ``figures`` (ids of the cells that drew one).

    Where ``kind`` is ``"claim"``, ``holds`` is true, false (also if the claim was not reached), or null: not checked,
    because it can't fail with this backend. Where it is ``"finding"``, ``holds`` is always null.
    """
    used = {key: sorted({run[key] for run in entries if run[key]}) for key in ("backend", "device")}
    used = {key: ", ".join(values) or "not known" for key, values in used.items()}
    return {"version": 1, "environment": environment() | used, "interrupted": interrupted, "runs": entries}


def write_report(folder, written):
    """Write a report as `report.json` into the folder of the executed notebooks, whole or not at all."""
    with atomically(folder / "report.json") as temporary:
        temporary.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")


def write_report_page(folder, written):
    """Write a report as `report.html` beside it, for people."""
    from jinja2 import Environment, PackageLoader

    template = Environment(
        loader=PackageLoader("tlcourse.course", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True
    ).get_template("report.html.jinja")
    runs = written["runs"]
    page = template.render(
        environment=written["environment"],
        groups=[_group(folder, group) for group in _grouped(runs)],
        problems=[run for run in runs if run["status"] != "passed"],
        passed=sum(run["status"] == "passed" for run in runs),
        runs=runs,
        now=datetime.now().astimezone(),
    )
    with atomically(folder / "report.html") as temporary:
        temporary.write_text(page, encoding="utf-8")


def claims(runs):
    """Return each claim and finding of some runs with its rate of holding and what was observed.

    Returns:
        A list of dictionaries: ``id``, ``kind``, ``statement``, ``held`` and ``counted`` (runs that checked the claim
        or did not reach it), ``observed`` (text by name, of every run) and ``brief`` (the same in few words).
    """
    rows = []
    for name in dict.fromkeys(claim["id"] for run in runs for claim in run["claims"]):
        stated = [claim for run in runs for claim in run["claims"] if claim["id"] == name]
        observed = {}
        for claim in stated:
            for key, value in claim["observed"].items():
                observed.setdefault(key, []).append(value)
        rows.append(
            {
                **{key: stated[0][key] for key in ("id", "kind", "statement")},
                "held": sum(claim["holds"] is True for claim in stated),
                "counted": sum(claim["holds"] is not None for claim in stated),
                "observed": {key: _spread(values) for key, values in observed.items()},
                "brief": {key: _brief(values) for key, values in observed.items()},
            }
        )
    return rows


def environment():
    """Return the versions and the machine that a report is about."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    machine = {"python": platform.python_version(), "system": platform.platform(), "cpus": os.cpu_count()}
    return {**machine, "tlcourse": __version__, **versions}


def _grouped(entries):
    """Return the runs of each lesson, profile and backend, those with a failure first."""
    groups = {}
    for run in entries:
        groups.setdefault((run["lesson"], run["profile"], run["backend"]), []).append(run)
    return sorted(groups.values(), key=lambda runs: all(run["status"] == "passed" for run in runs))


def _group(folder, runs):
    shown = next((run for run in runs if run["figures"]), None)
    ran = [run for run in runs if run["notebook"]]
    means = {part: statistics.fmean(run["seconds"][part] for run in ran) for part in runs[0]["seconds"]} if ran else {}
    return {
        "title": {lesson.name: lesson.title for lesson in both_volumes()}.get(runs[0]["lesson"], ""),
        **{key: runs[0][key] for key in ("lesson", "profile", "backend")},
        "runs": runs,
        "seconds": means,
        "total": sum(means.values()),
        "claims": sorted(claims(runs), key=lambda row: row["kind"] == "finding" or row["held"] == row["counted"]),
        "figures": _thumbnails(folder / shown["notebook"]) if shown else [],
        "notebook": shown["notebook"] if shown else "",
    }


def _thumbnails(path):
    """Return the figures of a notebook, small, as data addresses."""
    from PIL import Image

    outputs = [output for cell in nbformat.read(path, as_version=4).cells for output in cell.get("outputs", [])]
    found = []
    for output in outputs:
        if "image/png" in output.get("data", {}):
            with suppress(ValueError, OSError):  # a damaged picture is no reason to lose the report
                image = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))).convert("RGB")
                image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
                small = io.BytesIO()
                image.quantize(64).save(small, "png", optimize=True)
                found.append(f"data:image/png;base64,{base64.b64encode(small.getvalue()).decode()}")
    return found


def _spread(values):
    """Return what runs observed: of several a mean with its standard error each, or a mean with the range over runs."""
    if len(values) > 1 and all(is_interval(value) for value in values):
        return "; ".join(f"{100 * value['mean']:+.1f}" + _standard_error(value["se"]) for value in values)
    if len(values) > 1 and all(isinstance(value, (int, float)) for value in values):
        return _range(values, "{:.3g}")
    return "; ".join(nested(value) for value in values)


def _brief(values):
    """Return what runs observed in a few words: of several a mean with the range over runs."""
    if len(values) > 1 and all(is_interval(value) for value in values):
        return _range([100 * value["mean"] for value in values], "{:+.1f}") + " points"
    texts = list(dict.fromkeys(map(nested, values)))
    return texts[0] if len(texts) == 1 else _spread(values)


def _standard_error(se):
    return f" ± {100 * se:.2f}" if se > 1e-9 else " in all draws"


def _range(values, form):
    low, high = form.format(min(values)), form.format(max(values))
    mean = form.format(statistics.fmean(values))
    return mean if low == high else f"{mean} ({low} … {high})"
