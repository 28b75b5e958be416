"""Single values of one database: what readers need to know of the config, cached rate cards."""

import json
import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from costtop import periods
from costtop.durations import MINUTE
from costtop.named_tuples import NamedTuple

if TYPE_CHECKING:  # a quick command that finds no budget loads no nouns
    from costtop.nouns.budget_nouns import Budget

SETTLED = "settled"  # the revision in which a quarter hour before the running one changed last
FLEET = "fleet"  # not "" in a store that mirrors a fleet's
FLEET_GUARDS = "fleet_guards"  # what a fleet's budgets hold here, as its server said last
TICKETS = "tickets"  # the pattern of tickets in names of branches
_VOIDED = "voided"  # how often ids have gone
REBUILDING = "rebuilding"  # why the store is being rebuilt, while it is: `recovery.rebuild`
FINISHED_AFTER = 30 * MINUTE  # where nothing is configured


class Shared(NamedTuple):
    """What readers are told of the config, for they do not read it themselves."""

    zone: ZoneInfo
    finished_after: int  # ms of silence after which a session counts as ended
    min_peers: int  # finished sessions that a running one is compared with, at least
    budgets: "tuple[Budget, ...]"
    settled: str = ""  # whoever keeps a sum of the past reads it anew when this has changed
    currency: str = ""  # in which people read sums, as `currency.told` says it
    tickets: str = ""  # the pattern of tickets in names of branches
    voided: str = ""  # whoever keeps names by their ids reads them anew when this has changed


def shared(db: sqlite3.Connection) -> Shared:
    """What the daemon wrote down of the config; defaults before it did."""
    told = everything(db)
    return Shared(
        zone=periods.zone(told.get("timezone", "UTC")),
        finished_after=int(told.get("finished_after", FINISHED_AFTER)),
        min_peers=int(told.get("min_peers", 5)),
        budgets=decode_budgets(told.get("budgets", "")),
        settled=told.get(SETTLED, ""),
        currency=told.get("currency", ""),
        tickets=told.get(TICKETS, ""),
        voided=told.get(_VOIDED, ""),
    )


def encoded(
    *, zone: str, finished_after: int, min_peers: int, budgets: "Iterable[Budget]"
) -> dict[str, str]:
    """The same as it is written: `put` takes it."""
    return {
        "timezone": zone,
        "finished_after": str(finished_after),
        "min_peers": str(min_peers),
        "budgets": encode_budgets(budgets),
    }


def everything(db: sqlite3.Connection) -> dict[str, str]:
    """Every value by its key."""
    return dict(db.execute("SELECT key, value FROM meta").fetchall())


def put(db: sqlite3.Connection, values: dict[str, str]) -> None:
    """Writes values by key; writes nothing where nothing changed."""
    db.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value WHERE value IS NOT excluded.value",
        [*values.items()],
    )


def settle(db: sqlite3.Connection, rev: int) -> None:
    """Writes down that sums of the past change with this revision."""
    db.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET value = excluded.value",
        (SETTLED, str(rev)),
    )


def void_ids(db: sqlite3.Connection) -> None:
    """Writes down that ids of names and contexts have gone, and may be given to others."""
    put(db, {_VOIDED: str(int(get(db, _VOIDED) or 0) + 1)})


def get(db: sqlite3.Connection, key: str) -> str:
    """The value of `key`, or ""."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def encode_budgets(budgets: "Iterable[Budget]") -> str:
    """Budgets as the value of "budgets", from which readers that know no config take them."""
    return json.dumps(
        [
            {**one._asdict(), "scope": dict(one.scope), "excepted": dict(one.excepted)}
            for one in budgets
        ]
    )


def decode_budgets(text: str) -> "tuple[Budget, ...]":
    """The budgets of such a value, in the order of the config; none of an empty one."""
    return tuple(_budget(**tree) for tree in json.loads(text or "[]"))


def _budget(
    *, tiers: list[int], scope: dict[str, str], excepted: dict[str, str] | None = None, **rest: Any
) -> "Budget":
    from costtop.nouns.budget_nouns import Budget

    globs, others = (tuple(sorted(one.items())) for one in (scope, excepted or {}))
    return Budget(tiers=tuple(tiers), scope=globs, excepted=others, **rest)


def budgets(db: sqlite3.Connection) -> "tuple[Budget, ...]":
    """The budgets that the daemon goes by."""
    return decode_budgets(get(db, "budgets"))
