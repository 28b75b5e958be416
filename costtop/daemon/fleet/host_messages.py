"""What this machine says to its fleet besides its calls: alerts of its sessions, windows of plans.

Names leave as `[fleet] send` says, titles and reasons never: numbers and rules do. What was said is
known by a mark in the store, and said again until the server has it.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from costtop import lasting_tasks
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.fleet.naming import Naming, hash_key
from costtop.named_tuples import NamedTuple
from costtop.plan_reading import PlanReading
from costtop.settings.fleet_settings import Fleet
from costtop.store import meta
from costtop.store.alerts import ledger_rows
from costtop.store.plans import plan_readings
from costtop.store.writer import Writer

Tell = Callable[[Mapping[str, Any]], None]
_EVERY = 2.0  # s
_MOST = 100  # rows at once
_MARK = "fleet_alerts_said"  # the key of `store.meta`: the latest decision that was said
_PLAIN = (
    "ref rule severity tier at raised turn cost excess cost_now cause amount state reason told"
    " pushed resolved_at acked_at"
).split()


class Saying(NamedTuple):
    """Rows of a part, and the mark that they lead to."""

    part: str
    rows: list[dict[str, Any]]
    upto: int


class Sayings:
    """Says what is new, one part after the other."""

    def __init__(self, writer: Writer, naming: Naming, tell: Tell, *, steward_tells: bool) -> None:
        self._writer, self._naming, self._tell = writer, naming, tell
        self._steward_tells = steward_tells
        self._windows: list[PlanReading] = []  # that were said
        self._upto = 0  # the mark of alerts, as it was moved here

    async def run(self) -> None:
        """For ever; what a child did not carry is said again."""
        while True:
            alerts = await self._writer.read(
                alerts_to_say, self._naming, steward_tells=self._steward_tells
            )
            windows = await self._writer.read(plan_readings.latest, now_ms())
            if not alerts.rows and alerts.upto != self._upto:  # alerts of other things alone
                self._upto = alerts.upto
                await self.take(("alerts", alerts.upto))
            if alerts.rows:
                self._tell({"say": list(alerts)})
            if windows != self._windows:
                rows = windows_of(windows, self._naming)
                self._tell({"say": ["windows", rows, hash_of(windows)]})
            lasting_tasks.well()
            await lasting_tasks.beat(_EVERY)

    async def take(self, said: Sequence[Any]) -> None:
        """The server has it: a part and its mark."""
        part, upto = said
        if part == "alerts":
            await self._writer.transact(meta.put, {_MARK: str(int(upto))})
            return
        windows = await self._writer.read(plan_readings.latest, now_ms())
        if hash_of(windows) == upto:
            self._windows = windows


def sayings_of(instance: Wired, fleet: Fleet, tell: Tell) -> Sayings:
    """The sayings of this instance, by its configuration."""
    names = Naming(fleet.send, hash_key(fleet, instance.paths))
    return Sayings(instance.writer, names, tell, steward_tells=fleet.alerts == "steward")


def hash_of(windows: Sequence[PlanReading]) -> int:
    """What these readings are known by while this process lives."""
    return hash(tuple(windows)) & 0xFFFFFFFF


def alerts_to_say(db: sqlite3.Connection, naming: Naming, *, steward_tells: bool) -> Saying:
    """Alerts of sessions of which something was decided since the mark."""
    rows, upto = ledger_rows.decided_since(db, int(meta.get(db, _MARK) or 0), _MOST)
    said = {"steward_tells": steward_tells}
    return Saying("alerts", [_alert(row, naming) | said for row in rows], upto)


def _alert(row: Mapping[str, Any], naming: Naming) -> dict[str, Any]:
    source, _, session = row["session"].partition("/")
    said = {name: row[name] for name in _PLAIN}
    said["happened"] = said.pop("at")
    return said | {
        "session": f"{naming.source(source)}/{naming.session(session)}",
        "feature": naming.name("feature", row["feature"]),
        "usr": naming.name("user", row["user"]),
        "budget": "",
        "period": "",
    }


def windows_of(told: Sequence[PlanReading], naming: Naming) -> list[dict[str, Any]]:
    """Readings of windows as they leave: of an account's folder its name alone, or a hash."""
    return [
        {
            "source": naming.source(one.source),
            "account": naming.name("project", one.home),
            "plan": one.plan,
            "model": naming.name("model", one.limit),
            "minutes": one.minutes,
            "used": round(one.used * 100),
            "resets": one.resets,
            "happened": one.at,
        }
        for one in told
    ]
