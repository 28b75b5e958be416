"""Lines: of code, of comment, and those that stand in two places."""

import ast
import io
import re
import subprocess
import sys
import tempfile
import tokenize
from collections import defaultdict
from pathlib import Path

from measures.tree import Module, Tree

RUN = 6  # equal lines in a row that make a duplicate
_PRAGMA = re.compile(r"# *(noqa|type:|fmt:|pragma)")
_HELD_LAYOUT = re.compile(r"  # fmt: skip|^ *# fmt: (off|on)\n", re.MULTILINE)
_QUIET = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def formatted(tree: Tree) -> Tree:
    """A copy of `tree` as the formatter lays it out where nothing holds it off."""
    root = Path(tempfile.mkdtemp(prefix="figures-"))
    for each in tree.modules:
        target = root / each.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_HELD_LAYOUT.sub("", each.text))
    ruff = Path(sys.executable).with_name("ruff")
    plain = ["format", "--quiet", "--isolated", "--line-length", "100"]
    subprocess.run([ruff, *plain, root], check=True)
    return Tree(root)


def code_lines(each: Module) -> int:
    """Lines with code on them: no blanks, comments or docstrings."""
    quiet = {line for start, end in _docstrings(each.syntax) for line in range(start, end + 1)}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(each.text).readline):
        if token.type not in _QUIET:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - quiet)


def _docstrings(syntax: ast.Module) -> list[tuple[int, int]]:
    """Where strings stand as statements: docstrings, and those of attributes."""
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(syntax)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


def comments(each: Module) -> int:
    """Comments that say something to a reader; not those for a tool."""
    tokens = tokenize.generate_tokens(io.StringIO(each.text).readline)
    return sum(x.type == tokenize.COMMENT and not _PRAGMA.match(x.string) for x in tokens)


def duplicates(modules: list[Module]) -> list[str]:
    """Stretches of 6 or more lines of code that stand elsewhere too, as `path:from-to`."""
    places: dict[tuple[str, ...], int] = defaultdict(int)
    spoken = {each.path: _spoken(each) for each in modules}
    for lines in spoken.values():
        for at in range(len(lines) - RUN + 1):
            places[tuple(text for _, text in lines[at : at + RUN])] += 1
    found = []
    for path, lines in spoken.items():
        last = -1  # index of the last line of the stretch before
        for at in range(len(lines) - RUN + 1):
            if places[tuple(text for _, text in lines[at : at + RUN])] < 2:
                continue
            if at > last:
                found.append([path, lines[at][0], 0])
            last = at + RUN - 1
            found[-1][2] = lines[last][0]
    return [f"{path}:{first}-{final}" for path, first, final in found]


def _spoken(each: Module) -> list[tuple[int, str]]:
    """Lines that can be said twice, numbered: no blanks, brackets, imports, docstrings."""
    quiet = {line for start, end in _docstrings(each.syntax) for line in range(start, end + 1)}
    for node in ast.walk(each.syntax):
        if isinstance(node, ast.Import | ast.ImportFrom):
            quiet.update(range(node.lineno, (node.end_lineno or 0) + 1))
    stripped = ((n, line.strip()) for n, line in enumerate(each.text.splitlines(), 1))
    return [(n, x) for n, x in stripped if n not in quiet and re.search(r"\w", x) and x[0] != "#"]
