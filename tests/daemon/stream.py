"""A made-up stream of commits into a real store with a real watch, in time that it carries itself.

`Life` is one daemon's life as far as judging goes: it can be ended at any commit, also in the
middle of one, and another begun on the same database.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from benches.generator import corpus

from costtop.daemon.alerting.evaluate import Evaluator
from costtop.daemon.notices.post import Audience
from costtop.detect.settings import Settings
from costtop.model import Budget, Call, SessionFact, Spend
from costtop.money import NANO
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

BUDGETS = (Budget("daily", "day", 60 * NANO), Budget("monthly", "month", 400 * NANO))
NOBODY = Audience()
QUIET = Settings(plain_rule="warning")


def feature(context, source, model):
    return context.feature


def stream(seed: int, days: int) -> list[Spend]:
    """Spends in order of their time; their feature is a tag."""
    events = corpus(seed, days=days, bad=0.1).events
    return [_tagged(event.spend) for event in events]


def _tagged(spend: Spend) -> Spend:
    call = spend.call
    return spend._replace(call=call._replace(context=call.context._replace(feature=spend.feature)))


def reading(spends: Sequence[Spend], facts: Iterable[SessionFact] = ()) -> Reading:
    """What one turn gave of a log."""
    calls = [Priced(spend.call, spend.cost, spend.cost, spend.rates) for spend in spends]
    return Reading("test", b"log", "{}", "{}", 0, False, calls, list(facts), [], [], [])


def ends(spends: Sequence[Spend], share: int) -> dict[bytes, SessionFact]:
    """The end of every so-manieth session, by the key of its last call."""
    last: dict[str, Call] = {spend.root: spend.call for spend in spends}
    return {
        call.key: SessionFact(call.source, call.session, ended=call.at)
        for nth, call in enumerate(last.values())
        if nth % share == 0 and not call.agent
    }


class Life:
    """One daemon on the database, from its start to its end."""

    def __init__(
        self, path: Path, now: int, *, waits: bool = False, audience: Audience = NOBODY
    ) -> None:
        """`waits`: it is slow to learn; `learn_and_wake` follows later."""
        self.path = path
        self.db = open_writer(path)
        self.write_context = WriteContext(feature)
        self.watch = Evaluator(QUIET, BUDGETS, ZoneInfo("UTC"), audience, lambda: None)
        self.learnt = False
        if not waits:
            self.begin(now)
            self.wake_up(now)

    def begin(self, now: int) -> None:
        self._within(lambda: self.watch.begin(self.db, now))
        reader = open_reader(self.path)
        self.watch.learn(reader, now)
        reader.close()

    def wake_up(self, now: int) -> None:
        self._within(lambda: self.watch.wake_up(self.db, now))

    def commit(self, read: Reading, now: int) -> None:
        self._within(lambda: self._write(read, now))

    def tick(self, now: int) -> None:
        self._within(lambda: self.watch.tick(self.db, now))

    def killed_in(self, read: Reading, now: int) -> None:
        """It dies after everything was written and judged, before the commit."""
        self.db.execute("BEGIN IMMEDIATE")
        self._write(read, now)
        self.db.execute("ROLLBACK")
        self.end()

    def end(self) -> None:
        self.db.close()

    def _write(self, read: Reading, now: int) -> None:
        self.watch.after(self.db, record(self.db, self.write_context, [read], now), now)

    def _within(self, write) -> None:
        self.db.execute("BEGIN IMMEDIATE")
        write()
        self.db.execute("COMMIT")
