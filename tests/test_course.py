import base64
import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from made import BODY, NO_KERAS
from PIL import Image
from typer.testing import CliRunner

import tlcourse.course.sources as sources
from tlcourse.__main__ import app
from tlcourse.course.build import build, differences, light, without_volatile
from tlcourse.course.editions import blank, solution, solved_edition, student_edition
from tlcourse.course.sources import lessons, write_notebook
from tlcourse.course.trial import trial_edition

SANITIZE = Path(__file__).parent / "nbval.cfg"
TEMPLATE = Path(__file__).parents[1] / "notebooks" / "source" / "template.py"


def test_editions_hide_and_solve(made):
    lesson = made()
    student, solved = student_edition(lesson), solved_edition(lesson)
    assert "42" not in "".join(cell.source for cell in student.cells)
    assert "41" not in "".join(cell.source for cell in [*student.cells, *solved.cells])
    assert "answer = ..." in [cell.source for cell in student.cells]
    assert "answer = 42" in [cell.source for cell in solved.cells]


def test_the_same_source_builds_the_same_cells_with_unique_ids(made):
    lesson = made()
    one, two = student_edition(lesson), student_edition(lesson)
    assert nbformat.writes(one) == nbformat.writes(two)
    assert len({cell.id for cell in one.cells}) == len(one.cells)
    nbformat.validate(one)


def test_what_is_the_same_everywhere_is_tagged_and_checks_are_folded(made):
    cells = {cell.source.split("(")[0]: cell for cell in student_edition(made()).cells}
    assert cells["lesson.claim"].metadata.tags == ["nbval-check-output"]
    assert cells["print"].metadata.tags == ["nbval-check-output"]
    assert cells["answer = ..."].metadata == {}
    assert cells["lesson.check"].metadata == {"tags": ["nbval-check-output"], "jupyter": {"source_hidden": True}}
    assert "jupyter" not in cells["lesson.claim"].metadata


def test_solutions_may_be_functions():
    code = "### BEGIN SOLUTION\ndef f(x):\n    return x\n### END SOLUTION"
    assert blank(code) == "f = ..."
    assert solution(code) == "def f(x):\n    return x"
    with pytest.raises(ValueError, match="needs one '### BEGIN SOLUTION'"):
        blank("### BEGIN SOLUTION\nx = 1")


def test_sources_that_break_a_rule_are_refused(made):
    with pytest.raises(ValueError, match=r"names of claims must be unique; \['last'\]"):
        student_edition(made(BODY + '\n# %%\nlesson.claim("last", "Again.", holds=True)\n'))
    with pytest.raises(ValueError, match="each solution needs a check of its own"):
        student_edition(made(BODY + "\n# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"))
    with pytest.raises(ValueError, match="exercise 90.1 needs one solution, then a wrong answer"):
        student_edition(made(BODY.replace(' tags=["wrong-answer"]', "")))
    with pytest.raises(ValueError, match=r"profiles must be written out, as profiles=\(\"quick\",\)"):
        student_edition(made(BODY + '\n# %%\nlesson.claim("new", "New.", holds=True, profiles=FULL)\n'))
    with pytest.raises(ValueError, match="can't stand in a cell with a solution"):
        student_edition(made(BODY.replace("answer = 42", 'answer = 42\nlesson.finding("in", "In it", 1)')))
    with pytest.raises(
        ValueError, match=r"90_made.py: A solution must end with a function or with `name = …`; got:\nanswer"
    ):
        student_edition(made(BODY.replace("answer = 42", "answer = 42\nprint(answer)")))
    with pytest.raises(ValueError, match="a claim's name must be written out"):
        student_edition(made(BODY + '\n# %%\nlesson.claim(f"{SEED}", "Computed.", holds=True)\n'))
    lesson = made()
    lesson.path.write_text(lesson.path.read_text(encoding="utf-8").replace('tags=["parameters"]', ""), encoding="utf-8")
    with pytest.raises(ValueError, match='one cell tagged "parameters" must say LESSON = "90"'):
        student_edition(lesson)
    with pytest.raises(ValueError, match="Unknown lesson '91'. Known: 90"):
        lessons(["91"])


