"""What `tlcourse run` costs and what it saves. Run by `make bench`.

First a lesson that computes nothing: where its seconds go. Then lesson 01 with seeds 0 to 3 as four items, two at a
time, against plain papermill, one after the other; each side starts with an empty cache, sides alternate. The number
of pairs is the argument, 1 by default: a pair takes minutes.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import papermill

from tlcourse.course.editions import student_edition
from tlcourse.course.job import Job
from tlcourse.course.report import report, write_report, write_report_page
from tlcourse.course.run import run
from tlcourse.course.sources import LessonSource, lessons

NOTHING = """# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   tlcourse: {title: Nothing, question: "", needs: {quick: [], development: [], full: []},
#     seconds: {quick: 0, full: 0}}
# ---

# %% tags=["parameters"]
LESSON = "90"
PROFILE = "quick"
SEED = 0

# %%
from tlcourse.lesson import Lesson

lesson = Lesson(LESSON, PROFILE, SEED)
"""

SEEDS = range(4)


def timed(function):
    os.environ["TLCOURSE_CACHE"] = tempfile.mkdtemp()
    started = time.perf_counter()
    result = function(Path(tempfile.mkdtemp()))
    return time.perf_counter() - started, result


def ours(folder):
    runs = run([Job(lesson, "quick", seed, folder) for seed in SEEDS], workers=2)["runs"]
    assert all(entry["status"] == "passed" for entry in runs)


def plain(folder):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    notebook = folder / "lesson.ipynb"
    nbformat.write(student_edition(lesson), notebook)
    for seed in SEEDS:
        parameters, out = {"PROFILE": "quick", "SEED": seed}, folder / f"{seed}.ipynb"
        papermill.execute_notebook(notebook, out, parameters, cwd=lesson.edition.parent, progress_bar=False)


def nothing(folder):
    path = folder / "90_nothing.py"
    path.write_text(NOTHING)
    source = LessonSource("90", path, "Nothing", "", {"quick": []}, {"quick": 0})
    return run([Job(source, "quick", 0, folder)])["runs"]


if __name__ == "__main__":
    (lesson,) = lessons(["01"])
    nothing(Path(tempfile.mkdtemp()))
    for _ in range(3):
        seconds, (entry,) = timed(nothing)
        written = report([entry | {"figures": []}])
        writing, _ = timed(lambda folder, it=written: write_report(folder, it) or write_report_page(folder, it))
        shown = ", ".join(f"{part} {value:.1f}" for part, value in entry["seconds"].items())
        print(f"a lesson that computes nothing: {seconds:.1f} s, of which {shown}; a report takes {writing:.2f} s")
    ratios = []
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        together, one_by_one = timed(ours)[0], timed(plain)[0]
        ratios.append(together / one_by_one)
        print(f"two at a time {together:.0f} s, plain papermill {one_by_one:.0f} s, ratio {ratios[-1]:.2f}", flush=True)
    print(f"ratio: {statistics.median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})")
