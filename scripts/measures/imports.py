"""Who imports whom, file by file; imports inside functions and for types alone count too."""

import ast
from collections.abc import Iterator, Mapping

from measures.tree import Module

# A registry or table names what lies here, so each has one importer by design (or none).
LISTED = (
    "costtop.sources.",
    "costtop.detect.rules.",
    "costtop.cli.",
    "costtop.hooks.dialects.",
    "costtop.store.migrations.",
)
SMALL = 80  # lines


def graph(modules: list[Module]) -> dict[str, set[str]]:
    """For each module the modules of the same package that it imports."""
    known = {each.name for each in modules}
    return {each.name: set(_imports(each.syntax, known)) - {each.name} for each in modules}


def _imports(syntax: ast.Module, known: set[str]) -> Iterator[str]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for each in node.names:
                below = f"{node.module}.{each.name}"
                yield below if below in known else node.module


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which reaches all others of its group."""
    reach = {name: _reached(edges, name) for name in edges}
    groups = {
        tuple(sorted({name} | {other for other in reach[name] if name in reach[other]}))
        for name in edges
    }
    return sorted(list(group) for group in groups if len(group) > 1)


def _reached(edges: Mapping[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        fresh = edges[ahead.pop()] - seen
        seen |= fresh
        ahead += fresh
    return seen


def small_with_one_importer(modules: list[Module]) -> list[str]:
    """Files under 80 lines that only one other file imports, and no registry lists."""
    edges = graph(modules)
    return [
        each.name
        for each in modules
        if each.is_room
        and each.lines < SMALL
        and not each.name.startswith(LISTED)
        and sum(each.name in imported for imported in edges.values()) == 1
    ]
