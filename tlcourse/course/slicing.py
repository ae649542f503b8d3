"""Which statements of a notebook make what others read: a backward slice by live variables (Weiser 1981, ICSE).

A program that is sliced from a lesson can't differ from it, and has nothing that it doesn't need, which whole cells
would have: a lesson looks at a thing where it makes it.
"""

import ast
import symtable
from typing import NamedTuple

AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}
"""What `symtable` calls scopes whose code runs where it stands."""

COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
FUNCTIONS = ast.FunctionDef | ast.Lambda

IN_PLACE = {"fit", "append", "extend", "update", "pop", "setdefault", "sort", "shuffle", "set_weights"}
"""Methods that change what they belong to, or what they are given, even where their value is used."""


class Statement(NamedTuple):
    """A statement of a notebook: its node, its code, the number of its cell, and whether the slice must have it."""

    node: ast.stmt
    code: str
    cell: int
    wanted: bool


def statements_of(code, cell=0, wanted=lambda node: False):
    """Return the statements of a cell, decorators included.

    >>> [each.code for each in statements_of("a = 1\\nb = [\\n    a\\n]")]
    ['a = 1', 'b = [\\n    a\\n]']
    """
    lines, found = code.splitlines(), []
    for node in ast.parse(code).body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        found.append(Statement(node, "\n".join(lines[first - 1 : node.end_lineno]), cell, wanted(node)))
    return found


def needed(statements, given=frozenset()):
    """Return the statements that are wanted, and those before them that define or change what they read.

    A call that stands alone changes what its method belongs to, or a function's arguments; one whose value is used
    changes something only by the methods of `IN_PLACE`. Two names of one thing are not seen: after ``b = a``, a change
    of ``b`` is none of ``a``. So run what comes out, and compare.

    Args:
        statements: list of `Statement`, in order, without imports.
        given: names that need not be defined.

    >>> lines = "a = [1]\\nb = 2\\na.append(3)\\nprint(a)"
    >>> wanted = lambda node: isinstance(node, ast.Expr) and root(node.value) == "print"
    >>> [each.code for each in needed(statements_of(lines, wanted=wanted))]
    ['a = [1]', 'a.append(3)', 'print(a)']
    """
    local = set().union(*(_defined(each.node) for each in statements)) - {*given, "_"}
    by_functions = set()  # what the functions of the slice read; it may be defined after them
    while True:  # until no function of the slice reads anything new
        before, live, kept = set(by_functions), set(by_functions), []
        for each in reversed(statements):
            if each.wanted or (_defined(each.node) | _changed(each.node)) & live:
                kept.append(each)
                by_functions |= _read_by_functions(each.code) & local
                live = (_live_before([each.node], live) & local) | by_functions
        if by_functions == before:
            return kept[::-1]


def names_in(node):
    """Return all names that stand in a node of code."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def root(node):
    """Return the name that an expression begins with: `model` of `model.layers[-1].fit(x)`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _live_before(nodes, live):
    """Return the names that these statements, or what comes after them, read before they define them."""
    for node in reversed(nodes):
        match node:
            case ast.FunctionDef() | ast.ClassDef():
                live = (live - {node.name}) | _read(node)
            case ast.For():
                live = live | (_live_before(node.body, live) - _stored(node.target)) | _read(node.iter)
            case ast.If():
                live = _live_before(node.body, live) | _live_before(node.orelse, live) | _read(node.test)
            case ast.With():
                inside = _live_before(node.body, live) - _stored(*node.items)
                live = inside.union(*map(_read, node.items))
            case ast.Assign():
                live = (live - _stored(*node.targets)) | _read(node)
            case _:
                live = live | _read(node)
    return live


def _read(node):
    """Return the names that a node reads where it stands: a function's body runs later."""
    match node:
        case ast.Name():
            return {node.id} if isinstance(node.ctx, ast.Load) else set()
        case ast.FunctionDef() | ast.Lambda():
            defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            return set().union(*map(_read, [*defaults, *getattr(node, "decorator_list", [])]))
    found = set().union(*map(_read, ast.iter_child_nodes(node)))
    if isinstance(node, COMPREHENSIONS):
        found -= _stored(*(each.target for each in node.generators))
    return found


def _here(*nodes):
    """Yield nodes and all below them, but for functions and comprehensions, which have names of their own."""
    todo = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, FUNCTIONS | COMPREHENSIONS):
            todo += ast.iter_child_nodes(node)


def _stored(*nodes):
    return {each.id for each in _here(*nodes) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _defined(node):
    return {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else _stored(node)


def _changed(node):
    """Return the names of what a statement changes without defining it: `model` in `model.fit(x)`."""
    found = set()
    for each in _here(node):
        match each:
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                found.add(root(each))
            case ast.Expr(ast.Call(ast.Attribute() as method)):
                found.add(root(method))
            case ast.Expr(ast.Call(ast.Name(function), arguments, keywords)) if function != "print":
                found |= {root(each) for each in [*arguments, *(each.value for each in keywords)]}
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in IN_PLACE:
            found.add(root(each.func))
            found |= set(map(root, each.args)) if each.func.attr == "shuffle" else set()
    for each in _here(node):
        if (
            isinstance(each, ast.For) and _stored(each.target) & found
        ):  # what a loop goes through changes with its parts
            through = each.iter
            while isinstance(through, ast.Call) and root(through) in {"enumerate", "reversed", "list"}:
                through = through.args[0]
            found.add(root(through))
    return found - {""}


def _read_by_functions(code):
    """Return the names that functions in a statement take from outside of it."""
    todo, found = [(symtable.symtable(code, "a statement", "exec"), False)], set()
    while todo:
        scope, later = todo.pop()
        later = later or (scope.get_type() == "function" and scope.get_name() not in AT_ONCE)
        todo += [(each, later) for each in scope.get_children()]
        found |= {each.get_name() for each in scope.get_symbols() if later and each.is_global()}
    return found
