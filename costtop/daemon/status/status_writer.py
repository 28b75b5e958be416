"""What the daemon says of itself when it changes: its status file, and the line for status bars."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import closing
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar

from costtop import __version__, files, lasting_tasks
from costtop.control.protocol import PROTOCOL
from costtop.daemon.actions.process_search import ProcessSearch
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.lifecycle.lock_holders import database_writers, named
from costtop.daemon.status.own_health import OwnHealth
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.lasting_tasks import Fault, Faults
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.queries.live.daemon_health import pulse
from costtop.queries.live.frame import Live
from costtop.queries.live.view import Pulse
from costtop.queries.totals import bar_fields, spending_line, window_words
from costtop.receive.port import Port
from costtop.sources.registry import SOURCE
from costtop.store import daemon_status
from costtop.store.db import migrations, open_reader, shrink
from costtop.tail.follow import Follower
from costtop.tail.place import shown
from costtop.text import clean

P = ParamSpec("P")
T = TypeVar("T")
_EVERY = 1.0  # s
_OLD = 4_000  # ms after which a file that still holds is written again: readers bear ten seconds
_SHARE = 0.003  # of a core for the line, which thousands of sessions make dear
_AGAIN = 10.0  # s after which the line is worded anew, for a burn falls by itself
_RARELY = 60.0  # s where there is none: a day ends by itself
_LONGEST = 400  # characters of what one field says


class Channel(Protocol):
    """A task of its own beside files and the socket, which is seen in `doctor`."""

    port: Port

    def run(self) -> Coroutine[Any, Any, None]:
        """Serves, for ever."""

    def said(self) -> dict[str, Any]:
        """name, address, said, trouble."""


class Troubled(Protocol):
    """What says in one line what keeps it from its work, "" where nothing does; and its code."""

    @property
    def code(self) -> str:
        """By which `doctor` knows it."""

    @property
    def trouble(self) -> str:
        """The line."""


class StatusWriter:
    """Writes the status file."""

    def __init__(
        self,
        instance: Wired,
        reader: Reader,
        follower: Follower,
        search: ProcessSearch,
        faults: Faults,
        troubled: Sequence[Troubled] = (),
        channels: Sequence[Channel] = (),
    ) -> None:
        self._instance, self._reader = instance, reader
        self._follower, self._search, self._faults = follower, search, faults
        self._troubled, self._channels = troubled, channels
        self._started, self._schema = now_ms(), len(migrations())
        self.blind = ""  # why other processes cannot be looked into
        self.reloaded = ""  # what the latest reload of the configuration changed
        self.fleet: Callable[[], dict[str, Any]] | None = None  # how its server is reached

    async def run(self) -> None:
        """For ever."""
        written: dict[str, Any] = {}
        while True:
            try:
                written = self._kept(written)
            except Exception as error:
                lasting_tasks.meet(
                    error
                )  # and again in a second: a status that is old says "not running"
            else:
                lasting_tasks.well()
            await lasting_tasks.beat(_EVERY)

    def _kept(self, written: dict[str, Any]) -> dict[str, Any]:
        """Writes the status where it changed or is old; what stands in the file then."""
        said = self.said()
        if said | {"at": written.get("at")} == written and said["at"] - written["at"] < _OLD:
            return written
        daemon_status.write(self._instance.paths.status, said)
        return said

    def said(self) -> dict[str, Any]:
        """The status as it is now."""
        ingest = self._instance.ingest
        read = self._reader.passes > 0 and self._instance.evaluator.begun
        polling = self._follower.status.startswith("polling")
        return {
            "schema": 1,
            "at": now_ms(),
            "pid": os.getpid(),
            "pid_space": daemon_status.pid_space(),
            "blind": self.blind,
            "socket": str(self._instance.paths.socket),
            "version": __version__,
            "protocol": PROTOCOL,
            "store_schema": self._schema,
            "started": self._started,
            "counts": {**ingest.counts.plain(), "bad_lines": ingest.bad_lines},
            "import": {
                "active": ingest.progress.total > 0 or not read,
                "done_bytes": ingest.progress.done,
                "total_bytes": ingest.progress.total,
                "today": read or self._instance.evaluator.today,
            },
            "work": [
                {"doing": doing, "done": done, "total": total}
                for doing, (done, total) in list(self._instance.work.items())
            ],
            "lag_ms": self._reader.lag,
            "watch": self._follower.status if polling else "",
            **self._trouble(),
            "faults": [_waited(one) for one in self._faults.present()],
            "config": self.reloaded,
            "channels": [channel.said() for channel in self._channels],
            "sources": self._sources(),
            "processes": self._search.seen(),
            "exited": self._search.exited(),
            "plans": ingest.plans,
            **({"fleet": self.fleet()} if self.fleet else {}),
        }

    def health(self) -> OwnHealth:
        """The same in short, for programs that watch costtop."""
        ingest = self._instance.ingest
        read = self._reader.passes > 0 and self._instance.evaluator.begun
        served = ((str(one.said()["name"]), not one.port.trouble) for one in self._channels)
        return OwnHealth(
            version=__version__,
            started=self._started,
            lag=self._reader.lag,
            lag_at=self._reader.lag_at,
            importing=ingest.progress.total > 0 or not read,
            left=max(ingest.progress.total - ingest.progress.done, 0),
            bad_lines=ingest.bad_lines,
            faults=tuple(one.what.kind for one in self._faults.present()),
            trouble=self._trouble()["trouble_code"],
            listeners=tuple(served),
            endpoints=frozenset(one.label for one in self._instance.config.notify),
            fleet=self.fleet() if self.fleet and self._ships() else None,
        )

    def _ships(self) -> bool:
        fleet = self._instance.config.fleet
        return fleet is not None and fleet.ships

    def _trouble(self) -> dict[str, str]:
        """The worst that is wrong in one line, and its code; both "" where nothing is."""
        told = ((one.code, one.trouble) for one in (*self._faults.present(), *self._troubled))
        code, said = next((one for one in told if one[1]), ("", ""))
        if not said and (refused := self._follower.troubles):
            code, said = "log-refused", f"{shown(refused[0].path)}: {refused[0].reason}"
        return {"trouble": said + self._who_locks(code), "trouble_code": code}

    def _who_locks(self, code: str) -> str:
        """Who has the lock on the database, where that is what is waited out and it is known."""
        present = self._faults.present()
        if code != "locked" or not (present and present[0].what.of_store):
            return ""
        writers = database_writers(self._instance.paths.database)
        return f" ({named(writers)})" if writers else ""

    def _sources(self) -> list[dict[str, object]]:
        rows = []
        for root in self._instance.roots:
            name, _, label = root.label.partition(":")
            rows.append(
                {
                    "source": label,
                    "title": SOURCE[name].title if label == name else label,
                    "folder": shown(root.path),
                    "files": self._reader.files.get(root, 0),
                    "found": os.path.isdir(root.path),
                }
            )
        return rows


def _waited(one: Fault) -> dict[str, object]:
    return {"task": one.task, "kind": one.what.kind, "said": one.what.said, "since": one.since}


class StatusLine(NamedTuple):
    """The line for status bars, whether a burn stands in it, and the seconds of a core it took."""

    text: str = ""
    fields: str = ""  # a name and its words a line
    burns: bool = False
    took: float = 0.0


def _worded(live: Live, seen: Pulse) -> StatusLine:
    began = time.thread_time()
    now = now_ms()
    today, burn, meters = live.glance(now, seen)
    plans, billed = live.plans(now), live.billed(now)
    windows = window_words(plans, now, live.zone())
    with live.in_currency(now):
        line = spending_line(today, burn, meters, windows, billed)
        fields = bar_fields(today, burn, meters, plans, billed)
    fields |= {"line": line, "plan": " · ".join(windows), "alerts": str(live.open_alerts())}
    text = "".join(f"{name} {clean(words, _LONGEST)}\n" for name, words in fields.items())
    return StatusLine(line, text, burn > 0, time.thread_time() - began)


async def to_its_end(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Like `asyncio.to_thread`, but when it is cancelled it waits for the thread.

    A database that is closed while a thread still reads it ends the whole process (SIGSEGV).
    """
    call = partial(work, *given, **named)
    reading = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        raise


async def keep_line(paths: Paths, said: Callable[[], dict[str, Any]]) -> None:
    """Keeps the line for status bars and its parts, written anew when something changed, for ever.

    Not at once, for the start belongs to reading. A file's time says how fresh it is, so both are
    touched every few seconds. `said` is what the daemon says of itself: which processes it knows.
    """
    await asyncio.sleep(_EVERY)
    with closing(open_reader(paths.database, unfinished=True)) as db:
        live = Live(db)
        known, found, worded, touched = -1, StatusLine(), 0.0, 0.0
        while True:
            changed, now = live.changed(), time.monotonic()
            old = now - worded >= (_AGAIN if found.burns else _RARELY)
            if (changed != known or old) and now >= worded + found.took / _SHARE:
                known, worded = changed, now
                found = await to_its_end(_worded, live, pulse(said()))
                shrink(db)  # 2 MB that nobody asks for until the next time
                files.replace(paths.line, f"{found.text}\n".encode())
                files.replace(paths.fields, found.fields.encode())
                touched = now
            elif now - touched >= _OLD / 1000:
                for path in (paths.line, paths.fields):
                    os.utime(path)
                touched = now
            lasting_tasks.well()
            await lasting_tasks.beat(_EVERY)
