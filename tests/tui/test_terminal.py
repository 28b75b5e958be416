"""The screen in a real terminal: how it leaves, what it writes, and what never reaches the pty."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from scripts.benches.terminal import Terminal, staged
from tests.patience import PATIENCE

TITLE, OSC, CSI, BIDI = "\x1b]0;PWNED\x07", "\x1b]52;c;UFdORUQ=\x07", "\x9b31mred", "\u202egnp.exe"
ZERO_WIDTH, ZALGO = "pay\u200bpal", "z" + "\u0301" * 60
HOSTILE = (TITLE, OSC, CSI, BIDI, ZERO_WIDTH, ZALGO, "[/", "a[/foo]b", "[@click=app.quit]x[/]",
           "\x00\x07\x08\x7f", "\ud800", "\U000e0041tag", "line\nbreak\ttab\rreturn", "$(reboot)",
           "\u2028sep", "漢字" * 40, "x" * 5000)  # fmt: skip
_EVERYTHING = (b"\x1b[B" * 8, b"k\x1b", b"m\x1b", b"k1\r", b"\r", b"k\x1b", b"\x1b", b"g", b"g",
               b"t", b"/[/\r", b"\x1b", b"u", b"?", b"\x1b", b"z", b"2", b"1")  # fmt: skip
_OURS = re.compile(
    rb"\x1b\[[0-9;:?<>=]*[ -/]*[@-~]|\x1b[=>78]|\x1b\]22;[a-z]*\x07"
)  # Textual's own


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_leaves_a_clean_terminal(number: int):
    with Terminal(staged()) as terminal:
        terminal.says(b"9f767c4e")
        if number == signal.SIGINT:
            terminal.send(b"\x03")
            assert terminal.ended(PATIENCE) == 0
        else:
            assert terminal.end(number) == 128 + number
        assert terminal.is_clean


@pytest.mark.parametrize("signalled", [True, False])
def test_a_screen_ends_whose_terminal_has_gone(signalled: bool):
    with Terminal(staged(delay=0.05)) as terminal:
        terminal.says(b"9f767c4e")
        gone = terminal.screen, terminal._child
        terminal.screen, terminal._child = (os.open(os.devnull, os.O_RDWR) for _ in gone)
        for end in gone:
            os.close(end)
        if signalled:
            terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(PATIENCE) is not None


def test_q_quits_and_a_resize_before_it_does_no_harm():
    with Terminal(staged()) as terminal:
        terminal.says(b"9f767c4e")
        for size in ((80, 24), (20, 5), (200, 60)):
            terminal.resize(*size)
            terminal.process.send_signal(signal.SIGWINCH)
            terminal.read(0.3)
        terminal.send(b"q")
        assert terminal.ended(PATIENCE) == 0
        assert terminal.is_clean


def test_ctrl_z_suspends_and_fg_draws_again():
    with Terminal(staged()) as terminal:
        terminal.says(b"9f767c4e")
        terminal.send(b"\x1a")
        deadline = time.monotonic() + PATIENCE
        while _state(terminal.process.pid) != "T":
            assert time.monotonic() < deadline
            terminal.read(0.05)
        terminal.written = b""
        terminal.process.send_signal(signal.SIGCONT)
        terminal.says(b"SESSION")
        terminal.send(b"q")
        assert terminal.ended(PATIENCE) == 0


def test_what_is_typed_ahead_goes_into_the_filter_and_never_onto_the_keys_of_the_list():
    with Terminal(staged()) as terminal:
        terminal.says(b"9f767c4e")
        terminal.send(b"/t/ask k m s q\r")  # as fast as a paste
        terminal.says(b"FILTER")
        terminal.read(1.0)
        assert terminal.process.poll() is None
        terminal.send(b"\x0c")  # draw again, whole
        terminal.says(b"t/ask k m s q")
        for dialog in (b"End this", b"a note, if you like", b"for an hour"):
            assert dialog not in terminal.written
        terminal.send(b"\x1b")
        terminal.read(0.5)  # or it would be Alt-q
        terminal.send(b"q")
        assert terminal.ended(PATIENCE) == 0


def _state(pid: int) -> str:
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_hostile_names_reach_no_terminal_and_start_nothing():
    body = f"""
