"""The programs: which statements of a lesson they take, and that they run."""

import ast
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tlcourse.course.programs import has_its_program, program
from tlcourse.course.slicing import Statement, needed
from tlcourse.course.sources import LessonSource, lessons
from tlcourse.datasets import load_dataset


def slice_of(code, given=()):
    """Return the lines of a slice; those that print are wanted."""
    nodes = ast.parse(code).body
    texts = ["\n".join(code.splitlines()[node.lineno - 1 : node.end_lineno]) for node in nodes]
    listed = [Statement(node, text, 0, text.startswith("print")) for node, text in zip(nodes, texts)]
    return [each.code for each in needed(listed, set(given))]


def test_what_is_made_again_is_not_needed_from_before():
    assert slice_of("a = 1\na = 2\nprint(a)") == ["a = 2", "print(a)"]


def test_what_is_made_again_from_itself_is():
    assert slice_of("a = 1\na = a + 1\nprint(a)") == ["a = 1", "a = a + 1", "print(a)"]


@pytest.mark.parametrize("change", ["a.append(2)", "a[0] = 2", "a.name = 2", "b = a.fit(2)", "change(a)", "a += 1"])
def test_changes_are_needed(change):
    assert slice_of(f"a = [1]\n{change}\nprint(a)")[1] == change


@pytest.mark.parametrize("same", ["b = a.predict(2)", "b = f(a)", "c.fit(a)", "a_b = 1"])
def test_what_only_reads_is_not(same):
    assert slice_of(f"a = [1]\n{same}\nprint(a)") == ["a = [1]", "print(a)"]


def test_a_function_needs_what_it_reads_even_if_that_is_made_later():
    code = "def f(x):\n    return [g * n * y for y in x]\nn = 1\ng = 2\nother = 3\nprint(f(4))"
    assert slice_of(code) == [*code.replace("\nother = 3", "").split("\nn")[:1], "n = 1", "g = 2", "print(f(4))"]


def test_defaults_are_read_where_a_function_is_made():
    code = "n = 1\ndef f(x=n):\n    return x\nprint(f())"
    assert slice_of(code)[0] == "n = 1"


def test_a_loop_needs_what_it_reads_and_not_its_own_names():
    code = "i = 0\ntotal = 0\nfor i in rows:\n    each = i\n    total += each\nprint(total)"
    assert slice_of(code) == ["total = 0", code.split("\n", 2)[2].rpartition("\n")[0], "print(total)"]


def test_both_branches_count():
    code = "a = 1\nif test:\n    a = 2\nprint(a)"
    assert slice_of(code) == ["a = 1", "if test:\n    a = 2", "print(a)"]


def test_what_is_given_is_not_made():
    assert slice_of("folder = 1\nprint(folder)", given=["folder"]) == ["print(folder)"]


def a_lesson(tmp_path, own):
    path = tmp_path / "09_made.py"
    cells = f'# %%\nlesson = Lesson("09")\nx = 1\n# %% [markdown]\n# ## On your own data\n# %%\n{own}\n'
    path.write_text(f"{cells}# %% [markdown]\n# ## Is it worth it?\n# %%\nprint('not this')\n")
    return LessonSource("09", path, "Made", "What?", {}, {})


def test_a_program_takes_what_the_quick_profile_picks(tmp_path):
    made = program(a_lesson(tmp_path, "side = lesson.pick(quick=(x, 'a'), full=2)\nprint(side)"))
    assert made.endswith("\n\nx = 1\n\nside = (x, 'a')\nprint(side)\n")
    assert "FOLDER = Path(sys.argv[1])\nkeras.utils.set_random_seed(0)" in made


def test_a_program_checks_what_its_lesson_checks_and_draws_nothing(tmp_path):
    made = program(a_lesson(tmp_path, "plt.plot(x)\nassert x > 0, 'too few'\nlesson.claim('c', 'C.', holds=x)"))
    assert made.endswith("\n\nx = 1\n\nassert x > 0, 'too few'\n")


def test_a_program_has_no_lesson(tmp_path):
    with pytest.raises(ValueError, match=r"no `lesson`, which this needs: part = lesson\.part"):
        program(a_lesson(tmp_path, "part = lesson.part\nprint(part)"))


def test_a_program_writes_the_files_that_its_lesson_writes(tmp_path):
    made = program(a_lesson(tmp_path, '# %%writefile {FOLDER}/ask.py\nprint("a")\n# %%\nprint(x)'))
    assert made.endswith('(FOLDER / "ask.py").write_text("""\\\nprint("a")\n""")\n\nprint(x)\n')


def test_files_written_before_that_part_come_last_for_the_folder_is_looked_at_first(tmp_path):
    lesson = a_lesson(tmp_path, "print(x)")
    by_hand = '# %%\n# %%writefile {FOLDER}/sort.py\nprint("s")\n# %%\nx = 1'
    lesson.path.write_text(lesson.path.read_text().replace("x = 1", by_hand))
    assert program(lesson).endswith('x = 1\n\nprint(x)\n\n(FOLDER / "sort.py").write_text("""\\\nprint("s")\n""")\n')


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.name)
def test_each_lesson_has_its_program(lesson):
    assert has_its_program(lesson), "make notebooks"
    assert "lesson." not in program(lesson)


def test_programs_read_no_name_that_they_do_not_make():
    programs = [str(lesson.program) for lesson in lessons()]
    ruff = [sys.executable, "-m", "ruff", "check", "--select", "F", "--no-cache", *programs]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_program_without_a_folder_says_how_to_run_it():
    (path,) = [lesson.program for lesson in lessons(["06"])]
    done = subprocess.run([sys.executable, path], capture_output=True, text=True)
    assert done.returncode == 1
    assert "python 06_negative_transfer.py FOLDER" in done.stderr


@pytest.mark.slow
def test_a_program_runs_on_a_folder(tmp_path):
    textures = load_dataset("textures", "development")
    for whose, part, some in (("yours", "test", 6), ("theirs", "pool", 20), ("test", "pool", 30)):
        examples = getattr(textures, part)
        for kind, name in enumerate(textures.class_names[:2]):
            (tmp_path / whose / name).mkdir(parents=True)
            for row in np.flatnonzero(examples.labels == kind)[-some:]:
                image = Image.fromarray((255 * examples.images[row]).astype("uint8"))
                image.save(tmp_path / whose / name / f"{row}.png")
    (path,) = [lesson.program for lesson in lessons(["06"])]
    done = subprocess.run([sys.executable, path, tmp_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "chosen minus this" in done.stdout and (tmp_path / "mine.keras").is_file()
