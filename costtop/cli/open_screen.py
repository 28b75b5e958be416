"""Opens the live screen over this instance, with a daemon behind it. It draws nothing itself."""

import argparse
import locale
import os
from typing import TYPE_CHECKING

from costtop import paths
from costtop.cli.greeting import greeting
from costtop.errors import CosttopError

if TYPE_CHECKING:
    from costtop.tui.app import CosttopApp


def run(options: argparse.Namespace) -> int:
    """Starts a daemon where none runs, then runs the screen until it is left."""
    found = paths.find()
    with greeting(found.line):
        app = _made(options, found)
    from costtop.tui import faults

    return faults.run(app, mouse=not options.no_mouse)


def _made(options: argparse.Namespace, found: paths.Paths) -> "CosttopApp":
    notice = _started(found)
    from costtop.tui import backend, preferences
    from costtop.tui.app import CosttopApp

    chosen = preferences.load(found.screen)
    if options.delay is not None:
        chosen = chosen._replace(
            delay=min(max(options.delay, preferences.FASTEST), preferences.SLOWEST)
        )
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")  # before Textual reads it
    app: CosttopApp = CosttopApp(
        backend.real(found, hooked=_hooked),
        chosen,
        remembers=found.screen,
        ascii_only=options.ascii or not _unicode(),
        notice=notice,
        log_file=found.log,
    )
    if options.replay:
        app.begin(*_day(found, options.replay))
    return app


def _day(found: paths.Paths, day: str) -> tuple[int, int]:
    """[start, end) of a local day, ms UTC; raises CosttopError where it names none."""
    from costtop import periods
    from costtop.queries.connection import Door

    return periods.bounds("day", day, Door(found).zone())


def _hooked(source: str) -> bool:
    """Whether costtop's gate stands in the settings of the agent behind a source."""
    from costtop.hooks.dialects import AGENTS, dialect_of
    from costtop.hooks.install import installer

    try:
        agent = next((one for one in AGENTS if source == dialect_of(one).SOURCE), None)
        return agent is not None and bool(installer.status(agent).commands)
    except (CosttopError, OSError):
        return False  # settings that cannot be read say nothing of a hook


def _unicode() -> bool:
    """False where the terminal would show boxes: no UTF-8 locale, or the Linux console."""
    if os.environ.get("TERM") == "linux":
        return False
    return locale.getpreferredencoding(False).lower().replace("-", "") == "utf8"


def _started(found: paths.Paths) -> str:
    """What the status line says of the daemon: "" when it ran already."""
    from costtop.daemon.lifecycle.start import start

    try:
        pid, started = start(found)
    except CosttopError as error:
        return str(error)
    return f"started the daemon (pid {pid})" if started else ""
