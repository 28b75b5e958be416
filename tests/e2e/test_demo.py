"""The demo from outside: it shows something at once and leaves nothing behind."""

import os
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from costtop.demo.play import MARKER
from tests.e2e.instance import COSTTOP
from tests.patience import PATIENCE, until


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which throw-away homes are made."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


def processes(home: Path) -> set[int]:
    """Processes that live in a home: their environment says so."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={home}\0".encode() in (entry / "environ").read_bytes():
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def _frame_at_work(*words: str) -> str:
    """What it prints, once agents of all kinds have spent; "" before that."""
    ran = subprocess.run(
        [*COSTTOP, *words], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=2 * PATIENCE, check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    seen = all(one in ran.stdout for one in ("claude-code", "codex", " costtop ", " running "))
    return ran.stdout if seen else ""


def test_without_a_terminal_it_prints_one_frame_and_leaves_nothing(homes, home):
    # Its agents may be late at their work where the machine is busy: the frame is not.
    shown = until(lambda: _frame_at_work("demo", "--speed", "3", "--seed", "3"))
    assert "budget daily: $" in shown
    assert "budget monthly: $" in shown
    assert shown.count(" running ") > 3
    assert shown.count(" idle ") == 3
    assert list(homes.iterdir()) == []
    assert list(home.iterdir()) == []  # nothing of the user's own was touched


def test_a_kept_home_is_named_and_holds_real_logs_and_no_process(homes):
    printed = subprocess.run(
        [*COSTTOP, "demo", "--speed", "20", "--keep"], capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=2 * PATIENCE, check=True,
    ).stdout  # fmt: skip
    (kept,) = homes.iterdir()
    assert printed.splitlines()[-1] == f"the demo's home is kept: {kept}"
    assert len(list(kept.glob(".claude/projects/*/*.jsonl"))) > 100
    assert (kept / "costtop" / "costtop.db").exists()
    assert not list(kept.glob(".claude/sessions/*.json"))
    assert processes(kept) == set()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="needs /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_however_the_demo_is_ended_everything_it_started_is_gone(homes, number):
    demo = subprocess.Popen(
        [*COSTTOP, "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: list(homes.glob("*/.claude/sessions/*.json")))
    (made,) = homes.iterdir()
    assert (made / MARKER).exists()
    assert len(processes(made)) > 8
    demo.send_signal(number)
    demo.communicate(timeout=2 * PATIENCE)
    until(lambda: not list(homes.iterdir()) and not processes(made))
