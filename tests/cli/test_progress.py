"""How far long work is: at a real terminal, and nowhere else."""

import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from concurrent.futures import ThreadPoolExecutor
from fcntl import ioctl
from pathlib import Path
from typing import NamedTuple

import pytest

from costtop import paths
from costtop.cli import progress
from costtop.cli.main import main
from costtop.durations import now_ms
from costtop.store import daemon_status
from tests.patience import PATIENCE

# A bar is seen at once and at each step, for the test's work is short.
_AT_ONCE = """
import sys
from costtop.cli import progress
progress._QUIET, progress._EVERY, progress._LOOKS = {quiet}, 0.0, 0.001
from costtop.daemon.jobs import scan_once
scan_once._EVERY = 0.0
from costtop.__main__ import main
sys.argv = ["costtop", *sys.argv[1:]]
sys.exit(main())
"""
_CALLS = 600


class Ran(NamedTuple):
    code: int
    out: str
    terminal: str


def at_terminal(*words: str, columns: int = 80, out_too: bool = False, quiet: float = 0.0) -> Ran:
    """Runs costtop with stderr at a terminal; its standard output is a pipe, or that terminal."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_ONCE.format(quiet=quiet), *words],
        stdin=subprocess.DEVNULL,
        stdout=theirs if out_too else subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    with process, ThreadPoolExecutor(1) as beside:  # a pipe that is full would hold it up
        out = beside.submit(process.stdout.read) if process.stdout else None
        said = _all_of(ours)
        text = out.result() if out else b""
    return Ran(process.wait(PATIENCE), text.decode(), said.decode())


def _all_of(terminal: int) -> bytes:
    said = b""
    while select.select([terminal], [], [], 4 * PATIENCE)[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # nobody is there any more
            break
        said += part
    os.close(terminal)
    return said


@pytest.fixture
def logged(home: Path) -> Path:
    """A home with a log of 600 calls in thirty old sessions, not read yet."""
    spool = home / "costtop" / "spool"
    spool.mkdir(parents=True, mode=0o700)
    rows = (
        {"session": f"s{n % 30}", "model": "claude-opus-5", "input_tokens": 1000 + n, "id": f"r{n}",
         "output_tokens": 10, "ts": f"2026-01-20T10:{n // 60:02}:{n % 60:02}Z"}
        for n in range(_CALLS)
    )  # fmt: skip
    (spool / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return home


LONG = {
    "reprice": "pricing anew",
    "alerts replay --since 2026-01-01": "replaying history",
    "export calls": "exporting",
    "backup": "copying the database",
    "compact": "compacting",
}


def test_a_scan_shows_how_far_it_is_and_takes_it_away_again(logged: Path) -> None:
    ran = at_terminal("scan")
    assert (ran.code, ran.out[:12]) == (0, "looked_at 1 ")
    assert "costtop: reading logs [" in ran.terminal
    assert ran.terminal.endswith("\r\x1b[K")


@pytest.mark.parametrize("words", LONG)
def test_long_work_shows_how_far_it_is_at_a_terminal_and_nothing_in_a_pipe(
    logged: Path, words: str
) -> None:
    assert main(["scan"]) == 0
    ran = at_terminal(*words.split())
    assert ran.code == 0
    assert f"costtop: {LONG[words]} [" in ran.terminal
    assert "%" in ran.terminal
    assert ran.terminal.endswith("\r\x1b[K")
    bars = [one for one in ran.terminal.split("\r") if LONG[words] in one]
    assert all(len(one.removesuffix("\x1b[K")) < 80 for one in bars)
    assert LONG[words] not in ran.out
    command = [sys.executable, "-c", _AT_ONCE.format(quiet=0.0), *words.split()]
    piped = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stderr) == (0, "")
    quiet = at_terminal(*words.split(), quiet=1_000)  # s that it has to take at least
    assert LONG[words] not in quiet.terminal


def test_restore_shows_how_far_the_reading_is(logged: Path, tmp_path: Path) -> None:
    (logged / "costtop" / "spool" / "a.jsonl").rename(tmp_path / "later.jsonl")
    assert main(["scan"]) == 0
    assert main(["backup"]) == 0
    (tmp_path / "later.jsonl").rename(logged / "costtop" / "spool" / "a.jsonl")
    ran = at_terminal("restore")
    assert (ran.code, "rebuilt from" in ran.out) == (0, True)
    assert "costtop: reading logs again [" in ran.terminal
    assert ran.terminal.endswith("\r\x1b[K")


def test_what_is_new_is_read_with_a_bar_before_a_report(logged: Path) -> None:
    ran = at_terminal("report", "--since", "2026-01-01")
    assert ran.code == 0
    bar, _, said = ran.terminal.rpartition("\r\x1b[K")
    assert "costtop: reading what is new [" in bar
    assert said == "costtop: read 600 new calls first, for no daemon runs (costtop start)\r\n"


def test_rows_that_go_to_the_terminal_themselves_are_not_disturbed(logged: Path) -> None:
    assert main(["scan"]) == 0
    ran = at_terminal("export", "calls", out_too=True)
    assert ran.code == 0
    assert "exporting" not in ran.terminal
    assert ran.terminal.count("claude-opus-5") == _CALLS


def test_a_daemon_says_in_its_status_how_far_it_is(home: Path) -> None:
    found = paths.find()
    found.status.parent.mkdir(parents=True)
    assert progress.of_daemon(found, "reprice") == (0, 0)
    said = {
        "at": now_ms(),
        "pid": os.getpid(),
        "import": {"done_bytes": 5, "total_bytes": 50},
        "work": [{"doing": "compact", "done": 1, "total": 2}],
    }
    daemon_status.write(found.status, said)
    assert progress.of_daemon(found, "import") == (5, 50)
    assert progress.of_daemon(found, "compact") == (1, 2)
    assert progress.of_daemon(found, "reprice") == (0, 0)


_ASKED = """
import sys, time
from costtop.cli import progress
progress._QUIET, progress._EVERY, progress._LOOKS = 0.0, 0.0, 0.001
steps = iter([(10, 100), (60, 100)])
seen = []
def ask():
    seen.append(next(steps, (90, 100)))
    return seen[-1]
