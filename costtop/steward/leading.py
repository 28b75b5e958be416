"""One leader at work, from its election until another one leads: pull, judge, write, again.

It ends with NotLeading, or with an error of the server.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence

from costtop import config as configuration
from costtop.alerts import wording
from costtop.config import Config, Endpoint
from costtop.daemon.alerting.alerting_loop import forecasts_of
from costtop.daemon.alerting.evaluate import BudgetForecast
from costtop.daemon.notices.post import audience
from costtop.durations import DAY, now_ms
from costtop.fleet import steward_rows
from costtop.fleet.mirror import picture
from costtop.fleet.mirror.own_store import OwnStore
from costtop.fleet.steward_rows import HostSeen, Row, Server
from costtop.model import Finding, Letter
from costtop.named_tuples import NamedTuple
from costtop.notify.courier import Courier
from costtop.notify.send import SendResult, send
from costtop.notify.sender_children import SenderChildren
from costtop.settings import fleet_settings
from costtop.settings.fleet_settings import FleetBudget
from costtop.steward import guard_rows, host_rules
from costtop.steward.fleet_judge import FleetJudge, Stood
from costtop.steward.fleet_ledger import FleetLedger, NotLeading
from costtop.steward.steward_store import StewardConnection
from costtop.store.alerts import breakers

_LATE = 60_000  # ms: what was written before, and committed after
_FRESH = 1.0  # s after which a claim is not relied on: this process may have slept


class StewardPace(NamedTuple):
    """How often a steward does what; seconds."""

    lease: float = 10.0  # how long its word holds
    round: float = 0.5  # between two looks at what changed
    ask: float = 0.5  # between two tries to lead
    warm: float = 5.0  # between two pulls of one that waits
    stand: float = 5.0  # after which all is written again: how old it is counts
    forecast: float = 900.0


class Servers(NamedTuple):
    """Connections to the fleet's server: one that leads and writes, one that claims letters."""

    leads: Server
    sends: Server


