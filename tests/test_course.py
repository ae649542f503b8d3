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
from made import BODY, LIGHT, NO_KERAS
from PIL import Image
from typer.testing import CliRunner

import tlcourse.course.sources as sources
from tlcourse.__main__ import app
from tlcourse.course.build import build, differences, light, without_volatile
from tlcourse.course.editions import BEGIN, blank, graded_edition, solution, solved_edition, student_edition
from tlcourse.course.programs import write_program
from tlcourse.course.sources import both_volumes, lessons, write_notebook
from tlcourse.course.tables import lesson_table
from tlcourse.course.trial import trial_edition

SANITIZE = Path(__file__).parent / "nbval.cfg"
SOURCES = Path(__file__).parents[1] / "notebooks" / "source"


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
    with pytest.raises(ValueError, match="Unknown lesson '91'.*Known: 90"):
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
        nbformat.v4.new_output("stream", text="Writing /var/tmp/tmpab12_x9z/sort.py"),
        nbformat.v4.new_output("display_data", data={"text/plain": "<f at 0x7f00deadbeef>"}),
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.12.1"}}
    )
    text = nbformat.writes(without_volatile(notebook))
    assert all(word not in text for word in ("warning", "deadbeef", "3.12.1", "/var"))
    assert "Writing …/sort.py" in text


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


def test_a_program_is_copied_beside_its_lesson_and_never_overwritten(made, monkeypatch):
    import tlcourse.course.lab as lab

    lesson = made()
    lesson.edition.write_text("{}")
    lesson.program.parent.mkdir()
    lesson.program.write_text("ours")
    monkeypatch.setattr(lab, "notebooks_folder", sources.notebooks_folder)
    copy = lab.copies() / "programs" / "90_made.py"
    assert copy.read_text() == "ours"
    copy.write_text("mine")
    lab.copies()
    assert copy.read_text() == "mine"


def test_copies_of_the_second_volume_lie_in_a_folder_and_jupyter_opens_the_first_lesson(made, monkeypatch):
    import tlcourse.course.lab as lab

    for volume in (made(), made(LIGHT, deeper=True)):
        volume.edition.parent.mkdir(exist_ok=True)
        volume.edition.write_text(volume.name)
    monkeypatch.setattr(lab, "notebooks_folder", sources.notebooks_folder)
    folder = lab.copies()
    assert (folder / "90_made.ipynb").read_text() == "90"
    assert (folder / "deeper" / "90_made.ipynb").read_text() == "90-deeper"
    lab.copies(reset="90-deeper")
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*kept*")] == ["deeper/90_made.kept-1.ipynb"]
    called = []
    monkeypatch.setattr(lab.subprocess, "call", called.append)
    lab.open_lab(folder)
    assert called[0][-2:] == [f"--ServerApp.root_dir={folder}", "--LabApp.default_url=/lab/tree/90_made.ipynb"]


def test_either_volume_is_found_by_its_name(made):
    lesson, deeper = made(), made(LIGHT, deeper=True)
    assert [source.name for source in lessons()] == ["90"]
    assert [source.name for source in lessons(deeper=True)] == ["90-deeper"]
    assert [source.name for source in lessons(["90-deeper", "90"])] == ["90-deeper", "90"]
    assert lessons(["90"], deeper=True) == [deeper]
    assert (lesson.deeper, deeper.deeper) == (False, True)
    assert deeper.edition == lesson.edition.parent / "deeper" / "90_made.ipynb"
    deeper.path.unlink()
    with pytest.raises(ValueError, match="Unknown lesson '90-deeper'. Known: 90"):
        lessons(["90-deeper"])


def test_the_table_of_lessons_links_the_second_volume_where_there_is_one(made):
    made()
    assert lesson_table().splitlines()[2] == "| [90 · Made](notebooks/90_made.ipynb) | Why? |  |  |  |"
    made(LIGHT, deeper=True)
    assert lesson_table().splitlines()[2].endswith("| Why? |  |  | [Deeper](notebooks/deeper/90_made.ipynb) |")


def test_the_trial_of_lessons_compares_the_second_volumes_and_that_of_deeper_writes_them(built, made, tmp_path):
    out = tmp_path / "trial"

    def command(*arguments):
        return CliRunner().invoke(app, ["build", *arguments])

    said = command("--deeper", "--trial", str(out))
    assert (said.exit_code, out.exists()) == (0, False)
    assert "No lesson has a second notebook" in said.output
    deeper = made('\n# %%\nfrom pathlib import Path\n\nPath("here").touch()\n', deeper=True)
    stale = command("--trial", str(out))
    assert stale.exit_code == 2
    assert "deeper/90_made.ipynb is missing. Build it with: make notebooks" in stale.output
    assert command("90-deeper").exit_code == 0
    assert (deeper.edition.parent / "here").exists()  # its kernel ran in the folder of the edition
    assert command("--trial", str(out)).exit_code == 0
    assert [path.relative_to(out).as_posix() for path in out.rglob("*.ipynb")] == ["90_made.ipynb"]
    assert command("--deeper", "--trial", str(out)).exit_code == 0
    assert (out / "deeper" / "90_made.ipynb").is_file()
    assert command("90-deeper", "--solutions", str(out)).exit_code == 0
    assert (out / "deeper" / "90_made_solutions.ipynb").is_file()
    deeper.path.write_text(deeper.path.read_text().replace('"90-deeper"', '"90"'))
    with pytest.raises(
        ValueError, match='deeper/90_made.py: one cell tagged "parameters" must say LESSON = "90-deeper"'
    ):
        student_edition(deeper)


@pytest.mark.slow
def test_the_templates_build_within_the_measures_and_every_answer_in_them_is_judged(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks" / "source"
    (folder / "deeper").mkdir(parents=True)
    shutil.copyfile(SOURCES / "template.py", folder / "99_template.py")
    shutil.copyfile(SOURCES / "deeper" / "template.py", folder / "deeper" / "99_template.py")
    monkeypatch.setattr(sources, "notebooks_folder", lambda: tmp_path / "notebooks")
    write_program(both_volumes()[0])
    for volume in both_volumes():
        write_notebook(build(volume), volume.edition)
        assert nbval(trial_edition(volume), tmp_path) == []


def test_an_assignment_has_solutions_between_markers_and_a_point_for_each_check_that_is_right():
    (lesson,) = lessons(["01"])
    cells = [cell for cell in graded_edition(lesson).cells if "nbgrader" in cell.metadata]
    answers = [cell for cell in cells if cell.metadata.nbgrader.solution]
    checks = [cell for cell in cells if cell.metadata.nbgrader.grade]
    assert [cell.metadata.nbgrader.grade_id for cell in cells[:2]] == ["answer-01-1", "check-01-1"]
    assert len(answers) == len(checks) and all(BEGIN in cell.source for cell in answers)
    assert all(cell.metadata.nbgrader.locked and cell.metadata.nbgrader.points == 1 for cell in checks)
    assert checks[0].source.endswith('\nassert lesson.checked["01.1"] == "right"')
    assert not any("wrong-answer" in cell.metadata.get("tags", []) for cell in graded_edition(lesson).cells)


def test_build_writes_a_course_of_nbgrader(made, tmp_path):
    made()
    assert CliRunner().invoke(app, ["build", "90", "--nbgrader", str(tmp_path / "course")]).exit_code == 0
    assert (tmp_path / "course" / "source" / "90_made" / "90_made.ipynb").is_file()
    assert "timeout" in (tmp_path / "course" / "nbgrader_config.py").read_text()
