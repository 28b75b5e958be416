"""Serves /metrics where the config asks for it: totals as Prometheus text, and how costtop is.

Counters come from the store, so they go on after a restart. No session is named, and few features
and models are: see `counters`. What can fall is a gauge. Where the database cannot be read the
totals are left out: a gap is no fall.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from costtop import files
from costtop.config import Metrics
from costtop.daemon.status.counters import Counters
from costtop.daemon.status.own_health import OwnHealth, delivery, families, unread
from costtop.durations import MINUTE, now_ms
from costtop.errors import CosttopError
from costtop.money import NANO
from costtop.plans import windows
from costtop.queries.totals import Told, Totals
from costtop.receive.port import Port
from costtop.store.db import open_reader

LEDGER = "metrics.json"
_LABELS = ("feature", "model", "provider")
_KINDS = ("input", "cache_read", "cache_write", "output", "reasoning")


class MetricsChannel:
    """The task that serves, and what `doctor` says of it."""

    def __init__(
        self,
        wanted: Metrics,
        database: Path,
        counters: Counters,
        health: Callable[[], OwnHealth],
    ) -> None:
        self._wanted, self._database, self._counters = wanted, database, counters
        self._health = health
        self._turn = asyncio.Lock()
        self._totals: Totals | None = None
        self._ledger = database.with_name(LEDGER)
        self._kept_at = 0
        self.port = Port(wanted.host, wanted.port)
        self.scrapes = 0

    async def run(self) -> None:
        """Serves, for ever; a port that another program has is tried again."""
        from costtop.receive.metrics_http import listening

        await self.port.keep_open(partial(listening, self._text))

    def said(self) -> dict[str, Any]:
        """For the status file."""
        address = f"http://{self._wanted.host}:{self._wanted.port}/metrics"
        said = f"{self.scrapes} scrapes"
        return {"name": "metrics", "address": address, "said": said, "trouble": self.port.trouble}

    async def _text(self) -> bytes:
        async with self._turn:
            self.scrapes += 1
            return await asyncio.to_thread(self._read, self._health())

    def _read(self, health: OwnHealth) -> bytes:
        now = now_ms()
        try:
            if self._totals is None:
                self._totals = Totals(open_reader(self._database, unfinished=True))
            told = self._totals.read(now)
        except (sqlite3.Error, CosttopError):
            self._totals = None  # the database may have been replaced: opened anew next time
            return answer(None, self._counters, health, now)
        text = answer(told, self._counters, health, now)
        self._keep(now)
        return text

    def _keep(self, now: int) -> None:
        """For the next process, each minute: it finds by itself what came in between."""
        if now - self._kept_at >= MINUTE:
            self._kept_at = now
            with suppress(OSError):  # a full disk: the next process begins with what is there
                files.replace(self._ledger, self._counters.kept())


def left(database: Path) -> Counters:
    """The counters as the process before this one has left them beside the database."""
    counters = Counters()
    with suppress(OSError):
        counters.restore(database.with_name(LEDGER).read_bytes())
    return counters


def answer(told: Told | None, counters: Counters, health: OwnHealth, now: int) -> bytes:
    """All that is served at `now`, ms UTC; without the totals where they cannot be read."""
    own = [*families(health, now), unread(no=int(told is None))]
    if told is None:
        return _text(own)
    own += delivery(health, told.endpoints, told.alerts)
    return _text([*_Families(told, counters).collect(), *own])


def exposition(told: Told, counters: Counters | None = None) -> bytes:
    """The totals in Prometheus' text format, whose only numbers are floats: dollars, too.

    `counters` has what was told before; without, this is the first time.
    """
    return _text(_Families(told, counters or Counters()).collect())


def _text(found: Iterable[Any]) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Collected([*found]))
    text: bytes = generate_latest(registry)
    return text


class _Collected:
    """Families as a registry asks for them."""

    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def collect(self) -> list[Any]:
        return self._found


class _Families:
    """What a registry asks for."""

    def __init__(self, told: Told, counters: Counters) -> None:
        self._budgets, self._short = told.budgets, told.short
        self._plans, self._billed = told.plans, told.billed
        self._series = counters.take(told.totals)
        self._correction = counters.correction

    def collect(self) -> Iterator[Any]:
        """Every family of series."""
        yield self._counter("cost_usd", "Dollars spent, without calls of unknown price", "cost")
        yield self._counter("calls", "Requests to models", "calls")
        yield self._counter("errors", "Requests that failed", "errors")
        yield self._unpriced()
        yield self._corrected()
        yield self._floor()
        yield self._tokens()
        yield from self._ratios()
        yield from self._windows()
        yield from self._beside()

    def _counter(self, name: str, words: str, field: str) -> Any:
        from prometheus_client.core import CounterMetricFamily

        family = CounterMetricFamily(f"costtop_{name}", words, labels=_LABELS)
        for one in self._series:
            value = one.counters[field]
            family.add_metric(one.labels, value / NANO if field == "cost" else value)
        return family

    def _unpriced(self) -> Any:
        from prometheus_client.core import GaugeMetricFamily

        words = "Requests of which no price is known now"
        family = GaugeMetricFamily("costtop_unpriced_calls", words, labels=_LABELS)
        for one in self._series:
            family.add_metric(one.labels, one.unpriced)
        return family

    def _corrected(self) -> Any:
        """Counters do not fall: what another price or a removal made of them stands here."""
        from prometheus_client.core import GaugeMetricFamily

        words = (
            "Dollars to add to the sum of all cost_usd: prices and calls that changed afterwards"
        )
        return GaugeMetricFamily(
            "costtop_cost_correction_usd", words, value=self._correction / NANO
        )

    def _floor(self) -> Any:
        """What `cost_usd` is short of: `unpriced` is only one of the reasons."""
        from prometheus_client.core import GaugeMetricFamily

        words = "Requests of which something is missing from the dollars, by reason"
        family = GaugeMetricFamily("costtop_floor_calls", words, labels=("reason",))
        for reason, calls in self._short.all_reasons():
            family.add_metric((reason,), calls)
        return family

    def _tokens(self) -> Any:
        from prometheus_client.core import CounterMetricFamily

        words = "Tokens; input contains the cache's, output the reasoning"
        family = CounterMetricFamily("costtop_tokens", words, labels=(*_LABELS, "kind"))
        for one in self._series:
            for kind in _KINDS:
                family.add_metric((*one.labels, kind), one.counters[kind])
        return family

    def _ratios(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        spent = "Spent part of the budget's period so far; 1 is all of it"
        family = GaugeMetricFamily("costtop_budget_ratio", spent, labels=("budget", "period"))
        amount = GaugeMetricFamily("costtop_budget_usd", "The budget's amount", labels=("budget",))
        for budget in self._budgets:
            if budget.of_plan and not any(one.used is not None for one in budget.windows):
                continue  # nobody knows
            family.add_metric((budget.name, budget.period), budget.spent / budget.amount)
            if not budget.of_plan:
                amount.add_metric((budget.name,), budget.amount / NANO)
        yield family
        yield amount

    def _beside(self) -> Iterator[Any]:
        """What is billed beside the value that `cost_usd` counts; only where there is a plan."""
        if self._billed is None:
            return
        from prometheus_client.core import GaugeMetricFamily

        words = "Dollars billed so far beyond the prices of plans; cost_usd is the value"
        billed = GaugeMetricFamily("costtop_billed_usd", words, labels=("period",))
        words = "Dollars of the prices of plans that fall on the period's days so far"
        share = GaugeMetricFamily("costtop_plan_share_usd", words, labels=("period",))
        for period in ("today", "month"):
            billed.add_metric((period,), getattr(self._billed, period) / NANO)
            share.add_metric((period,), getattr(self._billed, f"{period}_share") / NANO)
        yield billed
        yield share

    def _windows(self) -> Iterator[Any]:
        """Windows of plans, as they were told last: none of one that was reset since."""
        from prometheus_client.core import GaugeMetricFamily

        labels = ("agent", "plan", "home", "window")
        words = "Used part of a plan's window, as the agent told it last; 1 is all of it"
        used = GaugeMetricFamily("costtop_plan_ratio", words, labels=labels)
        words = "When a plan's window is reset, seconds since 1970"
        resets = GaugeMetricFamily("costtop_plan_reset_timestamp_seconds", words, labels=labels)
        for one in self._plans:
            homes = [other.home for other in self._plans if other.agent == one.agent]
            home = windows.folder(one.home, homes) or one.home.rpartition("/")[2]
            known = (one.agent, one.plan, home, one.title)
            if one.read is not None:
                used.add_metric(known, one.read / 100)
            if one.resets is not None:
                resets.add_metric(known, one.resets / 1000)
        yield used
        yield resets
