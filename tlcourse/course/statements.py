"""What a lesson states, read from its code without running it: claims, findings, checks of exercises."""

import ast
from typing import NamedTuple

from tlcourse.lesson import BACKENDS, PROFILES

FIRST = {"claim": "name", "finding": "name", "check": "exercise"}
"""Methods of a `Lesson` that publish, each with its first argument."""


class Stated(NamedTuple):
    """A claim, a finding or a check as the code of a cell states it.

    Attributes:
        kind: ``"claim"``, ``"finding"`` or ``"check"``.
        name: its name, or the number of the exercise; ``None`` if we would have to run the code to know it.
        statement: its statement, or its name if we would have to run the code to know the statement.
        profiles: the profiles that it belongs to; ``None`` where that takes running the code.
        backends: the backends on which a claim is checked; ``None`` means all, or that it takes running the code.
    """

    kind: str
    name: str | None
    statement: str
    profiles: tuple | None
    backends: tuple | None = None


def statements(code):
    """Return what a cell states.

    >>> statements('lesson.claim("gain", "It gains.", holds=True, profiles=("quick",))')
    [Stated(kind='claim', name='gain', statement='It gains.', profiles=('quick',), backends=None)]
    """
    return [_stated(call) for call in method_calls(code) if call.func.attr in FIRST and of_lesson(call)]


def method_calls(code):
    """Return the calls of methods in a cell, as nodes of its syntax tree.

    >>> [call.func.attr for call in method_calls("model.fit(x).history")]
    ['fit']
    """
    return [node for node in nodes(code) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]


def nodes(code):
    """Return the nodes of a cell's syntax tree; none where the code is no Python, which running it will say."""
    from IPython.core.inputtransformer2 import TransformerManager

    if code.startswith("%%"):  # a magic for the whole cell, such as %%time
        code = code.partition("\n")[2]
    try:
        return list(ast.walk(ast.parse(TransformerManager().transform_cell(code))))  # other magics become Python
    except SyntaxError:
        return []


def of_lesson(call):
    """Return whether a call of a method is one of `lesson`."""
    return isinstance(call.func.value, ast.Name) and call.func.value.id == "lesson"


def stated_for(cells, profile):
    """Return the claims and findings with a name of their own that some cells state for a profile."""
    found = [each for cell in cells if cell.cell_type == "code" for each in statements(cell.source)]
    return [each for each in found if each.kind != "check" and each.name and profile in (each.profiles or PROFILES)]


def _stated(call):
    kind = call.func.attr
    given = dict(zip((FIRST[kind], "statement"), call.args)) | {each.arg: each.value for each in call.keywords}
    name = _literal(given.get(FIRST[kind]), None)
    statement = _literal(given.get("statement"), name) if kind != "check" else ""
    profiles = _names(given["profiles"], PROFILES) if "profiles" in given else PROFILES
    return Stated(kind, name, statement, profiles, _names(given.get("backends"), BACKENDS))


def _names(node, known):
    """Return the names that a node of code lists, some of the known ones; ``None`` where it does not list such."""
    names = _literal(node, None)
    listed = isinstance(names, tuple | list) and names and all(name in known for name in names)
    return tuple(names) if listed else None


def _literal(node, default):
    """Return what a node of code says, or a default where that takes running it."""
    try:
        return default if node is None else ast.literal_eval(node)
    except (ValueError, TypeError):
        return default
