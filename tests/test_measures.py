"""A lesson that is too long or mixed, or says a number that it does not print, is refused in words."""

import re

import nbformat
import pytest
from made import LIGHT
from typer.testing import CliRunner

from tlcourse.__main__ import app
from tlcourse.course import measures as measures_module
from tlcourse.course.measures import HEADINGS, hold_to_measures, measures, missed
from tlcourse.course.numbers import is_rounded, measured, printed
from tlcourse.course.prose import unprinted, words
from tlcourse.course.sources import lessons

CLAIM = '\n# %%\nlesson.claim("c{}", "It holds.", holds=True)\n'


def markdown(text):
    return "\n# %% [markdown]\n" + "".join(f"# {line}\n" for line in text.splitlines())


def body(headings=HEADINGS, before="", after=""):
    """Return the body of a lesson within all measures, with more cells before and after "Your turn"."""
    sections = [(before if title == "Your turn" else "") + markdown(f"## {title}") for title in headings]
    return CLAIM.format(0) + CLAIM.format(1) + "".join(sections) + after


def notebook(*cells):
    """Return a notebook: a text is Markdown, a list is a code cell with its outputs."""
    made = []
    for cell in cells:
        if isinstance(cell, str):
            made.append(nbformat.v4.new_markdown_cell(cell))
        else:
            outputs = [nbformat.v4.new_output("stream", text=each) if isinstance(each, str) else each for each in cell]
            made.append(nbformat.v4.new_code_cell("x = 0.01", outputs=outputs))
    return nbformat.v4.new_notebook(cells=made)


def missed_by(lesson):
    return missed(lesson, notebook())


def test_a_lesson_within_the_measures_misses_none(made):
    lesson = made(body())
    assert missed_by(lesson) == []
    assert measures(lesson)["cells"] == [3, 1, 1]
    assert measures(lesson)["claims"] == ["c0", "c1"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (body(before="\n# %%\n1\n" * 22), "at most 24 code cells before “Your turn”; got 25"),
        (body(before=("\n# %%\n" + "1\n" * 7) * 4), "At least half of the code cells have at most 6 lines; got 3 of 7"),
        (body(before="\n# %%\n%time\n" + "1\n\n" * 19), "at most 18 lines; 1 have more, the longest 19"),
        (body(before=markdown("a " * 1_900)), "at most 1,900 words of prose; got 1,9"),
        (
            body(after="\n# %%\nfrom tlcourse.x import a, b, c, d, e, f, g, h, i\n"),
            "at most 8 names from tlcourse; got 9",
        ),
        (body().replace(CLAIM.format(1), ""), "2 to 4 claims; got 1: c0"),
        (body(before="".join(CLAIM.format(n) for n in (2, 3, 4))), "2 to 4 claims; got 5: c0, c1, c2, c3, c4"),
        (body(HEADINGS[1:]), "the headings of the template; missing: Data"),
        (body(sorted(HEADINGS)), "in the template's order: Data, Idea"),
        (
            body(after="\n# %%\nx = lesson.pick(quick=1, full=2)\nmodel.fit(x)\n"),
            "lesson.pick and .fit(…) do, in “x = lesson.pick(quick=1, full=2)”",
        ),
    ],
)
def test_each_measure_that_is_missed_is_named(made, changed, said):
    (sentence,) = missed_by(made(changed))
    assert said in sentence


def test_what_belongs_to_an_exercise_and_what_follows_it_is_no_cell_of_the_lesson(made):
    answer = "\n# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"
    wrong = '\n# %% tags=["wrong-answer"]\nfrom tlcourse.x import a, b, c, d, e, f, g, h, i\n'
    counts = measures(made(body(before=answer + wrong, after="\n# %%\n1\n" * 30)))
    assert (len(counts["cells"]), counts["names"]) == (3, [])


def test_method_alone_and_plumbing_alone_may_be_as_they_like(made):
    cells = "\n# %%\nmodel.compile()\nmodel.fit(x)\n\n# %%\nbudget = lesson.pick(quick=1, full=2)\n"
    assert missed_by(made(body(after=cells))) == []


def test_words_are_what_one_reads():
    assert words("```\nnot code\n```\n| a | table |\n<!-- no comment -->") == 2
    assert words("[A link](https://example.org), *two* $x + y$ – <b>bold</b>") == 4


