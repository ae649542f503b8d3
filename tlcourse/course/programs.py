"""A lesson's part on one's own data as one program, made of the lesson's cells."""

import ast
import re
import sys
import textwrap

from tlcourse.course.editions import EXAMPLE
from tlcourse.course.slicing import names_in, needed, root, statements_of
from tlcourse.course.sources import read_source
from tlcourse.course.statements import of_lesson

OWN = "On your own data"
"""The heading of that part."""

GIVEN = {"FOLDER", "lesson"}
"""Names that a program doesn't take from the lesson: it is given a folder, and has no profile."""

PROGRAM = '''"""Lesson {name}, {title}: what it does with data of your own, as one program.

    python {file} FOLDER

{given}

{made}
"""

{imports}

if len(sys.argv) != 2:
    sys.exit(__doc__)
FOLDER = Path(sys.argv[1])
keras.utils.set_random_seed(0)

{body}

print(__doc__.rpartition("\\n\\n")[2])
'''


def write_program(source):
    """Write the program of a lesson, if it has one."""
    made = program(source)
    if made:
        source.program.parent.mkdir(exist_ok=True)
        source.program.write_text(made, encoding="utf-8")


def has_its_program(source):
    """Return whether the committed program of a lesson is what its source builds."""
    made = program(source)
    return not made or (source.program.is_file() and source.program.read_text(encoding="utf-8") == made)


def program(source):
    """Return the program of a lesson; nothing if it does nothing there.

    It has each statement of "On your own data" that calls something for its effect, such as `print` or `fit`, and
    before these all that makes or changes what they read. Cells tagged `example` only lend what others read.

    Args:
        source: a `LessonSource`.

    Raises:
        ValueError: if one of its statements needs `lesson` for more than `lesson.pick`.
    """
    statements = _statements(source)
    imports = [each for each in statements if isinstance(each.node, ast.Import | ast.ImportFrom)]
    kept = needed([each for each in statements if each not in imports], GIVEN)
    if not kept:
        return ""
    body = "".join(_space(*pair) + _in_quick(pair[1]) for pair in zip([None, *kept], kept))
    used = {"Path"}.union(*(names_in(each.node) for each in kept))
    folder = {key: textwrap.fill(text, 100, break_on_hyphens=False) for key, text in source.own_data.items()}
    about = {"name": source.name, "title": source.title, "file": source.path.name, "given": "", "made": ""} | folder
    return PROGRAM.format(**about, imports=_imports([each.node for each in imports], used), body=body)


def _statements(source):
    """Return a lesson's statements up to the end of that part; those last that write a file before it."""
    found, files = [], []
    for number, (heading, cell) in enumerate(_code_cells(source)):
        if cell.source.startswith("%%writefile"):
            (found if heading == OWN else files).extend(statements_of(_writing(cell.source), number, lambda node: True))
        else:
            own = heading == OWN and EXAMPLE not in cell.metadata.get("tags", [])
            found += statements_of(cell.source, number, _acts if own else lambda node: False)
    return found + files


def _code_cells(source):
    """Yield the code cells of a lesson to the end of "On your own data", each with its heading of level two."""
    heading = ""
    for cell in read_source(source.path).cells:
        if cell.cell_type == "code":
            yield heading, cell
            continue
        for title in re.findall(r"^## (.+)", cell.source, re.MULTILINE):
            if heading == OWN:
                return
            heading = title.strip()


def _writing(cell):
    """Return a cell that writes a file as a statement that writes it into the folder."""
    first, _, text = cell.partition("\n")
    quoted = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'(FOLDER / "{first.rpartition("/")[2]}").write_text("""\\\n{quoted}\n""", encoding="utf-8")'


def _acts(node):
    """Return whether a statement checks something, or calls it for its effect, other than a drawing or a claim."""
    if isinstance(node, ast.FunctionDef | ast.Assert):
        return isinstance(node, ast.Assert)
    calls = [each.value for each in ast.walk(node) if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)]
    return any(root(call) not in {"plt", "ax", "axes", "lesson"} for call in calls)


def _in_quick(statement):
    """Return the code of a statement, with what `lesson.pick` takes in the quick profile in its place."""
    code = statement.code
    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and of_lesson(call):
            taken = [each.value for each in call.keywords if each.arg == "quick" and call.func.attr == "pick"]
            for quick in taken:
                code = code.replace(*(ast.get_source_segment(statement.code, node) for node in (call, quick)))
    if "lesson" in names_in(ast.parse(code)):
        raise ValueError(
            f"a program has no `lesson`, which this needs: {code}\nIf that is for example data, tag the cell that "
            f"makes them {EXAMPLE!r}."
        )
    return code


def _space(before, after):
    function = any(isinstance(each.node, ast.FunctionDef) for each in (before, after) if each)
    if before is None:
        return "\n" if function else ""
    return "\n\n\n" if function else "\n" if before.cell == after.cell else "\n\n"


def _imports(nodes, used):
    """Return the imports of the names that are used, in three groups as usual: Python's, others', the course's."""
    modules = {"import keras": "keras", "import sys": "sys"}
    parts = {"pathlib": {"Path"}}
    for node in nodes:
        for each in node.names:
            if (each.asname or each.name) in used and isinstance(node, ast.Import):
                modules[f"import {ast.unparse(each)}"] = each.name
            elif (each.asname or each.name) in used:
                parts.setdefault(node.module, set()).add(ast.unparse(each))
    modules |= {f"from {module} import {', '.join(sorted(names))}": module for module, names in parts.items()}
    groups = [[], [], []]
    for line in sorted(modules, key=lambda line: (line.startswith("from"), modules[line].lower())):
        first = modules[line].partition(".")[0]
        groups[0 if first in sys.stdlib_module_names else 2 if first == "tlcourse" else 1].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)