@pytest.fixture
def built(made):
    """A committed edition, without running it: a claim, a finding, a shape and a check, with what they print."""
    lesson = made(NO_KERAS)
    write_notebook(build(lesson), lesson.edition)
    return lesson


def nbval(notebook, folder):
    """Run nbval as `make test` does, and return the source of each cell that failed."""
    write_notebook(notebook, folder / "trial.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-sanitize-with", str(SANITIZE)]
    command += ["-p", "no:cacheprovider", "--junitxml", "cells.xml", "trial.ipynb"]
    subprocess.run(command, capture_output=True, text=True, cwd=folder)
    cells = ElementTree.parse(folder / "cells.xml").iter("testcase")
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return [code[at] for at, case in enumerate(cells) if case.find("failure") is not None]


@pytest.mark.slow
def test_build_is_deterministic_and_every_answer_is_judged_as_it_should_be(built, tmp_path):
    first = built.edition.read_bytes()
    write_notebook(build(built), built.edition)
    assert built.edition.read_bytes() == first
    assert differences(built) == []
    trial = trial_edition(built)
    answers = [cell.source for cell in trial.cells if cell.source.startswith("answer = ")]
    assert answers == ["answer = ...", "answer = 41", "answer = 42"]
    assert nbval(trial, tmp_path) == []


@pytest.mark.slow
def test_nbval_bites_where_a_line_a_verdict_a_shape_or_a_check_has_changed_and_nowhere_else(built, tmp_path):
    trial = trial_edition(built)
    changes = {
        "first": ("Holds: The seed is below 3.", "Holds: The seed is below 4."),
        "second": ('"holds": true', '"holds": false'),
        "print((SEED": ("(0, 8, 8)", "(0, 8, 9)"),
        "found": ("• Its size", "• Its weight"),
        "answer, {": ("Exercise 90.1: right.", "Exercise 90.1: not yet."),
        "third": ("measured: seed 0", "measured: seed 7"),
    }
    for mark, (old, new) in changes.items():
        said = {at: json.dumps(cell.get("outputs"), ensure_ascii=False) for at, cell in enumerate(trial.cells)}
        at = next(at for at, text in said.items() if mark in trial.cells[at].source and old in text)
        trial.cells[at].outputs = nbformat.from_dict(json.loads(said[at].replace(old, new)))
    failed = nbval(trial, tmp_path)
    assert [next(mark for mark in changes if mark in source) for source in failed] == list(changes)[:5]


def test_exercises_that_look_alike_are_each_tried(made):
    second = NO_KERAS[NO_KERAS.index("### BEGIN") - 5 : NO_KERAS.index('# %%\nlesson.claim("third"')]
    lesson = made(NO_KERAS + second.replace("90.1", "90.2").replace("42", "8").replace("41", "7"))
    notebook = student_edition(lesson)
    for count, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), start=1):
        cell.execution_count = count
    write_notebook(notebook, lesson.edition)
    answers = [cell.source for cell in trial_edition(lesson).cells if cell.source.startswith("answer = ")]
    assert answers == ["answer = ...", "answer = 41", "answer = 42", "answer = ...", "answer = 7", "answer = 8"]


def test_an_edition_that_is_not_what_its_source_builds_is_not_tried(built):
    built.edition.write_text(built.edition.read_text().replace("(SEED, 8, 8)", "(SEED, 8)"))
    with pytest.raises(ValueError, match="differ from what the source builds"):
        trial_edition(built)


