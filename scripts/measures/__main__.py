"""Prints the figures of one tree, or of two side by side; `--list` says what was counted."""

import argparse
import shutil
from pathlib import Path

from measures import imports, layout, names
from measures.tree import ROOT, Tree

Figures = dict[str, tuple[float, list[str]]]  # what: how many, and which


def figures(root: Path) -> Figures:
    """Counts the package costtop/ of the checkout at `root`."""
    tree = Tree(root)
    modules = tree.modules
    full = names.fullest_folders(modules)
    repeated = [name for name in names.repeated_files(modules) if name not in names.allowed()]
    lines = sum(each.lines for each in modules)
    return {
        "files": (len(modules), []),
        "lines": (lines, []),
        "lines of code, formatted": (_code(tree), []),
        "most files directly in a folder": (full[0][0], [f"{folder} {n}" for n, folder in full]),
        "file names used twice, not allowed": _listed(repeated),
        "class names defined twice": _listed(names.repeated_classes(modules)),
        "files < 80 lines with one importer": _listed(imports.small_with_one_importer(modules)),
        "constructions of >= 6 positional": _listed(names.nameless_constructions(modules)),
        "fmt: skip": _listed(_held(tree)),
        "import circles": _listed([" ".join(x) for x in imports.circles(imports.graph(modules))]),
        "duplicates of >= 6 lines": _listed(layout.duplicates(modules)),
        "comments in 100 lines": (100 * sum(map(layout.comments, modules)) / lines, []),
    }


def _listed(found: list[str]) -> tuple[float, list[str]]:
    return len(found), found


def _held(tree: Tree) -> list[str]:
    return [
        f"{each.path}:{number}"
        for each in tree.modules
        for number, line in enumerate(each.text.splitlines(), 1)
        if "# fmt: skip" in line or "# fmt: off" in line
    ]


def _code(tree: Tree) -> int:
    plain = layout.formatted(tree)
    try:
        return sum(map(layout.code_lines, plain.modules))
    finally:
        shutil.rmtree(plain.root)


def main() -> None:
    """Prints a line a figure."""
    parser = argparse.ArgumentParser(prog="scripts/figures", description=__doc__)
    parser.add_argument("roots", nargs="*", type=Path, default=[ROOT], metavar="DIRECTORY")
    parser.add_argument("--list", action="store_true", help="name what was counted, too")
    given = parser.parse_args()
    counted = [figures(root) for root in given.roots]
    for what in counted[0]:
        values = " | ".join(_shown(each[what][0]) for each in counted)
        print(f"{what:<36}{values}")
        for each in counted[-1][what][1] if given.list else []:
            print(f"    {each}")


def _shown(value: float) -> str:
    return f"{value:>8,}" if isinstance(value, int) else f"{value:>8.1f}"


if __name__ == "__main__":
    main()
