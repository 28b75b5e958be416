"""What costtop tells people to type: every hint in the code, every example of a help and a page."""

import ast
import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, _parser, main
from tests.cli.logs import SESSION, claude_row, write
from tests.conftest import ROOT

_BEGINS = re.compile(rf"costtop (?=(?:{'|'.join(MODULES)})\b|--?[a-zA-Z])")
_ENDS = re.compile(r" · | \| |[;)…\n`]|, |\.(?:\s|$)|:(?:\s|$)| \(|'? and | for | or |\" |$")
# What is said of costtop, and no hint: "the costtop daemon is running", "costtop run started it".
_SAID = re.compile(
    r"start runs|budget set$|"
    r"daemon (is|stopped|%d|started|X1)|run(:| is| started|$)|.*says where|.*\[-"
)
_BEGIN_SOMETHING = {"daemon", "start", "demo", "run", "gate", "statusline", "hooks", "service"}
_BEGIN_SOMETHING |= {"init", "backup", "restore", "uninstall", "forget", "compact"}
_ANSWERS = {0, 1, 3, 10, 11, 20, 30}  # done, refused, nothing there, how budgets stand; not 2
_CALL = '{"session": "s1", "model": "gpt-5.1", "input_tokens": 9, "output_tokens": 8}'
_PLACEHOLDERS = {"SESSION": "s1", "X1": "s1"}


def strings(code: Path) -> Iterator[str]:
    """The texts of a module without its docstrings; X1 stands for what is put in."""
    nodes = [*ast.walk(ast.parse(code.read_text()))]
    inner = set()
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            inner |= {id(part) for part in node.values}
            yield "".join(p.value if isinstance(p, ast.Constant) else "X1" for p in node.values)
        elif isinstance(node, ast.Expr):
            inner.add(id(node.value))
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inner:
            yield node.value


def hinted() -> Iterator[str]:
    for code in sorted((ROOT / "costtop").rglob("*.py")):
        for text in strings(code):
            for begins in _BEGINS.finditer(text):
                line = text[begins.start() :]
                line = line[: _ENDS.search(line, len("costtop ")).start()]
                if not _SAID.match(line.removeprefix("costtop ")):
                    yield line


def printed() -> Iterator[str]:
    """The command lines of pages, in their blocks of code and in their text."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        text = page.read_text()
        for kind, block in re.findall(r"```(\w*)\n(.*?)```", text, re.DOTALL):
            for line in block.splitlines():
                if kind == "console" and not line.startswith("$ "):
                    continue  # what a command printed
                typed = line.removeprefix("$ ").split("  #")[0]
                if _BEGINS.match(typed) and "daemon 0" not in typed:
                    yield typed.partition(" | ")[0].partition("; ")[0]
        outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        yield from (
            one for one in re.findall(r"`(costtop [^`\n]+)`", outside) if _BEGINS.match(one)
        )


@cache  # half a second, which not every worker that collects has to spend
def hints() -> list[str]:
    return sorted({*hinted()})


PRINTED = sorted(line for line in {*printed()} if not re.search(r"…|\[|\|", line))  # no synopsis


def words_of(line: str) -> list[str]:
    return [_PLACEHOLDERS.get(word, word) for word in shlex.split(line.partition(" >")[0])][1:]


def test_hints_are_found() -> None:
    assert len(hints()) > 80
    assert {"costtop kill X1", "costtop daemon stop", "costtop budget set daily 20"} <= {*hints()}
    assert len(PRINTED) > 15


def test_no_hint_has_anything_that_a_shell_would_eat_or_split(tmp_path: Path) -> None:
    assert not [line for line in hints() if "$" in line or "`" in line]
    lines = [line.partition(" >")[0].replace("~/", "") for line in hints()]
    each = "\n".join(f"{line}\nprintf '\\n'" for line in lines)
    script = f"costtop() {{ printf '%s\\0' \"$@\"; }}\n{each}\n"
    ran = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    heard = [line.split("\0")[:-1] for line in ran.stdout.split("\n")[:-1]]
    assert heard == [shlex.split(line)[1:] for line in lines]
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


@pytest.fixture
def read(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which something was read; nobody is at the terminal."""
    write(home, *(claude_row(n) for n in range(1, 4)))
    assert main(["scan"]) == 0
    assert main(["budget", "set", "daily", "20"]) == 0
    capsys.readouterr()
    monkeypatch.setattr("sys.stdin", io.StringIO(_CALL))
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.chdir(home)  # some of them write a file where they are
    return home


def test_every_hint_and_example_is_a_command_that_costtop_understands(
    read: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Really done, but for those that begin something, which are parsed."""
    for line in sorted(hints(), key=lambda one: "remove" in one):
        words = words_of(line)
        name = words[0] if words[0] in MODULES else ""
        if name in _BEGIN_SOMETHING or ("X1" in line and name in ("alerts", "budget")):
            if "X1 X1" not in line and words[1:2] != ["s1"]:
                words = ["codex" if (name, word) == ("hooks", "s1") else word for word in words]
                assert _parser((name,)).parse_args(words).run, line
            continue
        words = [SESSION[:7] if word == "s1" else word for word in words]
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        _, err = capsys.readouterr()
        assert code in _ANSWERS, (line, code, err)
        assert "Traceback" not in err


@pytest.mark.parametrize("line", PRINTED)
def test_what_a_page_says_to_type_parses(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = words_of(line)
    name = next((word for word in words if word in MODULES), "")
    with contextlib.suppress(SystemExit):
        _parser((name,) if name else ()).parse_args(words)
    err = capsys.readouterr().err
    assert not err or "arguments are required" in err  # named alone, in running text
