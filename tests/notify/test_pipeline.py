"""Random lives of the alert pipeline against a small model: each tier told once, none lost (A5).

From a committed call to the endpoint's door everything is real: the store, the judging, the ledger,
the outbox, the courier, HTTP on the loopback. The sender posts from this process, so that it can be
made to die before the message has arrived and after it; real children that are killed have a test
of their own (`test_kills`). The clock is the machine's own toy. More lives by the environment:
COSTTOP_LIVES=500.
"""

import asyncio
import http.client
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from costtop.alerts import wording
from costtop.daemon.alerting.evaluate import Evaluator
from costtop.durations import DAY, HOUR, MINUTE
from costtop.model import Budget, Call, Letter, Rates, Silence, Spend, Tokens
from costtop.money import NANO
from costtop.notify.courier import Courier
from costtop.notify.send import SendResult
from costtop.store import clock_corrections
from costtop.store.alerts import outbox, silences
from costtop.store.alerts.alerts import acknowledge
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader
from costtop.store.writer import Writer
from tests.daemon.stream import QUIET, feature, reading
from tests.notify.desk import Inbox, audience, json_to
from tests.patience import PATIENCE

LIVES = int(os.environ.get("COSTTOP_LIVES", "12"))
NOON = 1_795_600_800_000  # 2026-11-25 10:00 UTC
TIERS = (50, 80, 100)
UTC = ZoneInfo("UTC")
MODES = ("up", "refuses", "cuts off", "dies before", "dies after")

Told = tuple[str, int, int]  # day, amount in dollars, tier


class Killed(Exception):
    """The whole daemon, in the middle of something."""


class Model:
    """What must be told, and what may be; dollars."""

    def __init__(self) -> None:
        self.amount = 20
        self.silenced = False
        self.spent: Counter[str] = Counter()
        self.heard: dict[tuple[str, int], int] = {}  # the highest tier that must have been told
        self.must: set[Told] = set()
        self.may: set[Told] = set()
        self.mute: set[Told] = set()  # reached while silenced

    def passed(self, day: str) -> list[Told]:
        return [(day, self.amount, tier) for tier in TIERS
                if self.spent[day] * 100 >= tier * self.amount]  # fmt: skip

    def spend(self, day: str, dollars: int) -> None:
        before = set(self.passed(day))
        self.spent[day] += dollars
        reached = [one for one in self.passed(day) if one not in before]
        self.may.update(self.passed(day))
        if not reached:
            return
        if self.silenced:
            self.mute.update(reached)
        elif self.heard.get((day, self.amount), 0) < reached[-1][2]:
            self.heard[day, self.amount] = reached[-1][2]
            self.must.add(reached[-1])


