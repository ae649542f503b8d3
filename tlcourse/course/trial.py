"""The edition that tests execute, once: what students get, and every answer tried."""

import nbformat

from tlcourse.course.build import differences
from tlcourse.course.editions import COMPARED, exercises, numbered, solution
from tlcourse.course.measures import hold_to_measures
from tlcourse.course.sources import read_source
from tlcourse.lesson import MIME


def trial_edition(source):
    """Return the committed edition with its outputs, and after each check the answers with what it must say of them.

    nbval executes it and compares: the committed outputs, "not yet" for each wrong answer, "right" for the solution.

    Args:
        source: a `LessonSource`.

    Raises:
        ValueError: if the committed edition is not what the source builds, or a lesson misses a measure.
    """
    found = differences(source)
    if found:
        raise ValueError("\n".join(found))
    committed = nbformat.read(source.edition, as_version=4)
    hold_to_measures(source, committed)
    tried = iter(exercises(read_source(source.path)).items())
    number, (answer, wrong, check) = next(tried, ("", (None, (), None)))
    cells = []
    for cell in committed.cells:
        cells.append(cell)
        if check is not None and cell.source == check.source:
            for attempt in wrong:
                cells += [nbformat.v4.new_code_cell(attempt.source), _expected(cell, number, "wrong", "not yet.")]
            cells += [nbformat.v4.new_code_cell(solution(answer.source)), _expected(cell, number, "right", "right.")]
            number, (answer, wrong, check) = next(tried, ("", (None, (), None)))
    return numbered(source, cells)


def _expected(check, number, status, text):
    data = {"text/plain": f"Exercise {number}: {text}", MIME.format("check"): {"id": number, "status": status}}
    output = nbformat.v4.new_output("display_data", data, metadata={"tlcourse": {}})
    return nbformat.v4.new_code_cell(check.source, metadata={"tags": [COMPARED]}, outputs=[output], execution_count=1)