def test_a_lesson_that_needs_what_this_machine_lacks_is_not_tried(built, tmp_path):
    text = built.path.read_text(encoding="utf-8")
    built.path.write_text(text.replace("quick: []", "quick: [mnist]"), encoding="utf-8")
    said = CliRunner().invoke(app, ["build", "90", "--trial", str(tmp_path / "trial")])
    assert said.exit_code == 0
    assert "not tried. Bring what is missing with: tlcourse fetch mnist" in said.output.replace("\n", "")
    assert not (tmp_path / "trial").exists()


def test_the_build_check_finds_what_nbval_passes(built):
    def changed(alter):
        notebook = nbformat.read(built.edition, as_version=4)
        alter([cell for cell in notebook.cells if cell.cell_type == "code"])
        write_notebook(notebook, built.edition)
        found = differences(built)
        write_notebook(original, built.edition)
        return " ".join(found)

    original = nbformat.read(built.edition, as_version=4)
    assert "not all executed" in changed(lambda code: code[2].update(execution_count=None))
    assert "not all executed" in changed(lambda code: code[2].update(execution_count=7))
    assert "Cells, tags or ids" in changed(lambda code: code[2].update(source="1 + 1"))
    assert "Cells, tags or ids" in changed(lambda code: code[2].metadata.update(tags=[]))
    large = nbformat.v4.new_output("stream", text="x" * 800_000)
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    assert "failed or wrote" in changed(lambda code: code[2].outputs.append(error))
    stated = next(at for at, cell in enumerate(original.cells) if "lesson.finding" in cell.source)
    count = sum(cell.cell_type == "code" for cell in original.cells[:stated])
    beside = nbformat.v4.new_output("stream", text="accuracy 0.917")
    assert "prints something else" in changed(lambda code: code[count].outputs.append(beside))
    assert "more than 800,000; draw fewer figures" in changed(lambda code: code[2].outputs.append(large))
    built.edition.unlink()
    assert "is missing" in differences(built)[0]


def test_volatile_things_go():
    cell = nbformat.v4.new_code_cell("f", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("display_data", data={"text/plain": "<f at 0x7f00deadbeef>"}),
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.12.1"}}
    )
    text = nbformat.writes(without_volatile(notebook))
    assert all(word not in text for word in ("warning", "deadbeef", "3.12.1"))


def test_figures_get_light_and_keep_their_look():
    rng = np.random.default_rng(0)
    page = np.full((60, 80, 3), 255, "uint8")
    page[10:40, 10:50] = rng.integers(0, 255, (30, 40, 1))  # a grey photograph on white
    file = io.BytesIO()
    Image.fromarray(page).save(file, "PNG")
    once = light(base64.b64encode(file.getvalue()).decode())
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(once))).convert("RGB"), int)
    assert len(once) < len(base64.b64encode(file.getvalue()))
    assert np.abs(shown - page).max() <= 8
    assert len(light(once)) <= len(once)


def test_copies_are_made_once_and_kept_when_reset(made, monkeypatch):
    import tlcourse.course.lab as lab

    lesson = made()
    lesson.edition.write_text("{}")
    monkeypatch.setattr(lab, "notebooks_folder", sources.notebooks_folder)
    folder = lab.copies()
    mine = folder / lesson.edition.name
    mine.write_text("my work")
    assert lab.copies() == folder
    assert mine.read_text() == "my work"
    lab.copies(reset="90")
    assert mine.read_text() == "{}"
    mine.write_text("more work")
    lab.copies(reset="90")
    assert sorted(path.read_text() for path in folder.glob("*kept*")) == ["more work", "my work"]


@pytest.mark.slow
def test_the_template_builds_and_every_answer_in_it_is_judged_as_it_should_be(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    shutil.copyfile(TEMPLATE, tmp_path / "notebooks" / "source" / "99_template.py")
    monkeypatch.setattr(sources, "notebooks_folder", lambda: tmp_path / "notebooks")
    (lesson,) = lessons()
    write_notebook(build(lesson), lesson.edition)
    assert nbval(trial_edition(lesson), tmp_path) == []