names = {HOSTILE!r}
rows = tuple(
    values.row(f"s{{n}}-{{name}}", project=name, feature=name, model=name, cwd=name, branch=name,
               user=name, why=name, severity="warning", agent_type=name, host=name)
    for n, name in enumerate(names)
)
pulse = values.snapshot().pulse._replace(trouble=names[1])
stage = Stage(values.snapshot(rows, pulse=pulse))
stage.refusal = names[7] + names[0]
"""
    with Terminal(staged(body)) as terminal:
        terminal.says(b"SESSION")
        # every row, its page, the dialogs, a refusal, filter, group, help
        for keys in _EVERYTHING:
            terminal.send(keys)
            terminal.rests()
        assert terminal.process.poll() is None, terminal.written[-2000:]
        terminal.send(b"q")
        assert terminal.ended(PATIENCE) == 0
    left = _OURS.sub(b"", terminal.written)
    for evil in (b"\x1b", b"\x07", b"\x00", b"\x7f", b"\xc2\x9b", b"\xe2\x80\xae", b"\xe2\x80\x8b"):
        assert evil not in left, left[max(left.find(evil) - 60, 0) : left.find(evil) + 60]
    assert b"]0;PWNED" in left  # as harmless text


@pytest.mark.alone
def test_a_tick_that_changes_three_cells_writes_less_than_two_kilobytes():
    body = """
class Moving(Stage):
    ticks = 0
    def frame(self, at):
        self.ticks += 1
        rows = list(rows0)
        for n in (2, 7, 12):
            rows[n] = rows[n]._replace(cost=rows[n].cost + self.ticks * 10**7)
        return values.snapshot(tuple(rows), at=values.AT + self.ticks * 1000)
rows0 = [values.row(f"s{n:03}", rate=values.dollars(900 - n), started=None, last=None)
         for n in range(200)]
stage = Moving()
"""
    with Terminal(staged(body, delay=0.5)) as terminal:
        terminal.says(b"s012")
        terminal.until(lambda: len(terminal.read(1.5)) < 3 * 2_048)  # three ticks: it is drawn
        got = terminal.read(4.0)
        assert len(got) > 4.0 / 0.5 / 2 * 30  # it did move
        assert len(got) / 8 < 2_048
        terminal.send(b"q")
        terminal.ended(PATIENCE)


@pytest.mark.alone
def test_a_screen_on_which_nothing_changes_writes_nothing():
    with Terminal(staged(delay=0.2)) as terminal:
        terminal.says(b"9f767c4e")
        terminal.until(lambda: len(terminal.read(1.5)) < 200)
        terminal.send(b"q")
        terminal.ended(PATIENCE)


def test_without_a_terminal_or_on_a_dumb_one_a_plain_frame_is_printed_instead():
    script = "import sys; from costtop.cli.main import main; sys.exit(main([]))"
    with Terminal(script, environ={"TERM": "dumb"}) as terminal:
        assert terminal.ended(PATIENCE) == 3  # nothing was ever read
        assert b"\x1b" not in terminal.written
        assert b"costtop" in terminal.written


@pytest.mark.parametrize("where", ["frame", "head", "dialog"])
def test_a_bug_ends_with_a_clean_terminal_one_line_and_the_traceback_in_the_log(
    where: str, tmp_path: Path
):
    log = tmp_path / "costtop.log"
    body = f"""
from pathlib import Path
log = Path({str(log)!r})
class Broken(Stage):
    frames = 0
    def frame(self, at):
        self.frames += 1
        if self.frames > 3 and {where!r} == "frame":
            raise LookupError("a bug [/x] \\x1b]0;PWNED\\x07")
        if self.frames > 3 and {where!r} == "head":
            return self.now._replace(burn="a bug")
        return self.now
    def hint_by_bug(self, source):
        raise LookupError("a bug")
    @property
    def backend(self):
        hint = self.hint_by_bug if {where!r} == "dialog" else self.hint
        return super().backend._replace(hint=hint)
stage = Broken()
"""
    with Terminal(staged(body)) as terminal:
        terminal.says(b"9f767c4e")
        if where == "dialog":
            terminal.send(b"k")
        assert terminal.ended(PATIENCE) == 1
        assert terminal.is_clean
        after = terminal.written[terminal.written.rfind(b"\x1b[?1049l") :]
        said = re.sub(rb"\x1b\[[0-9;?<>=]*[a-z]", b"", after).decode().strip()
    assert said.startswith("costtop: the screen failed (")
    assert said.endswith(f"the traceback is in {log}")
    assert "\n" not in said
    assert "\x1b" not in said
    assert "Traceback (most recent call last):" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_daemons_line_stands_there_while_the_screen_is_loaded_and_goes_away(tmp_path: Path):
    line = tmp_path / "status.txt"
    line.write_text("$12.34 today\x1b]0;PWNED\x07\n")
    script = f"""
import sys
from pathlib import Path
from costtop.cli.open_screen import _greeting as greeting
with greeting(Path({str(line)!r})):
    pass
sys.exit("done")
"""
    with Terminal(script) as terminal:
        assert terminal.ended(PATIENCE) == 1
        shown, gone, after = terminal.written.partition(b"\r\x1b[K")
        assert "costtop · $12.34 today" in shown.decode()
        assert b"\x1b" not in shown
        assert gone
        assert after.strip() == b"done"
    os.utime(line, (0, 0))
    with Terminal(script, size=(12, 5)) as terminal:
        terminal.ended(PATIENCE)
        assert terminal.written.startswith("\rcosttop · r\r".encode())
