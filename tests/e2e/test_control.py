"""Mark, pause and kill on real processes that write real logs; one beside them always lives."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from costtop.demo import cast
from tests.e2e.instance import Instance
from tests.patience import PATIENCE, until

FAST = "3"  # times as fast as an agent that is watched by people


class Agents:
    """Agents of the demo: harmless, but with everything that a real one shows of itself.

    Those of these seeds work for minutes, a runaway for ever: they outlive a slow test.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, kind: str, seed: int) -> tuple[str, subprocess.Popen[bytes]]:
        """(session id, process)."""
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "costtop.demo.agent", kind, str(seed), FAST],
            stdin=subprocess.PIPE, process_group=0,
        )  # fmt: skip
        self._started.append(process)
        return cast.session(kind, seed, str(self._instance.home), 0).id, process

    def known(self, session: str, process: subprocess.Popen[bytes], kind: str = "") -> None:
        """Waits until the daemon knows whose process it is."""
        key = f"{'codex' if kind == 'codex' else 'claude-code'}/{session}"
        processes = self._instance.status
        until(lambda: processes()["processes"].get(key, {}).get("pid") == process.pid)
        until(lambda: session in self._instance.once())

    def size(self, session: str) -> int:
        """Bytes of its log."""
        logs = self._instance.home.rglob(f"*{session}.jsonl")
        return sum(log.stat().st_size for log in logs)

    def writes(self, session: str) -> None:
        """Waits until its log has grown."""
        before = self.size(session)
        until(lambda: self.size(session) > before)

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()


@pytest.fixture
def agents(instance: Instance) -> Iterator[Agents]:
    made = Agents(instance)
    yield made
    made.end()


def test_the_command_line_marks_pauses_and_kills_one_session_and_no_other(instance, agents):
    instance.start()
    session, victim = agents.start("runaway", 1)
    other, beside = agents.start("claude", 95)
    thread, codex = agents.start("codex", 16)
    agents.known(session, victim)
    agents.known(other, beside)
    agents.known(thread, codex, "codex")
    assert instance.once()[session]["pid"] == victim.pid

    assert "is marked runaway" in instance.cli("mark", session[:8], "--as", "runaway")
    assert instance.once()[session]["mark"] == "runaway"
    noted = instance.cli("mark", session[:8], "--note", "dear")
    assert "is marked runaway: dear (before: runaway)" in noted  # a part of it is edited
    watched = instance.cli("mark", session[:8], "--as", "watch")
    assert "is marked watch: dear (before: runaway: dear)" in watched
    assert instance.once()[session]["mark"] == "watch"
    assert "is unmarked" in instance.cli("unmark", session[:8])
    assert instance.once()[session]["mark"] is None

    instance.cli("pause", session[:8])
    size = agents.size(session)
    agents.writes(other)
    assert agents.size(session) == size
    until(lambda: instance.once().get(session, {}).get("state") == "paused")
    instance.cli("resume", session[:8])
    agents.writes(session)

    assert "has gone" in instance.cli("kill", session[:8])
    assert victim.wait(PATIENCE) != 0
    assert not (instance.home / f".claude/sessions/{victim.pid}.json").exists()
    instance.cli("kill", thread[:8])
    codex.wait(PATIENCE)
    agents.writes(other)
    assert beside.poll() is None


def test_what_no_process_shows_is_refused_in_one_line(instance):
    from tests.e2e.instance import claude_line, claude_log

    session = "33333333-0000-4000-8000-000000000003"
    instance.append(claude_log(session), claude_line(session, 1, pid=os.getpid()))
    instance.start()
    said = instance.cli("kill", session, code=1)
    assert said.splitlines()[-1].startswith("costtop: ")
    assert "Traceback" not in said
    assert instance.cli("kill", "no-such-session", code=3).count("\n") == 1


async def test_the_screen_kills_the_session_under_its_cursor_and_no_other(instance, agents):
    from costtop.tui import backend
    from costtop.tui.app import CosttopApp
    from costtop.tui.preferences import Preferences

    instance.start()
    session, victim = agents.start("runaway", 4)
    other, beside = agents.start("claude", 92)
    agents.known(session, victim)
    agents.known(other, beside)
    app: CosttopApp = CosttopApp(backend.real(instance.paths), Preferences(delay=0.2))
    async with app.run_test(size=(120, 40)) as pilot:

        async def until(true: Callable[[], object]) -> None:
            deadline = time.monotonic() + PATIENCE
            while not true():
                assert time.monotonic() < deadline
                await pilot.pause(0.02)

        def under_cursor() -> str:
            shown = app.screen_stack[1].table.selected
            return shown.key if shown else ""

        await until(lambda: len(app.snapshot.sessions) == 2)
        await pilot.press("home")
        if not under_cursor().endswith(session):
            await pilot.press("down")
        await until(lambda: under_cursor().endswith(session))
        await pilot.press("k", "3")
        await pilot.press("enter")
        await until(lambda: victim.poll() is not None)
    assert beside.poll() is None
    agents.writes(other)
