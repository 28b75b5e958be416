"""Homes in which the examples of the pages run: always the same at the same moment.

`empty` has nothing. `demo` is the month of `costtop demo`, read; its runaway came while a daemon
ran, which is stopped now, so that there are alerts. `logs` has the golden logs of Claude Code and
Codex where the agents keep theirs, not read yet.
"""

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from costtop.demo import cast, past_month
from costtop.demo.beats import lines
from costtop.queries.spending.spend_forecast import MEASURED
from costtop.store import meta
from costtop.store.db import open_reader
from tests.conftest import ROOT
from tests.patience import PATIENCE, until

AT = 1_795_793_100_000  # Fri 2026-11-27 15:25 UTC
SEEN = "/home/ana"  # how the pages write the home, wherever it lies
_SEED = 1
ALERTS = "alerts.log"
_TOLD = ("session ", "budget daily", "budget monthly")  # what the runaway has the daemon tell
_STATE = (".config", ".local", ".cache", "run", ALERTS)  # what costtop and the pages change
_LOGS = {"claude-code": ".claude/projects", "codex": ".codex/sessions"}


def environment(home: Path) -> dict[str, str]:
    """What a command of a page sees: a user ana's, and nothing of whoever runs the tests."""
    return {
        "PATH": f"{home / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "USER": "ana",
        "LOGNAME": "ana",
        "SHELL": "/bin/bash",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PYTHONPATH": f"{ROOT / 'tests/docs/clock'}{os.pathsep}{ROOT}",
        "DOCS_CLOCK": str(AT),
        "http_proxy": "http://127.0.0.1:9",  # the discard port: nothing leaves this machine
        "https_proxy": "http://127.0.0.1:9",
        "no_proxy": "127.0.0.1,localhost",
    }


class PreparedHomes:
    """Each home is built once, and is as it was built whenever it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: set[str] = set()

    def fresh(self, name: str) -> Path:
        """The home of that name, with nothing in it that an earlier page has done."""
        home, kept = self._folder / name, self._folder / f"{name}.kept"
        if name not in self._built:
            _begin(home)
            _BUILDERS[name](home)
            _copy(home, kept)
            self._built.add(name)
        for path in _changed(home):
            _remove(path)
        _copy(kept, home)
        return home


def _changed(home: Path) -> Iterator[Path]:
    """All but what no page changes: logs, whose files costtop knows again, and the command."""
    logs = {*_LOGS.values(), past_month.APP_LOGS}
    for path in home.iterdir():
        if any(log.startswith(f"{path.name}/") for log in logs):
            yield from (
                below for below in path.iterdir() if f"{path.name}/{below.name}" not in logs
            )
        elif path.name != "bin":
            yield path


def _copy(of: Path, to: Path) -> None:
    to.mkdir(exist_ok=True)
    for entry in _STATE:
        if (of / entry).is_dir():
            shutil.copytree(of / entry, to / entry, symlinks=True)
        elif (of / entry).exists():
            shutil.copy2(of / entry, to / entry)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _begin(home: Path) -> None:
    (home / "bin").mkdir(parents=True)
    (home / "run").mkdir(mode=0o700)
    command = home / "bin/costtop"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m costtop "$@"\n')
    command.chmod(0o755)


def _nothing(home: Path) -> None:
    """An empty home is as it begins."""


def _logs(home: Path) -> None:
    for source, place in _LOGS.items():
        shutil.copytree(ROOT / "tests/logs" / source / "input", home / place)
    _age(home)


def _demo(home: Path) -> None:
    past = past_month.past(_SEED, SEEN, AT, ZoneInfo("UTC"))
    for name, data in past.files.items():
        _write(home / name, data)
    config = home / ".config/costtop/config.toml"
    own = '[identity]\nuser = "ana"\nhost = "desk"\n'
    _write(config, (past_month.config(past, str(home), "UTC") + own).encode())
    config.parent.chmod(0o700)
    seed = Random(_SEED).getrandbits(48)  # as the demo draws it
    _live(home, "codex", seed + 1, 110)
    _age(home)
    costtop(home, "scan")
    costtop(home, "start")
    status = home / ".local/state/costtop/status.json"
    until(lambda: '"active": false' in _text(status) or '"active":false' in _text(status))
    _live(home, "runaway", seed, 75)
    until(lambda: all(word in _text(home / ALERTS) for word in _TOLD))
    until(lambda: _has_done_its_rounds(home))
    costtop(home, "daemon", "stop")
    line = home / ".local/state/costtop/status.fields"  # it is made anew as the wall clock goes on
    line.unlink()
    costtop(home, "start")
    until(line.exists)
    costtop(home, "daemon", "stop")
    _age(home, 0)


def costtop(home: Path, *words: str) -> str:
    """What a command says in this home; it has to do what it was asked."""
    ran = subprocess.run(
        [home / "bin/costtop", *words], env=environment(home), cwd=home, timeout=2 * PATIENCE,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _live(home: Path, kind: str, seed: int, seconds: int) -> None:
    """A session that began so long ago, up to this minute.

    It is written at once: what is told of it does not depend on when it is looked at.
    """
    at, written = float(AT - 1000 * seconds), defaultdict[str, bytes](bytes)
    for beat in cast.session(kind, seed, SEEN, int(at)).beats:
        at += 1000 * beat.pause
        if at > AT:
            break
        written[beat.file] += lines(beat, int(at))
    for name, data in written.items():
        _write(home / name, data)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _has_done_its_rounds(home: Path) -> bool:
    """Whether the daemon has measured its forecasts and made the day's backup."""
    state = home / ".local/state/costtop"
    with closing(open_reader(state / "costtop.db")) as db:
        return bool(meta.get(db, MEASURED)) and bool(list(state.glob("backups/*.db")))


def _parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, data: bytes) -> None:
    _parent(path).write_bytes(data)


def _age(home: Path, seconds: int = 60) -> None:
    """Files were last written so long before the moment at which the clock stands."""
    for path in home.rglob("*"):
        if path.is_file() and path.stat().st_mtime * 1000 > AT:
            os.utime(path, (AT / 1000 - seconds, AT / 1000 - seconds))


_BUILDERS: dict[str, Callable[[Path], None]] = {"empty": _nothing, "demo": _demo, "logs": _logs}
