"""Runs today's rules over stored history and says what they would have told. It changes nothing.

In event time, remembering only what was known then: the 28 days before are learnt from first. The
same store and config give the same answer every time.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from costtop import config as configuration
from costtop import money
from costtop.alerts.replay import replay
from costtop.config import Config
from costtop.detect.budgets import Budgets
from costtop.detect.settings import Settings
from costtop.detect.vigil import Vigil
from costtop.model import Finding, Spend
from costtop.snapshot import alerts
from costtop.store.history import History


def replayed(
    db: sqlite3.Connection, config: Config, since: int, until: int, source: str = ""
) -> dict[str, Any]:
    """Alert JSON (INTERFACES.md) of what would have been told in [since, until), ms UTC.

    With `source` only its calls are seen, as if there were no others.
    """
    settings = settings_of(config)
    spends = History(db).between(since - settings.window_ms, until)
    seen = (spend for spend in spends if source in {"", spend.call.source})
    roots: set[str] = set()
    found = [one for one in _findings(seen, config, settings, since, roots) if one.at >= since]
    return alerts.replayed(replay(found), len(roots))


def _findings(
    spends: Iterator[Spend], config: Config, settings: Settings, since: int, roots: set[str]
) -> Iterator[Finding]:
    vigil = Vigil(settings)
    budgets = Budgets(configuration.budgets(config), configuration.zone(config))
    for spend in spends:
        if spend.call.at >= since:
            roots.add(spend.root)
        yield from vigil.observe(spend)
        yield from budgets.observe(spend, spend.call.at)


def settings_of(config: Config) -> Settings:
    """The [anomaly] table as the detectors want it."""
    anomaly = config.anomaly
    daily = [budget.amount for budget in configuration.budgets(config) if budget.period == "day"]
    return Settings(
        multiplier=anomaly.multiplier,
        min_peers=anomaly.min_peers,
        floor=money.parse(anomaly.floor),
        finished_after=configuration.milliseconds(anomaly.finished_after),
        plain_rule=anomaly.plain_rule,
        session_floor=money.parse(anomaly.session_cap),
        daily_budget=max(daily, default=None),
    )
