"""The screen in a real terminal (tmux): it opens, moves, follows a resize, and leaves cleanly."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.instance import claude_line, claude_log
from tests.patience import PATIENCE, until

NAMES = [f"{digit * 8}-0000-4000-8000-000000000001" for digit in "abcd"]
A, B, C, NEW = NAMES

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")


class Terminal:
    """A tmux server of its own with one window that runs a shell."""

    def __init__(self, folder: Path, width: int, height: int) -> None:
        self._socket = folder / "t"
        # In its own folder: what is typed writes files, and they must not land in the checkout.
        self._tmux("-f", "/dev/null", "new-session", "-d", "-c", str(folder),
                   "-x", str(width), "-y", str(height), "sh", "-i")  # fmt: skip

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            ["tmux", "-S", str(self._socket), *arguments],
            capture_output=True, text=True, check=True, timeout=2 * PATIENCE,
            env=dict(os.environ),  # not the C library's, where readline has put COLUMNS
        ).stdout  # fmt: skip

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)
        self.press("Enter")

    def lines(self) -> list[str]:
        return self._tmux("capture-pane", "-p").splitlines()

    def format(self, name: str) -> str:
        return self._tmux("display-message", "-p", f"#{{{name}}}").strip()

    def resize(self, width: int, height: int) -> None:
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def widest(self) -> int:
        return max(map(len, self.lines()))

    def line_of(self, words: str) -> str:
        return next((line for line in self.lines() if words in line), "")

    def hint(self) -> str:
        """The line about the session under the cursor."""
        found = [line for line in self.lines() if "last call " in line]
        return found[-1].strip() if found else ""

    def until(self, true: Callable[[], object]) -> None:
        try:
            until(true)
        except AssertionError:
            raise AssertionError("\n".join(self.lines())) from None

    def end(self) -> None:
        subprocess.run(["tmux", "-S", str(self._socket), "kill-server"], check=False)


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name in ("COLUMNS", "LINES"):  # would be believed before the terminal
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PS1", "$ ")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    made = Terminal(tmp_path, 120, 30)
    yield made
    made.end()


def test_the_screen_lives_in_a_terminal_and_leaves_it_as_it_was(instance, terminal):
    for nth, name in enumerate((A, B, C)):
        instance.append(claude_log(name), claude_line(name, 1, output=4000 - 1000 * nth))
    instance.start()
    terminal.type("stty -g > before")
    terminal.type(shlex.join([sys.executable, "-P", "-m", "costtop"]))
    terminal.until(lambda: terminal.line_of(C[:7]))
    assert terminal.format("alternate_on") == "1"

    instance.append(claude_log(B), claude_line(B, 2))
    terminal.until(lambda: " 0.09 " in terminal.line_of(B[:7]))
    instance.append(claude_log(NEW), claude_line(NEW, 1))
    terminal.until(lambda: terminal.line_of(NEW[:7]))

    def order() -> list[str]:
        rows = [line for line in terminal.lines() if any(n[:7] in line for n in NAMES)]
        return [next(n[:7] for n in NAMES if n[:7] in row) for row in rows][:4]

    terminal.press("M")  # by cost
    terminal.until(lambda: order()[:2] == [A[:7], B[:7]])
    terminal.press("End")
    terminal.until(lambda: terminal.hint().startswith(NEW[:7]))
    instance.append(claude_log(NEW), claude_line(NEW, 2, output=9000))
    terminal.until(lambda: order()[0] == NEW[:7])
    assert terminal.hint().startswith(NEW[:7]), "the cursor left its session"

    terminal.resize(80, 24)
    terminal.until(lambda: terminal.widest() <= 80 and terminal.line_of(NEW[:7]))
    terminal.until(lambda: "CTX" not in terminal.line_of("SESSION"))
    terminal.resize(160, 45)
    terminal.until(lambda: terminal.widest() > 150 and "CTX" in terminal.line_of("SESSION"))
    assert terminal.line_of(f"─ {NEW[:7]} "), "the pane is of another session"

    terminal.press("q")
    terminal.until(lambda: terminal.format("alternate_on") == "0")
    terminal.type('stty -g > after; cmp before after && echo "same $((20+22))"')
    terminal.until(lambda: terminal.line_of("same 42"))
    for flag in ("mouse_any_flag", "mouse_sgr_flag", "bracket_paste_flag"):
        assert terminal.format(flag) in ("0", ""), flag
    assert terminal.format("cursor_flag") == "1"
