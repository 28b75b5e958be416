"""A store and what it has said, whatever is done to it: against plain dictionaries."""

import json
import sqlite3
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from costtop.fleet.naming import Naming
from costtop.fleet.next_shipment import OutgoingBatch, ShippingOutbox
from costtop.fleet.shipment import Shipment, ShippedCall, SumShipment
from costtop.model import Call, Context, Price, SessionFact, Tokens
from costtop.nouns.log_owner import LogOwner
from costtop.sources.fold import keys
from costtop.store import outgoing
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.forgetting import removal, thinning, tombstones
from costtop.store.sessions import owners

DAY = 86_400_000
T0 = 1_795_000_000_000 // DAY * DAY + DAY // 2
ALL = ("model", "feature", "project", "user")
SESSIONS = [f"5e551000-0000-4000-8000-00000000000{n}" for n in range(3)]
NUMBERS = st.integers(0, 9)
TIMES = st.sampled_from([0, 60_000, -DAY // 2 - 1, -2 * DAY, 3 * DAY])
CONTEXTS = st.sampled_from(
    [Context(), Context(user="ana", project="shop"), Context(project="/home/x/web", feature="f")]
)


class Server:
    """What was shipped, as plain dictionaries: any batch may come any number of times."""

    def __init__(self) -> None:
        self.calls: dict[bytes, tuple[tuple[str, str], ShippedCall]] = {}
        self.sessions: dict[tuple[str, str], Any] = {}
        self.lines: dict[int, list[Any]] = {}
        self.minutes: dict[int, dict[tuple[str, str], Any]] = {}
        self.totals: dict[tuple[str, ...], Any] = {}

    def take(self, batch: OutgoingBatch) -> None:
        if isinstance(batch.shipment, SumShipment):
            self.take_sums(batch.shipment)
        else:
            self.take_calls(batch.shipment)

    def take_sums(self, one: SumShipment) -> None:
        """What is said of a quarter is all there is of it."""
        for quarter in one.quarters:
            self.lines[quarter] = sorted(x for x in one.spend if x.quarter == quarter)
            for minute in range(quarter * 15, quarter * 15 + 15):
                self.minutes.pop(minute, None)
        for session, sums in zip(one.sessions, one.totals, strict=True):
            self.sessions[session.session, session.agent] = session
            self.totals[session.session, session.agent] = sums
        for minute in one.minutes:
            whose = one.sessions[minute.of]
            row = self.minutes.setdefault(minute.minute, {})
            row[whose.session, whose.agent] = minute[2:]
        for _, *name in one.gone:
            self.totals.pop(tuple(name), None)

    def take_calls(self, shipment: Shipment) -> None:
        told, said, gone = shipment
        assert len(said) + len(gone) <= 2_000
        assert len(told) <= 2_000
        assert len({one.key for one in said} | set(gone)) == len(said) + len(gone)
        for session in told:
            self.sessions[session.session, session.agent] = session
        for call in said:
            whose = told[call.of]
            self.calls[call.key] = (whose.session, whose.agent), call._replace(of=0)
        for key in gone:
            self.calls.pop(key, None)


def stored(db: sqlite3.Connection) -> dict[bytes, Any]:
    """The calls of a store, read in another way than the code under test."""
    names = dict(db.execute("SELECT id, text FROM names").fetchall())
    contexts = {row[0]: row[1:] for row in db.execute("SELECT id, project, user FROM contexts")}
    whose = {r[0]: r[1:] for r in db.execute("SELECT id, session, agent, user FROM sessions")}
    found: dict[bytes, Any] = {}
    rows = db.execute(
        "SELECT key, session, context, at, model, feature, input, cache_read, cache_write,"
        " cache_write_1h, output, reasoning, cost, computed, reported FROM calls"
    ).fetchall()
    for key, session, context, at, model, feature, *counts, cost, kept, reported in rows:
        project, user = contexts[context]
        computed = cost if kept is None else None if kept == -1 else kept
        found[key] = (
            whose[session][:2], at, names[model], names[feature],
            names[project].rpartition("/")[2], names[user] or names[whose[session][2]],
            *counts, cost, computed, reported,
        )  # fmt: skip
    return found


def shipped(server: Server) -> dict[bytes, Any]:
    found: dict[bytes, Any] = {}
    for key, (whose, one) in server.calls.items():
        rest = one[1:]
        found[key] = (whose, rest[1], *rest[2:12], *rest[13:])
    return found


class Machine(RuleBasedStateMachine):
    """One store and what it has said, the rows of its logs, batches that are on their way."""

    def __init__(self, folder: Path, detail: str) -> None:
        super().__init__()
        self.folder, self.files, self.detail = folder, 0, detail
        self.server = Server()
        self.logs: list[Reading] = []
        self.way: list[OutgoingBatch] = []
        self.joined, self.thinned = True, False
        self.open()
        self.begin()

    def open(self) -> None:
        self.files += 1
        self.db = open_writer(self.folder / f"{self.files}" / "costtop.db")
        self.context = WriteContext(lambda context, source, model: context.feature or model)
        self.naming = Naming(ALL, b"k" * 32)
        self.outbox = ShippingOutbox(self.db, self.naming, self.detail)

    def begin(self) -> None:
        with self.db:
            self.db.execute("BEGIN IMMEDIATE")
            how = f"how {self.files}" if self.joined else ""
            outgoing.begin(self.db, how, sums=self.detail != "calls")

    def read(self, *calls: Call, facts: tuple[SessionFact, ...] = (), path: bytes = b"/a") -> None:
        priced = [Priced(one, one.tokens.output, one.tokens.output, None) for one in calls]
        if calls and calls[0].heard:
            path = b"otlp"
        owner = None if path == b"otlp" else LogOwner("ana", "box")
        made = Reading("claude-code", path, "{}", "{}", len(path), False, priced, [*facts], [], [],
                       [], owner=owner)  # fmt: skip
        self.logs.append(made)
        self.commit(made)

    def commit(self, made: Reading) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        record(self.db, self.context, [made], T0)
        self.db.execute("COMMIT")

    @rule(n=NUMBERS, session=st.sampled_from(SESSIONS), output=st.integers(0, 3), at=TIMES,
          context=CONTEXTS, agent=st.sampled_from(["", "a1b2c3"]),
          path=st.sampled_from([b"/a", b"/bb"]), side=st.booleans())  # fmt: skip
    def append(self, **given: Any) -> None:
        self.append_one(**given)

    def append_one(
        self, n: int, session: str, output: int, at: int, context: Context, agent: str,
        path: bytes, *, side: bool,
    ) -> None:  # fmt: skip
        key = keys.paired(f"m{n}", f"r{n}{'x' * side}")
        self.read(Call(key=key, source="claude-code", session=session, agent=agent, model="opus",
                       tokens=Tokens(10, 1, 2, 0, output, 1), at=T0 + n // 4 + at, context=context,
                       request=f"r{n}", yields=side), path=path)  # fmt: skip

    @rule(more=st.lists(st.tuples(NUMBERS, st.sampled_from(SESSIONS)), min_size=1, max_size=4),
          context=CONTEXTS)  # fmt: skip
    def append_some(self, more: list[tuple[int, str]], context: Context) -> None:
        for n, session in more:
            self.append_one(n, session, n % 4, 0, context, "", b"/a", side=False)
        self.drain()

    @rule(n=NUMBERS, session=st.sampled_from(SESSIONS), output=st.integers(0, 3))
    def hear(self, n: int, session: str, output: int) -> None:
        self.read(Call(key=keys.whole("otlp", f"r{n}"), source="claude-code", session=session,
                       model="opus", tokens=Tokens(10, 1, 2, 0, output), at=T0 + n + 5,
                       request=f"r{n}", reported=output * 11, settled=True, heard=True,
                       service="claude-code", context=Context(user="wire")))  # fmt: skip

    @rule(session=st.sampled_from(SESSIONS), parent=st.sampled_from(SESSIONS), at=TIMES)
    def tell(self, session: str, parent: str, at: int) -> None:
        self.tell_one(session, parent, at)

    def tell_one(self, session: str, parent: str, at: int) -> None:
        fact = SessionFact(source="claude-code", session=session, at=T0 + at, ended=T0 + at)
        self.read(facts=(fact,))
        if parent > session:
            self.read(facts=(fact._replace(ended=None, parent=parent),))

    @rule(factor=st.integers(0, 3))
    def reprice(self, factor: int) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        price = lambda call: Price(call.tokens.output * factor or None, None)  # noqa: E731
        reprice(self.db, self.context, price, lambda a, b: a if b is None else b, 0, {})
        self.db.execute("COMMIT")

    @rule(name=st.sampled_from(["ana", "bob"]))
    def owned(self, name: str) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        naming = lambda owner: (name, owner.host)  # noqa: E731
        owners.renew(self.db, naming, lambda label, path: None, "")
        self.db.execute("COMMIT")
        self.context.owners.naming = naming
        self.context.new_owners()

    @rule(session=st.sampled_from(SESSIONS), at=TIMES)
    def forget(self, session: str, at: int) -> None:
        self.forget_one(session, at)

    def forget_one(self, session: str, at: int) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        tombstones.put(self.db, [(tombstones.who("claude-code", session), T0 + at + 100)], T0)
        while removal.calls(self.db).calls:
            pass
        removal.rest(self.db)
        self.db.execute("COMMIT")
        self.context.forget()
        self.context.forgotten.forget()

    @rule()
    def compact(self) -> None:
        waits = outgoing.waiting(self.db).live
        self.db.execute("BEGIN IMMEDIATE")
        thinning.step(self.db, T0 + 30 * DAY)
        self.thinned = True
        self.db.execute("COMMIT")
        assert outgoing.waiting(self.db).live == waits

    @rule(what=st.sampled_from(["rebuilt", "left", "joined", "new server"]))
    def upset(self, what: str) -> None:
        """What is on its way to a server that is no more may be answered all the same.

        Out of the fleet a store that is rebuilt does not know what it told before: what counts no
        more since then stays with the server (docs/fleet.md).
        """
        if what == "rebuilt":
            self.way.clear()
            if self.joined:
                self.rebuild()
        elif what == "new server":
            self.server = Server()
            if self.joined:
                self.db.execute("BEGIN IMMEDIATE")
                outgoing.again(self.db)
                self.db.execute("COMMIT")
        else:
            self.joined = what == "joined"
            self.begin()

    def rebuild(self) -> None:
        """From the logs alone; what was forgotten stands in the journal.

        No journal has the quarters in which nothing is left: with sums what waits is sent before.
        """
        if self.detail != "calls":
            self.drain()
        kept = [("forgotten", "?,?,?"), ("forgotten_calls", "?")]
        rows = {name: self.db.execute(f"SELECT * FROM {name}").fetchall() for name, _ in kept}
        self.db.close()
        self.open()
        for name, marks in kept:
            self.db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])
        self.begin()
        for made in self.logs:
            self.commit(made)

    @rule(limit=st.integers(1, 4), times=st.integers(1, 5))
    def ship(self, limit: int, times: int) -> None:
        """It arrives; the answer may be on its way for long."""
        for _ in range(times):
            batch = self.outbox.next(limit, [one.done for one in self.way])
            if batch is not None:
                self.server.take(batch)
                self.way.append(batch)

    @precondition(lambda self: self.way)
    @rule(lost=st.booleans(), which=st.integers(0, 5))
    def answered(self, lost: bool, which: int) -> None:
        batch = self.way.pop(which % len(self.way))
        if not lost:
            self.done(batch)

    def done(self, batch: OutgoingBatch) -> None:
        token = json.loads(json.dumps(batch.done))
        self.db.execute("BEGIN IMMEDIATE")
        outgoing.sent(self.db, token)
        outgoing.sent(self.db, token)
        self.db.execute("COMMIT")

    @rule(often=st.integers(0, 3))
    def all_goes(self, often: int) -> None:
        self.drain()

    def drain(self) -> None:
        self.way.clear()
        if not self.joined:
            self.joined = True
            self.begin()
        for _ in range(1000):
            batch = self.outbox.next(3)
            if batch is None:
                break
            self.server.take(batch)
            self.done(batch)
        else:
            raise AssertionError("it never ends")
        if self.detail == "calls":
            self.compare_calls()
        else:
            self.compare_sums()

    def compare_sums(self) -> None:
        names = "SELECT id, text FROM names"
        name = dict(self.db.execute(names).fetchall())
        sums: dict[Any, list[int]] = {}
        for quarter, project, user, owner, model, feature, *counts in self.db.execute(
            "SELECT quarter, x.project, x.user, s.user, l.model, l.feature, l.calls, l.errors,"
            " l.unpriced, l.cost, l.input, l.cache_read, l.cache_write, l.output FROM spend l"
            " JOIN contexts x ON x.id = l.context JOIN sessions s ON s.id = l.session"
        ).fetchall():
            line = (quarter, name[user] or name[owner], name[project].rpartition("/")[2],
                    name[model], name[feature])  # fmt: skip
            row = sums.setdefault(line, [0] * 8)
            row[:] = map(int.__add__, row, counts)
        told = {
            tuple(x[:5]): [*x[5:8], *x[9:]] for each in self.server.lines.values() for x in each
        }
        assert told == sums
        if self.detail == "spend":
            assert not self.server.sessions
            return
        self.compare_sessions()
        query = "SELECT session, agent, calls, cost, output, id FROM sessions WHERE last NOTNULL"
        rows = {row[5]: (row[:2], row[2:5]) for row in self.db.execute(query)}
        kept = {key: (x.calls, x.cost, x.output) for key, x in self.server.totals.items()}
        assert {key: one for key, one in kept.items() if any(one)} == {
            key: one for key, one in rows.values() if any(one)
        }
        minutes: dict[int, dict[Any, Any]] = {}
        query = "SELECT minute, session, cost, tokens, calls, unpriced FROM minutes"
        for minute, session, *counts in self.db.execute(query):
            minutes.setdefault(minute, {})[rows[session][0]] = tuple(counts)
        if not self.thinned:  # a server keeps eight days of them, and none here goes before 90
            assert {m: x for m, x in self.server.minutes.items() if x} == minutes

    def compare_calls(self) -> None:
        want = stored(self.db)
        assert {k[:8]: v for k, v in shipped(self.server).items()} == {
            k[:8]: v for k, v in want.items()
        }
        assert len(self.server.calls) == len(want)
        self.compare_sessions()

    def compare_sessions(self) -> None:
        rows = self.db.execute(
            "SELECT s.session, s.agent, r.session, s.started, coalesce(s.last, s.started), s.ended"
            " FROM sessions s JOIN sessions r ON r.id = s.root WHERE s.last NOTNULL"
        )
        for session, agent, *said in rows:
            one = self.server.sessions[session, agent]
            assert [one.root, one.started, one.last, one.ended] == said

    def teardown(self) -> None:
        self.drain()
        self.db.close()