class Lives(RuleBasedStateMachine):
    """One store, one endpoint, one daemon after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="costtop-lives-"))
        self.inbox = Inbox()
        self.inbox.answer = self.answer
        self.mode, self.now, self.calls = "up", NOON, 0
        self.hits = self.refused = 0  # sends that somebody died in, and that were answered with 500
        self.model = Model()
        self.do(self.start())

    def do(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    def answer(self, _: int) -> tuple[int, dict[str, str], bytes]:
        return (500 if self.mode == "refuses" else 200), {}, b""

    @property
    def day(self) -> str:
        from costtop import periods

        return periods.key("day", self.now, UTC)

    async def start(self) -> None:
        self.dead = asyncio.Event()
        self.writer = await Writer(self.folder / "costtop.db").__aenter__()
        self.courier = Courier(self.writer, [json_to(self.inbox)], wording.delayed,
                               lambda: self.now, self.send)  # fmt: skip
        self.context = WriteContext(feature)
        await self.judge_by(self.model.amount)
        await self.writer.transact(clock_corrections.pull_in, self.now)
        self.post = asyncio.create_task(self.courier.run())

    async def judge_by(self, dollars: int) -> None:
        """What a start does, and what reading the configuration again does."""
        budgets = (Budget("daily", "day", dollars * NANO, TIERS),)
        to = audience("chat")
        self.watch = Evaluator(QUIET, budgets, UTC, to, self.courier.wake)
        await self.writer.transact(self.watch.begin, self.now)
        reader = open_reader(self.folder / "costtop.db")
        self.watch.learn(reader, self.now)
        reader.close()
        await self.writer.transact(self.watch.wake_up, self.now)

    async def die(self) -> None:
        """All that a kill -9 leaves is the files; what was being sent may have arrived."""
        self.hits += len(self.courier._under_way)
        for task in (self.post, *self.courier._under_way):
            task.cancel()
        await asyncio.gather(self.post, return_exceptions=True)
        await self.writer._db.close()  # no checkpoint, no goodbye
        self.writer.journal.close()

    async def send(self, _: object, letter: Letter) -> SendResult:
        """Posts it as the child does; the child, or all of the daemon, may die meanwhile."""
        mode = self.mode
        if mode != "dies before":
            await asyncio.to_thread(self.hand_over, letter)
        if mode == "refuses":
            self.refused += 1
            return SendResult(ok=False, error="HTTP 500")
        if mode.startswith("dies"):
            self.mode = "up"
            self.dead.set()
            await asyncio.Event().wait()  # nothing of it goes on
        if mode == "cuts off":  # the child was killed: nobody knows that it has arrived
            self.hits += 1
            self.mode = "up"
            return SendResult(ok=False, error="the sender ended without an answer")
        return SendResult(ok=True)

    def hand_over(self, letter: Letter) -> None:
        peer = http.client.HTTPConnection("127.0.0.1", self.inbox.port, timeout=PATIENCE)
        peer.request("POST", "/", b"{}", {"Idempotency-Key": letter.token})
        peer.getresponse().read()
        peer.close()

    async def quiet(self) -> None:
        """Until nothing is on its way; a daemon that died is followed by another."""
        while True:
            if self.dead.is_set():
                await self.die()
                await self.start()
            left = await self.writer.read(outbox.due, frozenset(), self.now)
            if not left and not self.courier._busy:
                return
            self.courier.wake()
            await asyncio.sleep(0.002)

    def commit(self, dollars: int, *, killed: bool) -> None:
        self.calls += 1
        call = Call(b"%016d" % self.calls, "test", "s", "m", Tokens(input=1, output=1), self.now)
        spend = Spend(call, "test/s", dollars * NANO, Rates(1, 1, 1, 1, 1, 0, "x"), self.now)

        async def committed() -> None:
            with suppress(Killed):
                return await self.writer.transact(self.taken, spend, killed=killed)
            await self.die()  # its log has the line still: the next daemon reads it
            await self.start()
            return await self.writer.transact(self.taken, spend)

        self.do(committed())
        self.courier.wake()
        self.model.spend(self.day, dollars)

    def taken(self, db: sqlite3.Connection, spend: Spend, *, killed: bool = False) -> None:
        recorded = record(db, self.context, [reading([spend])], self.now)
        self.watch.after(db, recorded, self.now)
        if killed:
            raise Killed

    @rule(dollars=st.sampled_from([1, 4, 7, 11, 25]))
    def spend(self, dollars: int) -> None:
        self.commit(dollars, killed=False)

    @rule(dollars=st.sampled_from([4, 11]))
    def spend_and_be_killed_before_the_commit(self, dollars: int) -> None:
        self.commit(dollars, killed=True)

    @rule()
    def deliver(self) -> None:
        self.do(self.quiet())

    @rule(mode=st.sampled_from(MODES))
    def endpoint(self, mode: str) -> None:
        self.mode = mode

    @rule(minutes=st.sampled_from([1, 10, 45, 600]))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.do(self.writer.transact(lambda db: self.watch.tick(db, self.now)))
        self.courier.wake()

    @rule(step=st.sampled_from([-DAY, -HOUR, -5 * MINUTE, 5 * MINUTE, DAY]))
    def clock_steps(self, step: int) -> None:
        """As the daemon does within a second (`upkeep.heed_clock`)."""
        self.now += step
        if step < 0:
            self.do(self.writer.transact(clock_corrections.pull_in, self.now))
        latest = self.asked("SELECT max(next_at) FROM outbox WHERE state = 'pending'")[0][0]
        assert (latest or 0) <= self.now + outbox.LONGEST_RETRY, "a letter waits for an old clock"

    @rule()
    def kill_and_restart(self) -> None:
        self.do(self.die())
        self.do(self.start())

    @rule(amount=st.sampled_from([10, 20, 40]))
    def budget(self, amount: int) -> None:
        self.model.amount = amount
        for day in self.model.spent:
            self.model.may.update(self.model.passed(day))
        self.do(self.judge_by(amount))

    @precondition(lambda self: not self.model.silenced)
    @rule()
    def silence(self) -> None:
        self.model.silenced = True
        quiet = Silence(id=None, by="me", at=self.now, budget="daily")
        self.do(self.writer.transact(silences.begin, quiet))

    @precondition(lambda self: self.model.silenced)
    @rule()
    def end_silence(self) -> None:
        self.model.silenced = False
        (one,) = self.do(self.writer.read(silences.unended))
        self.do(self.writer.transact(silences.end, one.id, "me", self.now))
        self.model.mute.clear()  # what is still true may be told now

    @rule()
    def acknowledge(self) -> None:
        newest = "SELECT ref FROM alerts WHERE state = 'open' ORDER BY id DESC"
        found = self.do(self.writer.read(lambda db: db.execute(newest).fetchone()))
        if found:
            self.do(self.writer.transact(acknowledge, found[0], "me", self.now))

    def asked(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.do(self.writer.read(lambda db: db.execute(sql, values).fetchall()))

    def told(self) -> Counter[Told]:
        """What arrived, each letter once however many copies of it there were."""
        keys = {headers["Idempotency-Key"] for _, _, headers, _ in self.inbox.got}
        rows = self.asked(
            "SELECT o.token, a.period, a.amount, a.tier FROM outbox o JOIN outbox_alerts l"
            " ON l.outbox = o.id JOIN alerts a ON a.id = l.alert WHERE a.rule = 'budget_tier'"
        )
        return Counter((day, amount // NANO, tier) for token, day, amount, tier in rows
                       if token in keys)  # fmt: skip

    def teardown(self) -> None:
        try:
            self.mode = "up"
            for _ in range(4):  # an outage is over: the longest retry is a quarter of an hour
                self.do(self.quiet())
                self.now += 40 * MINUTE
                self.do(self.writer.transact(lambda db: self.watch.tick(db, self.now)))
            self.do(self.quiet())
            self.judge()
        finally:
            self.do(self.die())
            self.inbox.close()
            self.loop.close()
            shutil.rmtree(self.folder)

    def judge(self) -> None:
        told, copies = self.told(), Counter(h["Idempotency-Key"] for _, _, h, _ in self.inbox.got)
        assert self.model.must <= told.keys(), "a tier was passed and not told"
        assert told.keys() <= self.model.may, "a tier was told that was not passed"
        assert not told.keys() & self.model.mute, "it was told in spite of a silence"
        assert set(told.values()) <= {1}, "a tier was told twice"
        left = self.asked("SELECT label FROM outbox WHERE state NOT IN ('sent', 'digested')")
        assert not left, "a letter is not on its way to anybody"
        assert copies.total() - len(copies) <= self.hits + self.refused, "copies without a reason"


TestLives = Lives.TestCase
TestLives.settings = settings(
    max_examples=LIVES, stateful_step_count=20, deadline=None, print_blob=True
)


def test_what_comes_after_the_clock_was_set_right_is_no_history():
    """The first start was while it was ahead by a day."""
    life = Lives()
    life.clock_steps(-DAY)
    life.spend(11)
    life.teardown()


def test_a_day_that_was_begun_while_the_clock_was_ahead_goes_on_with_its_sum():
    life = Lives()
    life.spend(4)
    life.clock_steps(-DAY)
    life.kill_and_restart()
    life.time_passes(1440)
    life.spend(7)
    life.teardown()
