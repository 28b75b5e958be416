"""Runs today's rules over stored history and says what they would have told. It changes nothing.

In event time, remembering only what was known then: the 28 days before are learnt from first. The
same store and config give the same answer every time.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from costtop import config as configuration
from costtop.alerts.replay import replay
from costtop.config import Config
from costtop.daemon.rules import settings_of
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
