"""The ten tasks: at most three commands each, found from the help alone, and done for real.

What `docs/ten-tasks.md` shows is run with all pages; what needs a listener or a screen is run here.
"""

import contextlib
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from costtop.cli.main import MODULES, main
from tests.conftest import ROOT
from tests.e2e.test_screen import Terminal, terminal  # noqa: F401 - a fixture
from tests.patience import PATIENCE

PAGE = (ROOT / "docs/ten-tasks.md").read_text()
TASKS = {
    part.partition("\n")[0].strip(): re.findall(r"^\$ (.+)$", part, flags=re.MULTILINE)
    for part in re.split(r"^## \d+\. ", PAGE, flags=re.MULTILINE)[1:]
}
_NO_MATTER = frozenset(
    "your what that this have much cost show sets find with from own the".split()
)
_VERB = re.compile(r"^    ([a-z]+) {2,}", flags=re.MULTILINE)
_STEM = 4  # letters that a word of the task and one of the help begin with: silence, silenced


def stems(text: str) -> set[str]:
    words = re.findall(r"[a-z]{3,}", text.lower())
    return {word[:_STEM] for word in words if word not in _NO_MATTER}


def help_of(*words: str) -> str:
    said = io.StringIO()
    with contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        main([*words, "--help"])
    return said.getvalue()


def followed(name: str, wanted: set[str]) -> str:
    """The help of a command, and of those of its verbs that the words lead to."""
    page = help_of(name)
    return page + "".join(help_of(name, one) for one in _VERB.findall(page) if stems(one) & wanted)


def ours(line: str) -> list[list[str]]:
    """The words of each command of costtop in a line of shell."""
    found = re.findall(r"costtop ((?:[a-z]+ ?)?(?:[^|;&$<>()]|\\.)*)", line)
    return [shlex.split(one.strip().rstrip('"')) for one in found]


def commands(task: str) -> Iterator[list[str]]:
    for line in TASKS[task]:
        yield from ours(line)


def test_there_are_ten_of_at_most_three_commands() -> None:
    assert len(TASKS) == 10
    assert all(1 <= len(lines) <= 3 for lines in TASKS.values()), TASKS
    assert all(any(ours(line) for line in lines) for lines in TASKS.values())


@pytest.mark.parametrize("task", TASKS)
def test_the_words_of_a_task_lead_through_the_help_to_its_commands(task: str) -> None:
    wanted, seen = stems(task), help_of()
    for name, (_, about) in MODULES.items():
        assert about in seen, "what is said of a command stands in the first help"
        if wanted & stems(f"{name} {about}"):
            seen += followed(name, wanted)
    for name, *rest in commands(task):
        about = MODULES[name][1]
        led = wanted & stems(f"{name} {about}")
        assert led or f"costtop {name}" in seen, f"nothing leads from {task!r} to {name}"
        page = help_of(name)
        if rest and rest[0] in _VERB.findall(page):
            page += help_of(name, rest[0])
        seen += page
        for option in (word for word in rest if word.startswith("-") and word != "-"):
            told = re.search(rf"{option}\b[^\n]*(?:\n +[^\n]*)?", page.partition("options:")[2])
            assert told, f"{option} stands in no help of {name}"


class Heard(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    bodies: list[str] = []

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Heard)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_program_on_this_machine_hears_an_alert(
    port: int, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    shim = tmp_path / "bin/costtop"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m costtop "$@"\n')
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    (home / "costtop").mkdir(mode=0o700)
    lines = TASKS["Have alerts sent to a program of your own"]
    ran = subprocess.run(
        ["sh", "-euc", "\n".join(lines).replace(":8080", f":{port}")],
        capture_output=True, text=True, check=True, timeout=PATIENCE, cwd=home,
    )  # fmt: skip
    assert re.search(r"^mine +json +sent ", ran.stdout, flags=re.MULTILINE)
    (body,) = Heard.bodies
    assert "costtop" in json.loads(body)["title"]


@pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
def test_the_runaway_of_the_demo_is_ended_by_three_keys(
    terminal: Terminal,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert TASKS["Kill the demo's runaway"] == ["costtop demo"]
    assert "Press `k`" in PAGE and "`3` and `Enter` end it" in PAGE
    (tmp_path / "throw-away").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "throw-away"))
    terminal.type(f'TMPDIR="{tmp_path}/throw-away" {sys.executable} -P -m costtop demo --speed 3')
    terminal.until(lambda: terminal.line_of("!▶"))
    terminal.press("Home", "k")
    terminal.until(lambda: terminal.line_of("End this session?"))
    terminal.press("3", "Enter")
    terminal.until(lambda: terminal.line_of("killed by you"))
    terminal.press("q")
    terminal.until(lambda: not list((tmp_path / "throw-away").iterdir()))
