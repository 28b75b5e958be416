"""The blocks of a page: what stands between fences, and what the comment above says of it.

A comment stands on the line above the fence and is no part of what a reader sees:

    <!-- home: demo -->          from here on in a fresh home of that name: empty (as a page
                                 begins), demo or logs (prepared_homes)
    <!-- not run: WHY -->        cannot be tried here; at most ten of all pages
    <!-- tested by: FILE -->     that test takes the block from this page, by the page's name
    <!-- output of: COMMAND -->  the command prints these lines; of JSON, these names
    <!-- input of: COMMAND -->   the command takes it on standard input
    <!-- file: NAME -->          stands in that file of costtop's folder, here and further down
    <!-- settings of: PROGRAM -->  another program's; the commands of costtop in it are run
    <!-- before: CODE -->        runs before a block of Python and is not shown
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("home", "not run", "tested by", "output of", "input of", "file", "before", "settings of")
_COMMENT = re.compile(rf"^<!-- ({'|'.join(KINDS)}): (.+?) -->$")
_FENCE = re.compile(r"^( *)(`{3,})(\w*)$")


class Block(NamedTuple):
    """One fenced block."""

    page: str  # from the root on
    line: int  # of its first line of text, from 1
    language: str  # "" where none is named
    text: str  # without the fence's indent, with its last newline
    said: dict[str, str]  # by KINDS
    home: str

    @property
    def where(self) -> str:
        """As an editor and a report of failures name it."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """README and what stands below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    found: list[Block] = []
    said: dict[str, str] = {}
    home, fence, begun, indent = "empty", "", 0, 0
    language, lines = "", list[str]()
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if fence:
            if line.strip() != fence:
                lines.append(line[indent:])
                continue
            text = "".join(f"{one}\n" for one in lines)
            name = os.path.relpath(page, ROOT)
            found.append(Block(name, begun, language, text, said, home))
            fence, said = "", {}
        elif opened := _FENCE.match(line):
            indent, fence, language = len(opened[1]), opened[2], opened[3]
            begun, lines = number + 1, []
        elif comment := _COMMENT.match(line.strip()):
            if comment[1] == "home":
                home = comment[2]
            said[comment[1]] = comment[2]
        elif line.strip():
            said = {}
    assert not fence, f"{page}: the block of line {begun} has no end"
    return found


def steps(text: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that it shows."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and line.startswith("> ") and not found[-1][1]:
            found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
        else:
            assert found, f"a console block begins with a command, not {line!r}"
            found[-1][1].append(line)
    return found
