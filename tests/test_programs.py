"""The programs: which statements of a lesson they take, and that they run."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from tlcourse.course.programs import has_its_program, program
from tlcourse.course.slicing import needed, statements_of
from tlcourse.course.sources import LessonSource, lessons, read_source


def slice_of(code, given=()):
    """Return the lines of a slice; those that print are wanted."""
    statements = statements_of(code, wanted=lambda node: ast.unparse(node).startswith("print"))
    return [each.code for each in needed(statements, set(given))]


def test_what_is_made_again_is_not_needed_from_before():
    assert slice_of("a = 1\na = 2\nprint(a)") == ["a = 2", "print(a)"]


def test_what_is_made_again_from_itself_is():
    assert slice_of("a = 1\na = a + 1\nprint(a)") == ["a = 1", "a = a + 1", "print(a)"]


@pytest.mark.parametrize(
    "change",
    [
        *("a.append(2)", "a[0] = 2", "a.name = 2", "del a[0]", "a += 1", "change(a)", "change(x=a)"),
        *("b = a.fit(2)", "b = a.fit(2).history", "rng.shuffle(a)", "b = a.pop()"),
    ],
)
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


def test_a_loop_over_parts_changes_the_whole():
    loop = "for layer in reversed(base.layers):\n    layer.trainable = False"
    assert slice_of(f"base = make()\n{loop}\nprint(base)") == ["base = make()", loop, "print(base)"]


def test_names_of_comprehensions_are_their_own():
    assert slice_of("x = 1\ny = [x for x in (5, 6)]\nprint(x)") == ["x = 1", "print(x)"]
    assert slice_of("n = 3\nprint(n, [n for n in range(2)])") == ["n = 3", "print(n, [n for n in range(2)])"]


def test_classes_and_decorators_are_whole():
    made = "@cache\nclass A:\n    size = n\n    def get(self):\n        return m"
    assert slice_of(f"n = 1\n{made}\nm = 2\nprint(A())") == ["n = 1", made, "m = 2", "print(A())"]


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


def body(lesson):
    """Return what a program has between its beginning and its last line."""
    return program(lesson).partition("set_random_seed(0)\n\n")[2].rpartition("\n\nprint(__doc__")[0]


def test_a_program_takes_what_the_quick_profile_picks(tmp_path):
    lesson = a_lesson(tmp_path, "side = lesson.pick(quick=(x, 'a'), full=2)\nprint(side)")
    assert body(lesson) == "x = 1\n\nside = (x, 'a')\nprint(side)"


def test_a_program_checks_what_its_lesson_checks_and_draws_nothing(tmp_path):
    lesson = a_lesson(tmp_path, "plt.plot(x)\nassert x > 0, 'too few'\nlesson.claim('c', 'C.', holds=x)")
    assert body(lesson) == "x = 1\n\nassert x > 0, 'too few'"


def test_a_program_has_no_lesson(tmp_path):
    with pytest.raises(ValueError, match=r"no `lesson`, which this needs: part = lesson\.part"):
        program(a_lesson(tmp_path, "part = lesson.part\nprint(part)"))


@pytest.mark.parametrize("text", ['print("a")', 'print("a\\n")', '"""What it does."""'])
def test_a_program_writes_the_files_that_its_lesson_writes(tmp_path, text):
    code = body(a_lesson(tmp_path, f"# %%writefile {{FOLDER}}/ask.py\n{text}\n# %%\nprint(x)"))
    assert code.endswith("\n\nprint(x)")
    exec(code, {"FOLDER": tmp_path})
    assert (tmp_path / "ask.py").read_text() == f"{text}\n"


def test_files_written_before_that_part_come_last_for_the_folder_is_looked_at_first(tmp_path):
    lesson = a_lesson(tmp_path, "print(x)")
    by_hand = '# %%\n# %%writefile {FOLDER}/sort.py\nprint("s")\n# %%\nx = 1'
    lesson.path.write_text(lesson.path.read_text().replace("x = 1", by_hand))
    assert body(lesson).startswith('x = 1\n\nprint(x)\n\n(FOLDER / "sort.py").write_text(')


def test_the_head_of_a_program_says_what_the_folder_has_before_and_after():
    (lesson,) = lessons(["05"])
    head = ast.get_docstring(ast.parse(program(lesson)))
    assert "\n\nFOLDER has mine.csv and test.csv" in head and "\n\nWritten into FOLDER: mine.keras" in head


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


def example_folder(lesson):
    """Run what makes the example folder of a lesson, and return it."""
    statements, own = [], False
    for cell in read_source(lesson.path).cells:
        own = own or (cell.cell_type == "markdown" and "## On your own data" in cell.source)
        if cell.cell_type == "code" and not cell.source.startswith("%%"):
            statements += statements_of(cell.source, wanted=(lambda node: True) if own else (lambda node: False))
            if own:
                break
    imports = [each for each in statements if isinstance(each.node, ast.Import | ast.ImportFrom)]
    names = {}
    for each in [*imports, *needed([each for each in statements if each not in imports])]:
        exec(each.code, names)
    return Path(names["FOLDER"])


def run(lesson, folder):
    done = subprocess.run([sys.executable, lesson.program, folder], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Written into FOLDER: " in done.stdout
    assert list(folder.glob("*.keras"))
    return done.stdout


def numbers(lines):
    return np.array([float(each) for each in re.findall(r"\d+\.\d+(?=%|\b)", "\n".join(lines))])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["01", "04", "06"])
def test_a_program_prints_what_its_notebook_prints(name):
    (lesson,) = lessons([name])
    printed = run(lesson, example_folder(lesson)).splitlines()[:-3]
    outputs = [each for cell in nbformat.read(lesson.edition, 4).cells for each in cell.get("outputs", [])]
    known = "".join(output.get("text", "") for output in outputs).splitlines()
    shape = [re.sub(r"[\d.]+", "#", line) for line in known]
    pairs = [(line, known[shape.index(re.sub(r"[\d.]+", "#", line))]) for line in printed if numbers([line]).size]
    assert len(pairs) > 5
    assert np.median(np.abs(numbers([a for a, _ in pairs]) - numbers([b for _, b in pairs]))) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["00", "03", "05"])  # 02 takes more than a minute for the three rates of its notebook
def test_a_program_runs(name):
    (lesson,) = lessons([name])
    folder = example_folder(lesson)
    for file in folder.glob("*.csv"):
        file.write_text("".join(file.read_text().splitlines(keepends=True)[::5]))
    run(lesson, folder)
