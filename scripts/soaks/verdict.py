"""Holds what costtop promises against what came of the soak. It starts and sends nothing."""

import json
import sqlite3
import subprocess
from collections import Counter
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from .gauges import Gauges
from .inboxes import Inbox
from .keeper import COSTTOP
from .sent import Sent, Sum

# 160 peers on the socket have a place, each with a descriptor of its process beside its own.
MEMORY, DESCRIPTORS, WAL, LOG = 150 << 20, 450, 64 << 20, 10 << 20
_NOTHING = 3  # exit code: nothing is stored
GROWTH = 20 << 20  # bytes by which a daemon may grow from its second third to its last


class Finding(NamedTuple):
    """One promise, and whether it was kept."""

    promise: str
    seen: str
    kept: bool

    def __str__(self) -> str:
        return f"{'kept  ' if self.kept else 'BROKEN'}  {self.promise}: {self.seen}"


def counted() -> dict[str, Sum]:
    """What `costtop report` says of each session."""
    span = ("--since", "2000-01-01", "--until", "2100-01-01")
    ran = subprocess.run([*COSTTOP, "report", "--by", "session", *span, "--json"],
                         capture_output=True, check=False, text=True)  # fmt: skip
    if ran.returncode not in (0, _NOTHING):
        raise SystemExit(
            f"costtop report failed, exit {ran.returncode}: {ran.stderr or ran.stdout}"
        )
    rows = json.loads(ran.stdout)["rows"] if ran.returncode == 0 else []
    return {
        row["key"]: Sum(row["calls"], row["input_tokens"], row["output_tokens"],
                        int(Decimal(row["cost_usd"]) * 10**9))
        for row in rows
    }  # fmt: skip


def money(sent: Sent) -> list[Finding]:
    """Sent against counted, session by session."""
    ours, theirs = sent.sums(), counted()
    differ = {key: (ours.get(key), theirs.get(key)) for key in sorted({*ours, *theirs})
              if ours.get(key) != theirs.get(key)}  # fmt: skip
    lost = sum(max(0, (a or Sum()).calls - (b or Sum()).calls) for a, b in differ.values())
    double = sum(max(0, (b or Sum()).calls - (a or Sum()).calls) for a, b in differ.values())
    cost = [sum(one.cost for one in sums.values()) for sums in (ours, theirs)]
    said = f"{sum(one.calls for one in ours.values())} calls sent, {lost} lost, {double} double"
    found = [
        Finding("no call is lost, none counts twice", said, not (lost or double)),
        Finding("the sum is exact", f"${cost[0] / 1e9:.9f} sent, ${cost[1] / 1e9:.9f} counted",
                not differ and cost[0] == cost[1]),
    ]  # fmt: skip
    return found + [Finding(f"session {key}", f"sent {a}; counted {b}", kept=False)
                    for key, (a, b) in differ.items()]  # fmt: skip


def alerts(database: Path, steady: Inbox, fickle: Inbox, kills: int) -> list[Finding]:
    """Each told once: one letter for each alert and endpoint, each delivered, few copies."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        states = Counter(dict(db.execute("SELECT state, count(*) FROM outbox GROUP BY state")))
        sent = {label: {token for (token,) in db.execute(_SENT, (label,))}
                for label in ("steady", "fickle")}  # fmt: skip
        number, twice = (db.execute(sql).fetchone()[0] for sql in (_ALERTS, _TWICE))
    never = len(sent["steady"] - steady.took.keys()) + len(sent["fickle"] - fickle.took.keys())
    strange = len(steady.took.keys() - sent["steady"])
    copies, more = (sum(box.took.values()) - len(box.took) for box in (steady, fickle))
    open_ = states.total() - states["sent"] - states["digested"]  # a digest is a letter itself
    return [
        Finding("an alert is told once", f"{number} alerts, {twice} with two letters", not twice),
        Finding("no letter is lost", f"{dict(states)}, {never} of the sent never arrived,"
                f" {open_} are not on their way to anybody", not (never or open_)),
        Finding("no letter was forgotten and made anew", f"{strange} of unknown keys", not strange),
        Finding("copies ≤ kills", f"{copies} copies, {kills} kills ({more} copies at the endpoint"
                f" that failed {fickle.failed} times)", copies <= kills),
    ]  # fmt: skip


_SENT = "SELECT token FROM outbox WHERE label = ? AND state = 'sent'"
_ALERTS = "SELECT count(*) FROM alerts"
_TWICE = (
    "SELECT count(*) FROM (SELECT 1 FROM outbox_alerts l JOIN outbox o ON o.id = l.outbox"
    " JOIN alerts a ON a.id = l.alert WHERE a.rule = 'budget_tier' AND o.state <> 'digested'"
    " GROUP BY l.alert, o.label HAVING count(*) > 1)"
)


def bounds(gauges: Gauges, history: float) -> list[Finding]:
    """Memory, descriptors, -wal and log over time. `history`: s from which growth is judged."""
    lived, grown = gauges.growth()
    found = []
    for name, what, most in (("memory", "memory of the daemon", MEMORY),
                             ("descriptors", "open descriptors", DESCRIPTORS),
                             ("wal", "-wal", WAL), ("log", "log", LOG)):  # fmt: skip
        value = gauges.most(name)
        limit, top = (str(n) if name == "descriptors" else _mib(n) for n in (most, value))
        found.append(Finding(f"{what} ≤ {limit}", f"at most {top}", value <= most))
    said = f"{_mib(grown)} from its second third to its last, over {lived:.0f} s"
    flat = grown <= GROWTH or lived < history
    tree = f"at most {_mib(gauges.most('tree'))}"
    found.append(Finding(f"a daemon grows by ≤ {_mib(GROWTH)}", said, flat))
    return [*found, Finding("memory with all children", tree, kept=True)]


def sound(database: Path, log: Path) -> list[Finding]:
    """The store is whole, and the log has no traceback."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        (said,) = db.execute("PRAGMA integrity_check").fetchone()
    text = log.read_text(errors="replace")
    wrong = "Traceback" in text
    return [
        Finding("the database is sound", str(said), said == "ok"),
        Finding(
            "no traceback in the log",
            text[text.find("Traceback") :][:3000] if wrong else "none",
            not wrong,
        ),
    ]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
