"""Opens the live screen over this instance, with a daemon behind it and one line meanwhile."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from costtop import paths
from costtop.errors import CosttopError
from costtop.named_tuples import NamedTuple
from costtop.text import clean

if TYPE_CHECKING:
    import argparse

    from costtop.queries.connection import Door
    from costtop.queries.live.view import Snapshot
    from costtop.tui.app import CosttopApp
    from costtop.tui.early_terminal import EarlyTerminal
    from costtop.tui.taking_over import Opening

_FRESH = 10.0  # s since the daemon last touched it


def run(options: "argparse.Namespace") -> int:
    """Starts a daemon where none runs, then runs the screen until it is left."""
    found = paths.find()
    with _greeting(found.line):
        early = _early(options, found)
        app = None if early else _made(options, found)
    if app is not None:
        return run_screen(app, mouse=not options.no_mouse)
    assert early is not None
    from costtop.tui import early_terminal

    with early_terminal.taken() as terminal:
        early_terminal.put(early.drawn)
        return run_screen(_covered(options, found, early, terminal), mouse=not options.no_mouse)


class _Early(NamedTuple):
    """The first frame, drawn before Textual is loaded, and where it was read."""

    drawn: str
    snapshot: "Snapshot"
    door: "Door"


def _early(options: "argparse.Namespace", found: paths.Paths) -> _Early | None:
    """The frame to show at once; None where there is none, or its colours are not known yet."""
    if options.replay or os.environ.get("TEXTUAL_DRIVER"):
        return None
    from costtop.queries.connection import Door
    from costtop.tui import first_frame, preferences
    from costtop.tui.draw import pens
    from costtop.tui.host import Mood
    from costtop.tui.widgets.header import is_tiny

    chosen, mono = preferences.load(found.screen), "NO_COLOR" in os.environ
    known = pens.kept(_pens_file(found), pens.look(chosen.theme, mono=mono))
    window = first_frame.Room(*os.get_terminal_size(sys.stderr.fileno()))
    if not known or is_tiny(window):
        return None
    plain = options.ascii or not is_unicode()
    mood = Mood(mono=mono, plain=mono or plain or chosen.theme.startswith("ansi"))
    door = Door(found)
    try:
        snapshot = door.frame(early=True)
        if not snapshot.sessions:
            return None
        frame = first_frame.FirstFrame(snapshot, chosen, mood, window, plain)
        return _Early(first_frame.drawn(frame, known), snapshot, door)
    except (CosttopError, KeyError):  # the screen itself says what is wrong; an ink without a pen
        return None


def _pens_file(found: paths.Paths) -> Path:
    return found.database.with_name("costtop.pens")


def _covered(
    options: "argparse.Namespace", found: paths.Paths, early: _Early, terminal: "EarlyTerminal"
) -> "CosttopApp":
    """The screen that goes on with the first frame; a daemon is started beside."""
    import threading

    said: list[str] = []

    def begin() -> None:
        try:
            said.append(started(found))
        except Exception as error:  # a thread of its own would write over the screen
            said.append(f"the daemon was not started: {error}")

    beginning = threading.Thread(target=begin, daemon=True)
    beginning.start()

    def begun() -> str:
        beginning.join()
        return said[0] if said else ""

    from costtop.tui.taking_over import Opening

    opening = Opening(early.snapshot, terminal, begun, threading.Event())
    return _made(options, found, opening, early.door)


def run_screen(app: "CosttopApp", *, mouse: bool = True) -> int:
    """Runs the screen until it is left; returns its exit code."""
    from costtop.tui import workers

    try:
        app.run(mouse=mouse)
    except Exception as error:  # whatever it is: no traceback for a user
        app.fault = app.fault or workers.written(error, app.log_file)
    if app.fault:
        print(f"costtop: {app.fault}", file=sys.stderr)
        return 1
    return app.return_code or 0


@contextmanager
def _greeting(line: Path) -> Iterator[None]:
    """Shows the daemon's own line for as long as the block lasts; "reading" where there is none.

    Loading the screen takes the better part of a second; today's spend need not wait for it. The
    line stands on the user's own screen and is taken away again, whatever happens next.
    """
    width = os.get_terminal_size(sys.stderr.fileno()).columns
    text = " · ".join(part for part in ("costtop", _said(line), "reading …") if part)
    if sys.stderr.encoding.lower().replace("-", "") != "utf8":
        text = text.encode("ascii", "replace").decode()
    sys.stderr.write(f"\r{clean(text)[: max(width - 1, 0)]}")
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _said(line: Path) -> str:
    try:
        if time.time() - line.stat().st_mtime > _FRESH:
            return ""
        with line.open(encoding="utf-8", errors="replace") as file:
            return file.read(400).strip()
    except OSError:
        return ""


def _made(
    options: "argparse.Namespace",
    found: paths.Paths,
    opening: "Opening | None" = None,
    door: "Door | None" = None,
) -> "CosttopApp":
    notice = "" if opening else started(found)
    from costtop.tui import backend, preferences
    from costtop.tui.app import CosttopApp

    chosen = preferences.load(found.screen)
    if options.delay is not None:
        chosen = chosen._replace(
            delay=min(max(options.delay, preferences.FASTEST), preferences.SLOWEST)
        )
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")  # before Textual reads it
    app: CosttopApp = CosttopApp(
        backend.real(found, hint=_hook_hint, door=door),
        chosen,
        remembers=found.screen,
        ascii_only=options.ascii or not is_unicode(),
        notice=notice,
        log_file=found.log,
        opening=opening,
        pens=_pens_file(found),
    )
    if options.replay:
        app.begin(*_day(found, options.replay))
    return app


def _day(found: paths.Paths, day: str) -> tuple[int, int]:
    """[start, end) of a local day, ms UTC; raises CosttopError where it names none."""
    from costtop import span_words
    from costtop.durations import now_ms
    from costtop.queries.connection import Door

    _, start, end = span_words.day(day, now_ms(), Door(found).zone())
    return start, end


def _hook_hint(source: str) -> str:
    """What to type so that the agent behind a source hears a stop; "" where its hook may."""
    from costtop.durations import now_ms
    from costtop.hooks.install.proof import proofs
    from costtop.queries.gates import HOOKS

    if (agent := HOOKS.get(source)) is None:
        return f"costtop has none for {source}"
    try:
        (one,), (proof,) = proofs([agent], paths.find(), now_ms())
    except (CosttopError, OSError):
        return f"costtop hooks install {agent}"  # settings that cannot be read tell of no hook
    if not one.commands:
        return f"costtop hooks install {agent}"
    return f"costtop hooks status {agent}" if proof.fails else ""


def is_unicode() -> bool:
    """False where the terminal would show boxes: no UTF-8 locale, or the Linux console."""
    if os.environ.get("TERM") == "linux":
        return False
    said = os.device_encoding(sys.stderr.fileno()) or ""  # the locale's
    return said.lower().replace("-", "") == "utf8"


def started(found: paths.Paths) -> str:
    """What the status line says of the daemon: "" when it ran already."""
    from costtop.daemon.lifecycle.start import start

    try:
        done = start(found)
    except CosttopError as error:
        return str(error)
    if done.replaced:
        return done.words
    return f"started the daemon (pid {done.pid})" if done.started else ""