class Leading:
    """What one epoch of a leader holds."""

    def __init__(
        self,
        config: Config,
        books: StewardConnection,
        store: OwnStore,
        servers: Servers,
        pace: StewardPace,
    ) -> None:
        assert config.fleet is not None
        self._config, self._books, self._store, self._pace = config, books, store, pace
        self._servers = servers
        self._limits: Sequence[FleetBudget] = fleet_settings.budgets(config.fleet)
        zone = configuration.zone(config)
        limits = [one.budget for one in self._limits]
        told = audience(config, zone)._replace(leaves_sessions=False)
        self._judge = FleetJudge(limits, zone, told)
        self._hosts: Sequence[HostSeen] = ()
        self._seen: dict[str, BudgetForecast] = {}
        self._stood_at = self._led_at = 0.0  # s, monotonic
        self._stood: list[Row] = []
        self._edges: set[tuple[int, str, int]] = set()  # alerts of hosts that were judged
        self._edges_at = now_ms() - DAY
        self._guards: list[Row] = []

    async def run(self, epoch: int, told: Callable[[], None]) -> None:
        """Leads; `told` is called after each round that was whole."""
        ledger = FleetLedger(self._servers.leads, epoch)
        await self._books.transact(self._begin, ledger)
        lost = asyncio.Event()
        letters = Letters(self._servers.sends, epoch, self._lease_ms, lost.set)
        courier = Courier(
            self._books, self._config.notify, wording.delayed, now_ms, send=letters.send
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(courier.run())
                group.create_task(self._rounds(ledger, courier.wake, told))
                group.create_task(self._forecast())
                group.create_task(_until(lost))
        finally:
            await letters.children.close()

    @property
    def _lease_ms(self) -> int:
        return round(self._pace.lease * 1000)

    def _begin(self, db: sqlite3.Connection, ledger: FleetLedger) -> None:
        ledger.take_over(db)
        self._judge.begin(db, now_ms())
        budgets = [_budget_row(one) for one in self._limits]
        self._hosts = steward_rows.hosts(self._servers.leads)
        if (
            not steward_rows.stand(
                self._servers.leads,
                ledger.epoch,
                {
                    "budgets": budgets,
                    "standing": [
                        _standing(one, None, 0) for one in self._judge.standing(db, now_ms())
                    ],
                },
            )
            and budgets
        ):
            raise NotLeading

    async def _rounds(
        self, ledger: FleetLedger, wake: Callable[[], None], told: Callable[[], None]
    ) -> None:
        while True:
            began = time.monotonic()
            await self._books.run(picture.pull, self._servers.leads, self._store)
            if await self._books.transact(self._round, ledger):
                wake()
            told()
            await asyncio.sleep(max(0.05, began + self._pace.round - time.monotonic()))

    def _round(self, db: sqlite3.Connection, ledger: FleetLedger) -> bool:
        """Judges what was pulled, and writes what came of it; whether there is a letter to send."""
        now, moment = now_ms(), time.monotonic()
        if moment - self._led_at >= self._pace.lease / 5:
            if not steward_rows.lead_on(self._servers.leads, ledger.epoch, self._lease_ms):
                raise NotLeading
            self._led_at = moment
            self._hosts = steward_rows.hosts(self._servers.leads)
        besides = host_rules.findings(self._hosts, ledger.open_hosts(), now)
        self._judge.judge(db, now, [*besides, *self._of_edges()])
        return ledger.hand_on(db, self._changed(db, now, moment))

    def _of_edges(self) -> list[Finding]:
        """What hosts said of their sessions since it was asked for last, where they leave it."""
        rows = steward_rows.of_edges(self._servers.leads, self._edges_at - _LATE)
        fresh = [row for row in rows if (row["host"], row["ref"], row["at"]) not in self._edges]
        self._edges_at = max((row["at"] for row in rows), default=self._edges_at)
        self._edges = {(row["host"], row["ref"], row["at"]) for row in rows}
        return host_rules.of_sessions(fresh)

    def _changed(self, db: sqlite3.Connection, now: int, moment: float) -> dict[str, Sequence[Row]]:
        """Standing and guards, where they are others, or were written long ago."""
        stood = self._judge.standing(db, now)
        active = sum(one.quiet_ms < guard_rows.ACTIVE for one in self._hosts)
        rows = [_standing(one, self._seen.get(one.budget.name), active) for one in stood]
        guards = guard_rows.rows(self._limits, stood, breakers.open_ones(db, now), active)
        old = moment - self._stood_at >= self._pace.stand
        if not old and rows == self._stood and guards == self._guards:
            return {}
        self._stood, self._guards, self._stood_at = rows, guards, moment
        return {"standing": rows, "guards": guards}

    async def _forecast(self) -> None:
        while True:
            now = now_ms()
            seen = await self._books.read(forecasts_of, self._judge.limits, self._judge.tz, now)
            self._seen = {one.budget: one for one in seen.of_budgets}
            await self._books.transact(self._judge.take_forecasts, seen, now)
            await asyncio.sleep(self._pace.forecast)


class Letters:
    """The sending hand of one leader, on a connection of its own.

    Each letter is claimed at the server before, and marked there afterwards. A crash between the
    two repeats it, with the same token; the endpoint's next one waits meanwhile, so that no more
    than one an endpoint is ever repeated.
    """

    def __init__(self, server: Server, epoch: int, lease_ms: int, lost: Callable[[], None]) -> None:
        """`lost` is called where another one leads."""
        self._server, self._epoch, self._lease_ms = server, epoch, lease_ms
        self._lost = lost
        self.children = SenderChildren()

    async def send(self, endpoint: Endpoint, letter: Letter) -> SendResult:
        """Sends it, where that is still this one's to do; else it never returns."""
        asked = time.monotonic()
        if not await asyncio.to_thread(steward_rows.claim, self._server, self._epoch, letter.token):
            await self._end()
        if time.monotonic() - asked > _FRESH and not await asyncio.to_thread(
            steward_rows.lead_on, self._server, self._epoch, self._lease_ms
        ):
            await self._end()
        result = await send(endpoint, letter, self.children)
        if result.ok:
            await asyncio.to_thread(
                steward_rows.sent, self._server, self._epoch, letter.token, result.state
            )
        return result

    async def _end(self) -> None:
        self._lost()
        await asyncio.Event().wait()


async def _until(lost: asyncio.Event) -> None:
    await lost.wait()
    raise NotLeading


def _budget_row(one: FleetBudget) -> Row:
    budget = one.budget
    return {
        "name": budget.name,
        "period": budget.period,
        "amount": budget.amount,
        "tiers": list(budget.tiers),
        "scope": dict(budget.scope),
        "action": budget.action,
        "act_at": budget.act_at,
        "excepted": dict(budget.excepted),
        "escalate": budget.escalate,
        "offline": one.offline,
        "allowance": one.allowance,
    }


def _standing(one: Stood, seen: BudgetForecast | None, active: int) -> Row:
    return {
        "budget": one.budget.name,
        "period": one.span.key,
        "since": one.span.start,
        "until": one.span.end,
        "amount": one.budget.amount,
        "spent": one.spent,
        "short": one.short,
        "hosts": active,
        "breach": seen.breach if seen else None,
        "expected": seen.expected if seen else None,
    }