def test_a_second_notebook_is_held_to_its_numbers_alone(made, monkeypatch):
    lesson, deeper = made(LIGHT), made(LIGHT, deeper=True)
    monkeypatch.setattr(measures_module, "missed", missed)
    hold_to_measures(deeper, notebook(["87.0 % right"], "It was 87.0 %."))
    with pytest.raises(ValueError, match="no output before it prints 87.4 %"):
        hold_to_measures(deeper, notebook(["87.0 % right"], "It was 87.4 %."))
    with pytest.raises(ValueError, match="^90_made.py: A lesson has 2 to 4 claims.*\n90_made.py: .*headings"):
        hold_to_measures(lesson, notebook())


def test_build_and_its_trial_refuse_what_misses_a_measure_and_the_edition_can_be_read(made, tmp_path, monkeypatch):
    lesson = made(LIGHT)
    monkeypatch.setattr(measures_module, "missed", missed)
    built = CliRunner().invoke(app, ["build", "90"])
    assert built.exit_code == 2
    assert "90_made.py: A lesson has 2 to 4 claims; got 0: none." in built.output
    assert lesson.edition.is_file()
    tried = CliRunner().invoke(app, ["build", "90", "--trial", str(tmp_path / "trial")])
    assert tried.exit_code == 2
    assert "90_made.py: A lesson has 2 to 4 claims; got 0: none." in tried.output
    assert not (tmp_path / "trial").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("92.5 % and 93.1% and 94 per cent, or 95\u202f%", ["92.5 %", "93.1 %", "94 %", "95 %"]),
        ("82 to 86 %, between 7 and 9 points, 3–5 %", ["82 %", "86 %", "7 points", "9 points", "3 %", "5 %"]),
        ("a gain of +7.1, a loss of −2.3 points, an AUC of .72", ["+7.1", "-2.3 points", ".72"]),
        ("a factor of 2.4 over 1,234.5", ["2.4", "1,234.5"]),
        ("In 2019, 1,797 digits from −1 to 1, five of each, 8×8 pixels, 3 of 5 seeds", []),
        ("Exercise 1.2, lesson 3.1, Keras 3.15, TensorFlow 2.21, version 0.10.0, equation (2.4), CIFAR-10", []),
        ("mobilenet-0.25 saw 1.28 million photographs in 1.5 GB", []),
        ("a 95 % interval, its 95 % confidence interval", []),
    ],
)
def test_what_is_a_measured_number(text, found):
    assert [number.text for number in measured(text)] == found


@pytest.mark.parametrize(
    ("text", "value", "percent", "same"),
    [
        ("92.5 %", 92.5, True, True),
        ("92.5 %", 0.925, False, True),
        ("92.5 %", 0.92449, False, False),
        ("92 %", 92.5, True, True),  # half to even, as Python rounds
        ("93 %", 92.5, True, True),  # half up, as people round
        ("2.7", 2.675, False, True),
        ("2.68", 2.675, False, True),  # a float below the half
        ("92.5 %", 93, True, False),  # more digits than were printed
        ("0.925", 92.5, True, True),
        ("7.1 points", 0.0712, False, True),
        ("2.3 points", -2.3, False, True),
        ("+2.3 points", -2.3, False, False),
        ("−2.3 points", -0.023, False, True),
        ("50 %", 0.5, True, False),
    ],
)
def test_a_number_is_another_one_rounded(text, value, percent, same):
    (number,) = measured(text)
    assert is_rounded(number, value, percent) is same


def test_numbers_are_read_from_every_kind_of_output():
    table = nbformat.v4.new_output("display_data", {"text/html": "<td>1,234.5</td><td>−7.1</td>"})
    figure = nbformat.v4.new_output("display_data", {"text/plain": "<Figure size 640x480>", "image/png": ""})
    kept = {"tlcourse": {"gain": {"mean": 0.071, "draws": 5}, "sure": True}}
    claim = nbformat.v4.new_output("display_data", {"text/plain": "✓ Holds"}, metadata=kept)
    assert printed(table) == [(1234.5, False), (-7.1, False)]
    assert printed(figure) == []
    assert printed(claim) == [(0.071, False), (5.0, False)]


