"""Opens the live screen over a whole fleet: a child keeps its picture while the screen is open."""

import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from costtop import paths
from costtop.cli import open_screen
from costtop.cli.control import far_keys
from costtop.cli.reports import fleet_reading
from costtop.durations import DAY, QUARTER, now_ms
from costtop.files import private_directory
from costtop.fleet.mirror.fleet_reader import ChildEnded, FleetPlace, FleetReader, status_of
from costtop.queries.connection import Door
from costtop.queries.sessions import session, spent_sessions
from costtop.queries.spending import days, spending
from costtop.store import daemon_status
from costtop.store.db import open_reader

if TYPE_CHECKING:
    import argparse
    import sqlite3

    from costtop.tui.backend import Backend
    from costtop.tui.preferences import Preferences

T = TypeVar("T")
_EVERY = 1.0  # s between two looks at the server
_FIRST = 5.0  # s for the first picture
_KEPT = 60.0  # s that what was brought for a question is asked again
_TREND = 15 * DAY  # that lines of features and models show
_OWN = ("host", "team")


def run(options: "argparse.Namespace") -> int:
    """Runs the screen until it is left."""
    found = paths.find()
    place = fleet_reading.place_of(found)
    path = fleet_reading.picture_path(found, place)
    seen = found._replace(database=path, status=status_of(path))
    began = now_ms()
    with FleetReader(place, path) as reader, FleetAnswers(found, place) as answers:
        reader.follow(_EVERY)
        notice = open_screen.started(found)
        _wait(path, began)
        from costtop.tui.app import CosttopApp

        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")  # before Textual reads it
        app: CosttopApp = CosttopApp(
            backend(answers, seen, place),
            preferences(found, options.delay),
            remembers=found.fleet_screen,
            ascii_only=options.ascii or not open_screen.is_unicode(),
            notice=notice,
            log_file=found.log,
        )
        return open_screen.run_screen(app, mouse=not options.no_mouse)


def _wait(path: Path, began: int) -> None:
    """Until there is a picture of now, or it is said why there is none."""
    deadline = time.monotonic() + _FIRST
    while time.monotonic() < deadline:
        if int(daemon_status.read(status_of(path)).get("at", 0)) >= began:
            return
        time.sleep(0.02)


def preferences(found: paths.Paths, delay: float | None) -> "Preferences":
    """How the user likes the screen of a fleet: at first as the other one, with HOST and TEAM."""
    from costtop.tui import preferences as kept

    chosen = kept.load(found.fleet_screen)
    if not found.fleet_screen.exists():
        chosen = kept.load(found.screen)
        before = [key for key in chosen.columns if key not in _OWN]
        at = before.index("session") + 1 if "session" in before else 0
        chosen = chosen._replace(columns=(*before[:at], *_OWN, *before[at:]))
    if delay is not None:
        chosen = chosen._replace(delay=min(max(delay, kept.FASTEST), kept.SLOWEST))
    return chosen


class FleetAnswers:
    """Stores with what single questions need, each brought by a child and kept for a minute."""

    def __init__(self, found: paths.Paths, place: FleetPlace) -> None:
        self.found, self._place = found, place
        self._folder = Path(tempfile.mkdtemp(prefix="asked-", dir=private_directory(found.fleet)))
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, Path]] = {}
        self._number = 0
        self._reader: FleetReader | None = None

    def __enter__(self) -> "FleetAnswers":
        return self

    def __exit__(self, *_: object) -> None:
        if self._reader is not None:
            self._reader.__exit__()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, asked: Mapping[str, Any], question: "Callable[[sqlite3.Connection], T]") -> T:
        """What the question finds in a store with what is asked for. Raises FleetError."""
        with self._lock, closing(open_reader(self._brought(asked))) as db:
            return question(db)

    def _brought(self, asked: Mapping[str, Any]) -> Path:
        name, now = json.dumps(asked, sort_keys=True), time.monotonic()
        for old in [one for one, (at, _) in self._kept.items() if now - at >= _KEPT]:
            for file in self._folder.glob(f"{self._kept.pop(old)[1].name}*"):
                file.unlink(missing_ok=True)
        if name in self._kept:
            return self._kept[name][1]
        self._number += 1
        path = self._folder / f"{self._number}.db"
        if self._reader is None:
            self._reader = FleetReader(self._place, self._folder / "first.db").__enter__()
        try:
            self._reader.ask({**asked, "path": str(path)})
        except ChildEnded:
            self._reader.__exit__()
            self._reader = None
            raise
        self._kept[name] = now, path
        return path


def backend(answers: FleetAnswers, seen: paths.Paths, place: FleetPlace) -> "Backend":
    """The backend of a fleet: the picture, and what it does not hold brought when it is asked."""
    from costtop.tui import backend as own

    door, tz = Door(seen, fleet=True), ZoneInfo(place.told["timezone"])
    return own.real(seen, hint=lambda source: "", door=door)._replace(
        act=partial(far_keys.act, answers.found),
        asks=far_keys.asks,
        session=partial(_session, answers),
        spending=partial(_spending, answers, tz),
        spent_sessions=partial(_spent, answers),
        days=partial(_days, answers, tz),
        why=partial(_why, place, tz),
        transcript=lambda key: None,
    )


def _session(answers: FleetAnswers, key: str, at: int) -> Any:
    asked = {"session": key, "at": at // (10 * 1000)}
    return answers.ask(asked, lambda db: session.read(db, key))


def _spending(answers: FleetAnswers, tz: ZoneInfo, by: str, span: str, at: int) -> Any:
    earlier = spending.bounds(span, at, tz)[2]
    since = min(earlier, at - _TREND) // DAY * DAY
    asked = {"sums": [(since, None)], "at": at // (30 * 1000)}
    return answers.ask(asked, lambda db: spending.read(db, by, span, at, tz))


def _spent(answers: FleetAnswers, within: spent_sessions.Within, at: int) -> Any:
    since, until = (one and one // QUARTER * QUARTER for one in (within.since, within.until))
    asked = {"sums": [(since, until)], "at": at // (30 * 1000)}
    return answers.ask(asked, lambda db: spent_sessions.read(db, within, at))


def _days(answers: FleetAnswers, tz: ZoneInfo, count: int, at: int) -> Any:
    since = (at - count * DAY) // DAY * DAY
    asked = {"sums": [(since, None)], "zone": tz.key, "at": at // (60 * 1000)}
    return answers.ask(asked, lambda db: days.read(db, count, at, tz))


def _why(place: FleetPlace, tz: ZoneInfo, said: str, feature: str, now: int) -> tuple[str, ...]:
    from rich.cells import cell_len

    from costtop import span_words
    from costtop.queries.why import why_text

    span = span_words.parse(said, now, tz)
    with closing(fleet_reading.of_day(paths.find(), span, now, feature)) as db:
        return why_text.lines(db, said, feature, now, tz, width_of=cell_len)
