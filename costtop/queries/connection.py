"""The door to the store for a screen: frames for as long as it is open. It writes nothing.

It opens the database when there is one, again when another file took its place, and gives an honest
empty frame while there is none. One thread at a time goes through.
"""

import os
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import now_ms
from costtop.errors import StoreError
from costtop.paths import Paths
from costtop.queries import shown_currency
from costtop.queries.live import daemon_health
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse, Snapshot, SourceSeen
from costtop.queries.plans.known_plans import KnownPlans
from costtop.store import meta
from costtop.store.db import open_reader

if TYPE_CHECKING:
    from costtop.queries.live.avoidable_spend import Avoidable
    from costtop.queries.live.head_forecasts import HeadForecasts

T = TypeVar("T")
_OUTLOOK_FOR = 60_000  # ms: forecasts move slowly


class Door:
    """Reads of one costtop instance; every method may raise StoreError."""

    def __init__(
        self, paths: Paths, now: Callable[[], int] = now_ms, *, fleet: bool = False
    ) -> None:
        """`fleet`: the database is a picture of a fleet."""
        self._paths, self._now, self._fleet = paths, now, fleet
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._live: Live | None = None
        self._identity: tuple[int, int] | None = None
        self._last: Snapshot | None = None
        self._version = -1
        self._outlook: HeadForecasts | None = None
        self._outlook_at = 0
        self._avoidable: Avoidable | None = None
        self._plans = KnownPlans()

    def frame(self, *, early: bool = False) -> Snapshot:
        """The snapshot of now; an `early` one without what takes its time: outlook, usual burn."""
        now = self._now()
        pulse, sources = daemon_health.look(self._paths, now)
        with self._lock:
            if self._open() is None or self._live is None:
                return empty(now, pulse, sources)
            try:
                if early:
                    self._show(now)
                    return self._whole(self._live.take(now, pulse, sources, early=True))
                return self._frame(self._live, now, pulse, sources)
            except sqlite3.Error as error:
                self._close()
                raise StoreError(f"cannot read {self._paths.database}: {error}") from None

    def _frame(
        self, live: Live, now: int, pulse: Pulse, sources: tuple[SourceSeen, ...]
    ) -> Snapshot:
        """A new snapshot, or the last one where neither the store nor the clock changes it."""
        version = live.changed()
        last = self._last
        if last is not None and version == self._version and self._is_same(live, last, pulse, now):
            return last._replace(at=now, pulse=pulse, sources=sources)
        self._show(now)
        taken = self._whole(live.take(now, pulse, sources))
        taken = self._with_outlook(taken, now)
        self._version, self._last = version, taken
        return taken

    def _whole(self, taken: Snapshot) -> Snapshot:
        """A snapshot of a fleet has its machines."""
        if not self._fleet or self._db is None:
            return taken
        from costtop.queries.live import fleet_hosts

        return fleet_hosts.with_hosts(self._db, taken)

    def _show(self, now: int) -> None:
        """A screen shows sums in what people read them in."""
        if self._db is not None:
            shown_currency.use_of(self._db, now)

    def _is_same(self, live: Live, last: Snapshot, pulse: Pulse, now: int) -> bool:
        """Whether a snapshot would say the same again: then nothing is asked of the store."""
        seen = (pulse.processes, pulse.exited) == (last.pulse.processes, last.pulse.exited)
        due = self._avoidable.due if self._avoidable else 0
        return seen and last.at <= now < min(live.same_until, due)

    def _with_outlook(self, taken: Snapshot, now: int) -> Snapshot:
        """The snapshot with what is not worked out anew for every frame."""
        from costtop.queries.live import head_forecasts  # an early frame has none
        from costtop.queries.live.avoidable_spend import Avoidable

        assert self._db is not None
        tz = ZoneInfo(taken.zone)
        if self._outlook is None or not 0 <= now - self._outlook_at < _OUTLOOK_FOR:
            self._outlook_at = now
            self._outlook = head_forecasts.read(self._db, now, tz, taken.budgets)
        today = periods.start_of("day", now, tz)
        self._avoidable = self._avoidable or Avoidable()
        waste = self._avoidable.look(self._db, now, today, taken.rev)
        return head_forecasts.shown(taken, self._outlook)._replace(
            saved=head_forecasts.saved(self._db, today),
            avoidable=waste.amount if waste else None,
            avoidable_floor=waste is not None and waste.floor,
            plans=self._plans.look(self._db, now),
        )

    def read(self, ask: Callable[..., T], *args: Any) -> T:
        """`ask(db, *args)`, which opens its own short transaction."""
        with self._lock:
            db = self._open()
            if db is None:
                raise StoreError("there is no database yet; run: costtop start")
            try:
                return ask(db, *args)
            except sqlite3.Error as error:
                self._close()
                raise StoreError(f"cannot read {self._paths.database}: {error}") from None

    def zone(self) -> ZoneInfo:
        """The user's time zone, as the daemon knows it."""
        return self.read(meta.shared).zone

    def _open(self) -> sqlite3.Connection | None:
        """The connection to the file that is there now; None while there is none."""
        try:
            found = os.stat(self._paths.database)
        except OSError:
            self._close()
            return None
        identity = (found.st_dev, found.st_ino)
        if self._db is None or identity != self._identity:
            self._close()
            self._db = open_reader(self._paths.database, unfinished=True)
            self._live, self._identity = Live(self._db), identity
            self._avoidable, self._plans = None, KnownPlans()
        return self._db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = self._live = self._identity = self._last = None


def empty(now: int, pulse: Pulse, sources: tuple[SourceSeen, ...]) -> Snapshot:
    """A frame without a store: nothing spent, and how the daemon is."""
    return Snapshot(
        at=now,
        rev=0,
        zone="UTC",
        sessions=(),
        running=0,
        today_sessions=0,
        today=0,
        today_floor=False,
        month=0,
        month_floor=False,
        burn=0,
        burn_trend=(),
        usual_burn=None,
        unpriced=0,
        budgets=(),
        pulse=pulse,
        sources=sources,
        alerts_open=0,
        last_alert="",
    )