with progress.polled("pricing anew", ask, "calls"):
    while len(seen) < 4:
        time.sleep(0.001)
"""


def test_work_of_another_process_is_asked_about_until_it_is_done() -> None:
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", _ASKED], stderr=theirs, env=env) as process:
        os.close(theirs)
        said = _all_of(ours).decode()
    assert process.returncode == 0
    assert [share for share in ("10%", "60%", "90%") if share in said] == ["10%", "60%", "90%"]
    assert said.endswith("\r\x1b[K")


def test_a_narrow_terminal_loses_the_rate_then_the_time_then_the_bar() -> None:
    def line(width: int, rate: float = 12_300_000.0) -> str:
        return progress.laid("reading logs", progress.BYTES, 45_000_000, 100_000_000, rate, width)

    assert line(80) == "costtop: reading logs [##########..............]  45%  12.3 MB/s  4 s left"
    assert line(60) == "costtop: reading logs [#########...........]  45%  4 s left"
    assert [len(line(width)) < width for width in range(27, 200)] == [True] * 173
    assert line(44) == "costtop: reading logs [######........]  45%"
    assert line(30) == "costtop: reading logs 45%"
    assert line(10) == ""
    assert line(80, 0.0).endswith("]  45%")


def test_rates_are_said_in_the_units_of_the_work() -> None:
    def said(unit: str, rate: float) -> str:
        return progress.laid("w", unit, 1, 2, rate, 80).split("%")[1].split("/s")[0].strip()

    assert said("calls", 1234.5) == "1,234 calls"
    assert [said(progress.BYTES, rate) for rate in (5, 5_000, 5e6, 5e9)] == [
        "5 B", "5.0 kB", "5.0 MB", "5.0 GB",
    ]  # fmt: skip
