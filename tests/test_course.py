import base64
import io
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from made import BODY
from PIL import Image

import tlcourse.course.sources as sources
from tlcourse.course.build import build, differences, light, without_volatile
from tlcourse.course.editions import blank, solution, solved_edition, student_edition, trial_edition
from tlcourse.course.sources import LessonSource, lessons, write_notebook


def test_editions_hide_solve_and_try(made):
    lesson = made()
    student, solved, trial = student_edition(lesson), solved_edition(lesson), trial_edition(lesson)
    assert "42" not in "".join(cell.source for cell in student.cells)
    assert "41" not in "".join(cell.source for cell in [*student.cells, *solved.cells])
    assert "answer = ..." in [cell.source for cell in student.cells]
    assert "answer = 42" in [cell.source for cell in solved.cells]
    attempts = [cell.source for cell in trial.cells if cell.source.startswith("answer = ")]
    assert attempts == ["answer = ...", "answer = 41", "answer = 42"]


def test_the_same_source_builds_the_same_cells_with_unique_ids(made):
    lesson = made()
    one, two = student_edition(lesson), student_edition(lesson)
    assert nbformat.writes(one) == nbformat.writes(two)
    assert len({cell.id for cell in one.cells}) == len(one.cells)
    nbformat.validate(one)


def test_what_is_the_same_everywhere_is_tagged_and_exercises_carry_nbgraders_metadata(made):
    cells = {cell.source.split("(")[0]: cell for cell in student_edition(made()).cells}
    assert cells["lesson.claim"].metadata.tags == ["nbval-check-output"]
    assert cells["print"].metadata.tags == ["nbval-check-output"]
    assert "tags" not in cells["answer = ..."].metadata
    assert cells["answer = ..."].metadata.nbgrader.grade_id == "exercise-90-1"
    assert cells["lesson.check"].metadata.nbgrader.points == 1


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
    lesson = made()
    lesson.path.write_text(lesson.path.read_text(encoding="utf-8").replace('tags=["parameters"]', ""), encoding="utf-8")
    with pytest.raises(ValueError, match='one cell tagged "parameters" must say LESSON = "90"'):
        student_edition(lesson)
    with pytest.raises(ValueError, match="Unknown lesson '91'. Known: 90"):
        lessons(["91"])


@pytest.fixture
def built(made):
    lesson = made()
    write_notebook(build(lesson), lesson.edition)
    return lesson


def nbval(folder):
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


@pytest.mark.slow
def test_build_is_deterministic_and_nbval_agrees(built):
    first = built.edition.read_bytes()
    write_notebook(build(built), built.edition)
    assert built.edition.read_bytes() == first
    assert differences(built) == []
    assert nbval(built.edition.parent).returncode == 0


CHANGES = {
    "a claim's line": ("Holds: The seed is below 3.", "Holds: The seed is below 4."),
    "a claim's verdict": ('"holds": true', '"holds": false'),
    "a shape": ("(0, 8, 8)", "(0, 8, 9)"),
    "a check's answer": ("not answered yet", "right"),
}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_nbval_bites(built, change):
    text, (old, new) = built.edition.read_text(encoding="utf-8"), CHANGES[change]
    changed = text.replace(old, new)
    assert changed != text
    built.edition.write_text(changed, encoding="utf-8")
    result = nbval(built.edition.parent)
    assert result.returncode == 1
    assert "1 failed" in result.stdout or "2 failed" in result.stdout


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
    error = nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])
    assert "failed or wrote" in changed(lambda code: code[2].outputs.append(error))
    built.edition.unlink()
    assert "is missing" in differences(built)[0]


def test_volatile_things_go():
    cell = nbformat.v4.new_code_cell("f", metadata={"execution": {"iopub.status.busy": "2026"}}, execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("display_data", data={"text/plain": "<f at 0x7f00deadbeef>"}),
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"language_info": {"name": "python", "version": "3.12.1"}}
    )
    text = nbformat.writes(without_volatile(notebook))
    assert all(word not in text for word in ("2026", "warning", "deadbeef", "3.12.1"))


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


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_committed_editions_are_what_their_sources_build(lesson):
    assert isinstance(lesson, LessonSource)
    assert differences(lesson) == []
    assert lesson.edition.stat().st_size <= 250_000


@pytest.mark.slow
@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_every_solution_passes_and_neither_blank_nor_wrong_answers_do(lesson):
    notebook = build(lesson, trial_edition)
    statuses = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            entry = output.get("data", {}).get("application/vnd.tlcourse.check+json")
            if entry:
                statuses.setdefault(entry["id"], []).append(entry["status"])
    assert len(statuses) >= 3
    for exercise, tried in statuses.items():
        assert len(tried) >= 3, f"{exercise} needs wrong answers"
        assert tried == ["unanswered", *["wrong"] * (len(tried) - 2), "right"], exercise