def test_a_number_stands_in_an_output_of_its_own_section_before_it():
    right = notebook("## One", ["accuracy 0.9251"], "It names 92.5 % right.")
    assert unprinted(right) == []
    (said,) = unprinted(notebook("## One", ["accuracy 0.9251"], "It names 92.6 % right."))
    assert said.startswith("In “One”, no output before it prints 92.6 %, as in “It names 92.6 % right.”. Print it,")
    assert len(unprinted(notebook("## One", "92.5 % will come out.", ["accuracy 0.9251"]))) == 1
    assert len(unprinted(notebook("## One", ["0.9251"], "## Two\n\nIt was 92.5 %."))) == 1
    assert unprinted(notebook("## One", ["0.9251"], "It is 92.5 %.\n\n## Two", ["0.5"], "### Sub\n\nIt is 50 %.")) == []


def test_what_is_measured_in_deeper_is_looked_for_there_alone():
    said = notebook("## One", ["0.5"], "Ten networks: 92.5 %. <!-- measured in Deeper -->\n\nHere 50.0 %.")
    assert unprinted(said, notebook("## Any", ["accuracy 0.9251"])) == []
    for second in (None, notebook("## Any", ["0.5"])):
        (found,) = unprinted(said, second)
        assert "no output in Deeper prints 92.5 %" in found


@pytest.mark.parametrize(
    "text",
    [
        "<!-- not measured here: in the full profile -->\nThere it is 71.3 %, and 71.4 %.",
        "Others report 71.3 % (Ganin et al. 2016).",
        "Yosinski et al. (2014) report 71.3 %.",
        "| Smith & Jones (2019) | 71.3 % |",
        "It was [71.3 %](deeper/01_x.ipynb).",
        "`71.3 %`, $p = 71.3$ and <img alt='71.3 %'>",
        "```\n71.3 %\n```",
        "### From 50 to 71.3 %",
        "<details><summary>Is 71.3 % much?</summary>\n\nYes.\n</details>",
        "<details><summary>Hint</summary>\n\nTry 71.3 %.\n</details>",
        "Guessing would give 10 %, and a coin 50 %.",
        "The rate of 0.01 is ordinary.",
    ],
)
def test_what_is_not_held_to_the_outputs(text):
    assert unprinted(notebook("## One", [], text)) == []


def test_an_exemption_is_for_one_paragraph_and_has_a_reason():
    comment = "<!-- not measured here: in the full profile -->"
    assert len(unprinted(notebook(f"## One\n\n{comment}\nIt is 71.3 %.\n\nIt is 71.4 %."))) == 1
    (said,) = unprinted(notebook("## One\n\n<!-- not measured here -->\nIt is 71.3 %."))
    assert "an exemption has no reason" in said
    assert "an exemption has no reason" in unprinted(notebook("<!-- not measured here: -->\nIt is 71.3 %."))[0]


def test_a_summary_speaks_of_the_whole_lesson():
    for title in ("What it shows and what it does not", "Recap"):
        assert unprinted(notebook("## One", ["0.9251"], "## Two", ["0.5"], f"## {title}\n\n92.5 %, then 50 %.")) == []
        assert len(unprinted(notebook("## One", ["0.9251"], f"## {title}\n\nIt was 92.6 %."))) == 1


def test_lesson_00_says_no_number_that_it_does_not_print():
    (lesson,) = lessons(["00"])
    edition = nbformat.read(lesson.edition, as_version=4)
    assert unprinted(edition) == []
    said = [cell for cell in edition.cells if cell.cell_type == "markdown" and re.search(r"\d\d\.\d %", cell.source)]
    assert len(said) > 3
    for cell in said:
        cell.source = re.sub(r"(\d\d)\.\d %", r"\1.2 %", cell.source)
    assert len(unprinted(edition)) > 3


@pytest.mark.parametrize("name", ["01", "03", "05"])
def test_a_wrong_digit_is_found_in_a_lesson_and_the_right_one_is_not(name):
    (lesson,) = lessons([name])
    edition = nbformat.read(lesson.edition, as_version=4)
    before = unprinted(edition)
    outputs = [
        (at, output.get("text", "")) for at, cell in enumerate(edition.cells) for output in cell.get("outputs", [])
    ]
    at, digits = next((at, found[1]) for at, text in outputs if (found := re.search(r"(\d\d\.\d) ?%", text)))
    sentence = nbformat.v4.new_markdown_cell(f"So {digits} % of them are right.")
    edition.cells.insert(at + 1, sentence)
    assert unprinted(edition) == before
    wrong = f"{digits[:-1]}{(int(digits[-1]) + 5) % 10}"
    sentence.source = sentence.source.replace(digits, wrong)
    (found,) = set(unprinted(edition)) - set(before)
    assert f"no output before it prints {wrong} %" in found
