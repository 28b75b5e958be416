"""Runs the blocks of a page from top to bottom and says where the page and the truth differ.

Nothing is made up: console and shell blocks are given to bash with `costtop` on its PATH. What
cannot be the same twice is masked on both sides, by MASKS alone; `…` on a page stands for what is
left out there, as a line of its own for lines. Times and dollars are not masked: the clock stands,
and the demo is the same each time.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

from tests.docs import blocks
from tests.docs.blocks import Block
from tests.docs.prepared_homes import SEEN, PreparedHomes, environment
from tests.patience import PATIENCE

MASKS = (
    (re.compile(r"\bpid \d+"), "pid 4711"),
    (re.compile(r"\bin \d+(\.\d+)? m?s\b"), "in 0.1 s"),  # how long it took
    (re.compile(r"\(\d+\.\d s\)"), "(0.1 s)"),
    (re.compile(r"\b\d+(\.\d+)? [kM]B\b"), "1.0 MB"),  # of files that SQLite writes
    (re.compile(r"^20\S+Z (?=(notice|warning|critical) )", re.MULTILINE), "2026-11-27T15:25:00Z "),
    (re.compile(r"\bSQLite \d[\d.]*"), "SQLite 3.40.1"),
    (re.compile(r"\binotify watches \d+"), "inotify watches 65536"),
    (re.compile(r"\binstalled \S+ \w+ ago"), "installed 0 s ago"),
    (re.compile(r"\bcosttop \d+\.\d+\.\d+\S*"), "costtop 1.0.0"),
)
_COMMAND = re.compile(r"\bcosttop(?: (?:-{0,2}\w[\w-]*|'[^']*'))+")
_OTHERWISE = frozenset({"output of", "input of", "file", "settings of"})
_NOTHING = frozenset({"not run", "tested by"})


def masked(text: str, home: Path) -> str:
    """The text as the pages write it, with what cannot be the same twice made the same."""
    text = text.replace(str(home), SEEN)
    for pattern, same in MASKS:
        text = pattern.sub(same, text)
    return "\n".join(line.rstrip() for line in text.splitlines())


def shows(shown: str, real: str) -> bool:
    """Whether a text with its gaps is the real one.

    Beside what has another length on another machine, columns may be wider or narrower.
    """
    if SEEN in real or "pid 4711" in real:
        shown, real = (re.sub("  +", "  ", one) for one in (shown, real))
    parts = [".*".join(map(re.escape, line.split("…"))) for line in shown.splitlines()]
    whole = "".join("(?:.*\n)*" if part == ".*" else f"{part}\n" for part in parts)
    return re.fullmatch(whole, f"{real}\n" if real else "") is not None


class Outcome(NamedTuple):
    """A block that was run."""

    block: Block
    real: str  # its text as it should be
    wrong: str  # what is not true of it; "" is right


def is_console(block: Block) -> bool:
    """Whether it shows commands with what they print."""
    return block.language == "console" and not _OTHERWISE & block.said.keys()


class Examples:
    """The blocks of one page, run in order."""

    def __init__(self, homes: PreparedHomes) -> None:
        self._homes = homes
        self._home = Path()

    def of(self, page: Path) -> Iterator[Outcome]:
        """What came of each block that is run here."""
        self._home = self._homes.fresh("empty")
        try:
            for block in blocks.read(page):
                if "home" in block.said:
                    self._end_daemon()
                    self._home = self._homes.fresh(block.said["home"])
                if not _NOTHING & block.said.keys():
                    real = self._real(block) if is_console(block) else block.text
                    yield Outcome(block, real, self._wrong(block, real))
        finally:
            self._end_daemon()

    def _real(self, block: Block) -> str:
        """A console block with what its commands really print."""
        lines = []
        for command, shown in blocks.steps(block.text):
            said = masked(self._bash(command)[1], self._home)
            kept = shows(masked("\n".join(shown), self._home), said)
            first, *more = command.splitlines()
            lines += [f"$ {first}", *(f"> {one}" for one in more)]
            lines += shown if kept else said.splitlines()
        return "".join(f"{line}\n" for line in lines)

    def _wrong(self, block: Block, real: str) -> str:
        said = block.said
        if "file" in said:
            return self._file(block, said["file"])
        if "settings of" in said:
            commands = _COMMAND.findall(block.text)
            return "\n".join(map(self._tried, commands)) if commands else "it names no command"
        if "output of" in said:
            return self._output(block, said["output of"])
        if "input of" in said:
            return self._input(block, said["input of"])
        match block.language:
            case "console":
                return _difference(block.text, real)
            case "sh":
                return _failed(*self._bash(f"set -eu\n{block.text}"))
            case "python":
                return self._python(f"{said.get('before', '')}\n{block.text}")
            case "toml":
                return self._settings(block.text)
            case "json":
                return "JSON needs a comment that says what prints or takes it"
        return "a block needs a language that can be tried, or a comment (tests/docs/blocks.py)"

    def _bash(self, script: str, given: str = "") -> tuple[int, str]:
        ran = subprocess.run(
            ["bash", "-c", script], cwd=self._home, env=environment(self._home), input=given,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            timeout=2 * PATIENCE,
        )  # fmt: skip
        return ran.returncode, ran.stdout

    def _output(self, block: Block, command: str) -> str:
        code, real = self._bash(command)
        if block.language == "json":
            names = _names(json.loads(block.text)) - _names(json.loads(real))
            return f"{command} prints no {sorted(names)}" if names else ""
        shown, real = masked(block.text, self._home), masked(real, self._home)
        if shows(f"…\n{shown}\n…", real):
            return ""
        return f"{command} (exit code {code}):\n{_difference(shown, real)}"

    def _input(self, block: Block, command: str) -> str:
        text = block.text
        if block.language == "json":
            text = json.dumps(json.loads(text)) + "\n"
        return _failed(*self._bash(command, text))

    def _tried(self, command: str) -> str:
        return _failed(*self._bash(command))

    def _python(self, code: str) -> str:
        return _failed(*self._bash(f"{shlex.quote(sys.executable)} -", code))

    def _file(self, block: Block, name: str) -> str:
        path = self._home / ".config/costtop" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a") as file:
            file.write(block.text)
        return self._checked()

    def _settings(self, text: str) -> str:
        path = self._home / ".config/costtop/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = path.read_text() if path.exists() else None
        path.write_text(text)
        try:
            return self._checked()
        finally:
            path.unlink() if before is None else path.write_text(before)

    def _checked(self) -> str:
        return _failed(*self._bash("costtop config check"))

    def _end_daemon(self) -> None:
        if list(self._home.glob(".local/state/costtop/costtop.lock")):
            self._bash("costtop daemon stop")


def _names(tree: Any) -> set[str]:
    """Every name in a tree of JSON."""
    if isinstance(tree, dict):
        return set(tree).union(*map(_names, tree.values()))
    return set().union(*map(_names, tree)) if isinstance(tree, list) else set()


def _failed(code: int, said: str) -> str:
    return f"exit code {code}:\n{said}" if code else ""


def _difference(shown: str, real: str) -> str:
    sides = (f"{one.rstrip()}\n".splitlines(keepends=True) for one in (shown, real))
    return "".join(unified_diff(*sides, "the page", "really"))
