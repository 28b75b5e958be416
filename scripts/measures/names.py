"""Names that stand twice, folders that are full, and calls whose arguments have no names."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator

from measures.tree import ROOT, Module

MANY = 6  # positional arguments that nobody counts right


def fullest_folders(modules: list[Module]) -> list[tuple[int, str]]:
    """Files directly in each folder, `__init__` not counted, the fullest first."""
    count = Counter(str(each.path.parent) for each in modules if each.path.stem != "__init__")
    return sorted(((many, folder) for folder, many in count.items()), reverse=True)


def repeated_files(modules: list[Module]) -> dict[str, list[str]]:
    """Each file name that is used more than once, with the files that have it."""
    found = defaultdict(list)
    for each in modules:
        if each.is_room:
            found[each.path.stem].append(str(each.path))
    return {name: paths for name, paths in sorted(found.items()) if len(paths) > 1}


def allowed() -> frozenset[str]:
    """File names that may repeat: the list `REPEATED` of this checkout's house test."""
    for node in ast.parse((ROOT / "tests/test_house.py").read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="REPEATED")], value=ast.Dict(keys=names)):
                return frozenset(str(one.value) for one in names if isinstance(one, ast.Constant))
    return frozenset()


def repeated_classes(modules: list[Module]) -> list[str]:
    """Names of public classes that more than one module defines."""
    homes = defaultdict(set)
    for each in modules:
        for node in each.syntax.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].add(each.name)
    return sorted(name for name, where in homes.items() if len(where) > 1)


def nameless_constructions(modules: list[Module]) -> list[str]:
    """Calls of classes with 6 or more positional arguments, as `path:line Class`."""
    return [
        f"{each.path}:{node.lineno} {name}"
        for each in modules
        for node, name in _constructions(each.syntax)
        if len(node.args) >= MANY
    ]


def _constructions(syntax: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(syntax):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name.lstrip("_")[:1].isupper() and name != "TypeVar":  # whose arguments are types
                yield node, name
