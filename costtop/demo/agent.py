"""One live session as a process: it writes its log beat by beat and spends nothing.

Harmless, but to be paused and killed like a real one: it names itself in `sessions/<pid>.json` as
Claude Code does, or holds its rollout open as Codex does, and what stops it stops its log. It ends
when its session does or when its starter has gone: its stdin is closed then.
"""

import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from costtop.demo import cast
from costtop.demo.beats import lines
from costtop.durations import now_ms
from costtop.processes.inspect.inspector import system_inspector


def command(home: Path, kind: str, seed: str, speed: str) -> list[str]:
    """What starts one as a script named after its agent: by that a process is known as one."""
    script = home / "bin" / ("codex" if kind == "codex" else "claude")
    if not script.exists():
        script.parent.mkdir(exist_ok=True)
        young = script.with_name(f"{script.name}.{os.getpid()}")
        young.write_text("import sys; from costtop.demo.agent import main; main(sys.argv[1:])\n")
        young.replace(script)
    return [sys.executable, "-P", str(script), kind, seed, speed]


def main(arguments: list[str]) -> int:
    """`agent KIND SEED SPEED` with HOME set: plays that session to its end."""
    kind, seed, speed = arguments
    home = Path(os.environ["HOME"])
    if Path(sys.argv[0]).suffix:  # started as a module
        os.execv(sys.executable, command(home, *arguments))  # noqa: S606
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    session = cast.session(kind, int(seed), str(home), now_ms())
    folder = home / session.cwd
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    if session.kind == "codex":
        _play(session, home, float(speed), {})
    else:
        with _named(session, home):
            _play(session, home, float(speed), None)
    return 0


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _play(
    session: cast.PlayedSession, home: Path, speed: float, held: dict[str, BinaryIO] | None
) -> None:
    """Writes what is due, until the session ends or the starter has gone."""
    for beat in session.beats:
        if select.select([sys.stdin], [], [], beat.pause / speed)[0]:
            return
        path = home / beat.file
        path.parent.mkdir(parents=True, exist_ok=True)
        data = lines(beat, now_ms())
        if held is None:
            with path.open("ab") as file:
                file.write(data)
            continue
        if beat.file not in held:
            held[beat.file] = path.open("ab", buffering=0)
        held[beat.file].write(data)


@contextmanager
def _named(session: cast.PlayedSession, home: Path) -> Iterator[None]:
    """While it runs, Claude Code's own word on this process (FORMATS, a)."""
    pid = os.getpid()
    process = system_inspector().glance(pid)
    path = home / ".claude/sessions" / f"{pid}.json"
    entry = {
        "pid": pid,
        "sessionId": session.id,
        "cwd": os.getcwd(),
        "startedAt": now_ms(),
        "procStart": str(process.start) if process else "",
        "version": "2.1.140",
        "kind": "interactive",
        "entrypoint": "cli",
        "status": "busy",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
