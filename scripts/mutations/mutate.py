"""Every way to change one comparison, condition, constant or refusal of a module, as whole sources.

A condition loses one of its parts. A refusal is a `raise`, or a `return` of something in a branch:
what it guards goes on without it.
"""

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}

# Which way a 0 or 1 moves at a comparison: the other way is what another operator does already.
_AWAY: dict[int, int] = {}


class Mutant(NamedTuple):
    """One wrong module: what was changed (the same words wherever the lines move), and its text."""

    name: str  # `function: before -> after`, with #2 for the second of the same
    source: str


class _Place(NamedTuple):
    """A node that can be changed: how to say it, and how to do it to a copy of the tree."""

    where: str
    before: str
    after: str
    change: Callable[[], Callable[[], None]]  # does it; returns how to undo it


def mutants(source: str, only: tuple[str, ...] = ()) -> Iterator[Mutant]:
    """All mutants of a module; `only` keeps those of some functions, methods and names."""
    tree = ast.parse(source)
    said: Counter[str] = Counter()
    for place in _places(tree, only):
        name = f"{place.where}: {place.before} -> {place.after}"
        said[name] += 1
        undo = place.change()
        changed = ast.unparse(ast.fix_missing_locations(copy.deepcopy(tree)))
        undo()
        yield Mutant(name if said[name] == 1 else f"{name} #{said[name]}", changed)


def _places(tree: ast.Module, only: tuple[str, ...]) -> Iterator[_Place]:
    for node in tree.body:
        name = _name(node)
        judged = name and name != "TYPE_CHECKING"
        for place in _below(node, name) if judged else ():
            if not only or any(f"{place.where}.".startswith(f"{part}.") for part in only):
                yield place


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _below(parent: ast.AST, where: str) -> Iterator[_Place]:
    for field, value in ast.iter_fields(parent):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(node, ast.AST) or _is_prose(node):
                continue
            inner = where
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = f"{where}.{node.name}"
            yield from _own(node, inner)
            if isinstance(value, list) and isinstance(node, ast.stmt):
                yield from _refusal(parent, field, index, where)
            if not isinstance(node, ast.Raise):  # its words are not judged
                yield from _below(node, inner)


def _is_prose(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.JoinedStr():
            return True
    return False


def _own(node: ast.AST, where: str) -> Iterator[_Place]:
    if isinstance(node, ast.Compare):
        for index, op in enumerate(node.ops):
            yield _compared(node, index, _OTHER[type(op)](), where)
            limit = node.comparators[index]
            if isinstance(limit, ast.Constant) and isinstance(limit.value, int):
                _AWAY[id(limit)] = -1 if isinstance(op, ast.Lt | ast.GtE) else 1
    elif isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            yield _shortened(node, index, where)
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        yield _counted(node, where)


def _compared(node: ast.Compare, index: int, other: ast.cmpop, where: str) -> _Place:
    op = node.ops[index]
    changed = copy.deepcopy(node)
    changed.ops[index] = other

    def change() -> Callable[[], None]:
        node.ops[index] = other
        return lambda: node.ops.__setitem__(index, op)

    return _Place(where, ast.unparse(node), ast.unparse(changed), change)


def _shortened(node: ast.BoolOp, index: int, where: str) -> _Place:
    """`a or b` without one of them; a single part stays a BoolOp, which reads as that part."""
    parts = node.values
    rest = [part for nth, part in enumerate(parts) if nth != index]
    after = ast.unparse(ast.BoolOp(node.op, rest))

    def change() -> Callable[[], None]:
        node.values = rest
        return lambda: setattr(node, "values", parts)

    return _Place(where, ast.unparse(node), after, change)


def _counted(node: ast.Constant, where: str) -> _Place:
    value = node.value
    if isinstance(value, bool):
        other: bool | int | float = not value
    else:
        assert isinstance(value, int | float)
        other = value + _AWAY.pop(id(node), 1) if value in (0, 1) else value * 10

    def change() -> Callable[[], None]:
        node.value = other
        return lambda: setattr(node, "value", value)

    return _Place(where, repr(value), repr(other), change)


def _refusal(parent: ast.AST, field: str, index: int, where: str) -> Iterator[_Place]:
    body: list[ast.stmt] = getattr(parent, field)
    node = body[index]
    branch = isinstance(parent, ast.If | ast.For | ast.match_case | ast.ExceptHandler)
    refuses = isinstance(node, ast.Raise) or (
        branch and isinstance(node, ast.Return) and node.value is not None
    )
    if not refuses:
        return

    def change() -> Callable[[], None]:
        body[index] = ast.Pass()
        return lambda: body.__setitem__(index, node)

    yield _Place(where, ast.unparse(node).partition("(")[0][:60], "pass", change)
