"""Which statements of a notebook make what others read: a slice of it (Weiser 1981, *Program slicing*, ICSE)."""

import ast
import symtable
from typing import NamedTuple

AT_ONCE = {"listcomp", "setcomp", "dictcomp", "genexpr"}
"""What `symtable` calls scopes whose code runs where it stands."""


class Statement(NamedTuple):
    """A statement of a notebook: its node, its code, the number of its cell, and whether the slice must have it."""

    node: ast.stmt
    code: str
    cell: int
    wanted: bool


def needed(statements, given=frozenset()):
    """Return the statements that are wanted, and those before them that make or change what they read.

    A call changes what its method belongs to, or a bare function's arguments; that of a value, `y = f(x)`, changes
    nothing, but for `fit`. So a slice may have too much or, where values share what they change, too little: look.

    Args:
        statements: list of `Statement`, in order, without imports.
        given: names that need not be made.

    >>> code = ["a = [1]", "b = 2", "a.append(3)", "print(a)"]
    >>> lines = [Statement(ast.parse(line).body[0], line, 0, line.startswith("print")) for line in code]
    >>> [each.code for each in needed(lines)]
    ['a = [1]', 'a.append(3)', 'print(a)']
    """
    ours = set().union(*(_made(each.node) for each in statements)) - {*given, "_"}
    anytime = set()  # what functions read, which may be made after them
    while True:
        known, alive, kept = set(anytime), set(anytime), []
        for each in reversed(statements):
            if each.wanted or (_made(each.node) | _changed(each.node)) & alive:
                kept.append(each)
                anytime |= _read_by_functions(each.code) & ours
                alive = (_alive_before([each.node], alive) & ours) | anytime
        if anytime == known:
            return kept[::-1]


def names_in(node):
    """Return all names that stand in a node of code."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def root(node):
    """Return the name that an expression begins with: `model` of `model.layers[-1].fit(x)`."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _alive_before(nodes, alive):
    """Return the names that these statements, or what comes after them, read before they make them."""
    for node in reversed(nodes):
        match node:
            case ast.FunctionDef():
                alive = (alive - {node.name}) | _loaded(*node.args.defaults, *filter(None, node.args.kw_defaults))
            case ast.For():
                inner = _alive_before(node.body, alive) - _stored(node.target)
                alive = alive | inner | _loaded(node.iter)
            case ast.If():
                alive = _alive_before(node.body, alive) | _alive_before(node.orelse, alive) | _loaded(node.test)
            case ast.With():
                inner = _alive_before(node.body, alive) - _stored(*node.items)
                alive = inner | _loaded(*node.items)
            case ast.Assign():
                alive = (alive - _stored(node)) | _loaded(node)
            case _:
                alive = alive | _loaded(node)
    return alive


def _here(*nodes):
    """Yield nodes and all below them, but for what is in functions, which run when called."""
    todo = list(nodes)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)


def _loaded(*nodes):
    of_loops = _stored(*(each.target for each in _here(*nodes) if isinstance(each, ast.comprehension)))
    names = (each for each in _here(*nodes) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load))
    return {each.id for each in names} - of_loops


def _stored(*nodes):
    return {each.id for each in _here(*nodes) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}


def _made(node):
    return {node.name} if isinstance(node, ast.FunctionDef) else _stored(node)


def _changed(node):
    found = set()
    for each in _here(node):
        match each:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                found.add(root(each))
            case ast.Expr(ast.Call(ast.Attribute() as method)) | ast.Assign(
                _, ast.Call(ast.Attribute(_, "fit") as method)
            ):
                found.add(root(method))
            case ast.Expr(ast.Call(ast.Name(function), arguments)) if function != "print":
                found |= set(map(root, arguments))
    return found


def _read_by_functions(code):
    """Return the names that functions in a statement take from outside of it."""
    todo, found = [(symtable.symtable(code, "a statement", "exec"), False)], set()
    while todo:
        scope, later = todo.pop()
        later = later or (scope.get_type() == "function" and scope.get_name() not in AT_ONCE)
        todo += [(each, later) for each in scope.get_children()]
        found |= {each.get_name() for each in scope.get_symbols() if later and each.is_global()}
    return found
