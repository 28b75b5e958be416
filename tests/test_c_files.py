"""The house rules of the compiled part: short, bounded, and bound to Python in one place each."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

FILES = sorted((ROOT / "costtop/native/c").glob("*.[ch]"))
HEADERS = [path for path in FILES if path.suffix == ".h"]
FILE_LINES, FUNCTION_LINES, COLUMNS = 400, 50, 100
# What keeps state, reads on without an end, allocates, or jumps.
FORBIDDEN = {
    "malloc", "calloc", "realloc", "free", "alloca", "strcpy", "strncpy", "strcat", "sprintf",
    "gets", "scanf", "sscanf", "strtok", "atoi", "strtol", "strtod", "printf", "fopen", "open",
    "read", "write", "getenv", "system", "setjmp", "longjmp", "asm",
}  # fmt: skip
# Only what needs no library but libc, of it what neither allocates nor asks the system.
INCLUDED = {"stdbool.h", "stddef.h", "stdint.h", "string.h", "limits.h"}
# A function begins in the first column and ends with a brace there.
FUNCTION = re.compile(r"^(?:\w[\w ]*[ *])(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
EXPORTED = re.compile(r"^COSTTOP_API\s+\w+\s*\**(costtop_\w+)\(", re.MULTILINE)


def code(path: Path) -> str:
    """Without comments and without what stands in quotes, each line where it was."""
    kept = re.compile(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
    return kept.sub(lambda found: "\n" * found[0].count("\n"), path.read_text())


def functions(path: Path) -> dict[str, str]:
    """The text between the braces of each."""
    return dict(FUNCTION.findall(code(path)))


def test_there_are_c_files_and_functions_in_them() -> None:
    assert len(HEADERS) > 5
    assert sum(len(functions(path)) for path in FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_c_file_is_short_and_so_are_its_functions_and_lines(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= FILE_LINES
    assert not [
        line for line in lines if len(line) > COLUMNS or "\t" in line or line != line.rstrip()
    ]
    long = {name for name, body in functions(path).items() if body.count("\n") > FUNCTION_LINES - 3}
    assert not long


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_c_file_says_what_it_is_and_a_header_is_taken_once(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("/* ")
    guard = f"COSTTOP_{path.stem.upper()}_H"
    if path.suffix == ".h":
        assert re.search(rf"^#ifndef {guard}\n#define {guard}\n", text, re.MULTILINE)
        assert text.endswith("\n#endif\n")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_c_allocates_nothing_asks_nobody_and_keeps_nothing(path: Path) -> None:
    text = code(path)
    assert not set(re.findall(r"\b(\w+)\(", text)) & FORBIDDEN
    assert "goto" not in re.findall(r"\w+", text)
    assert set(re.findall(r"#include <(.*)>", path.read_text())) <= INCLUDED
    # A table is const; anything else that lasts is state.
    lasting = re.findall(r"^\s*(?:static|extern) [^(;=]*[;=]", text, re.MULTILINE)
    lasting += re.findall(r"^(?!enum|struct|typedef|union)\w[\w *\[\]]*[;=]", text, re.MULTILINE)
    assert not [one for one in lasting if not re.search(r"\bconst\b", one)]


def test_no_function_calls_itself_not_even_by_way_of_others() -> None:
    bodies = {name: body for path in FILES for name, body in functions(path).items()}
    calls = {
        name: set(re.findall(r"\b(\w+)\(", body)) & set(bodies) for name, body in bodies.items()
    }
    reached = {name: set(called) for name, called in calls.items()}
    for _ in bodies:
        for called in reached.values():
            called |= {far for near in called for far in calls[near]}
    assert not {name for name, called in reached.items() if name in called}


def test_what_is_exported_stands_in_one_header_and_is_bound_in_one_python_file() -> None:
    declared = [name for path in HEADERS for name in EXPORTED.findall(path.read_text())]
    assert len(set(declared)) == len(declared)
    marked = re.findall(r"\bCOSTTOP_API\b", "".join(code(path) for path in FILES))
    assert len(marked) == len(declared) + 1  # its own definition
    modules = [*(ROOT / "costtop").rglob("*.py"), *(ROOT / "tests/native").glob("*.py")]
    texts = {path: path.read_text() for path in modules}
    for name in declared:
        short = name.removeprefix("costtop_")
        bound = [path for path, text in texts.items() if _binds(text, name, short)]
        assert len(bound) == 1, (name, bound)


def _binds(text: str, name: str, short: str) -> bool:
    """Whether it is named as an attribute of the library, or in a table of its types."""
    named = re.search(rf"\.{name}\b", text) is not None
    return named or ("_TYPES = {" in text and f'"{short}": (' in text)
