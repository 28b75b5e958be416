"""`python -m tests.docs [--write] [PAGE…]`: what is not true on pages; --write corrects consoles.

What it has written is to be read: it is what costtop really says, good or bad.
"""

import sys
import tempfile
from pathlib import Path

from tests.docs import blocks, reference
from tests.docs.examples import Examples, Outcome, is_console
from tests.docs.prepared_homes import PreparedHomes


def _write(page: Path, outcomes: list[Outcome]) -> None:
    lines = page.read_text().splitlines()
    for block, real, wrong in reversed(outcomes):
        if wrong and is_console(block):
            first = block.line - 1
            indent = " " * (len(lines[first - 1]) - len(lines[first - 1].lstrip()))
            fresh = [f"{indent}{line}".rstrip() for line in real.splitlines()]
            lines[first : first + len(block.text.splitlines())] = fresh
    page.write_text("".join(f"{line}\n" for line in lines))


def main(arguments: list[str]) -> int:
    """Runs the named pages, or all; returns 1 where something is not true."""
    named = [Path(one).resolve() for one in arguments if one != "--write"] or blocks.pages()
    said = []
    with tempfile.TemporaryDirectory(prefix="costtop-docs-") as folder:
        examples = Examples(PreparedHomes(Path(folder)))
        for page in named:
            if "--write" in arguments and (text := reference.made(page)):
                page.write_text(text)
            outcomes = [*examples.of(page)]
            said += [f"{block.where}: {wrong}" for block, _, wrong in outcomes if wrong]
            if "--write" in arguments:
                _write(page, outcomes)
    print("\n".join(said) or "all true")
    return int(bool(said))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
