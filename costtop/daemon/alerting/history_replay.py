"""Runs today's rules over stored history and says what they would have told.

In event time, remembering only what was known then: the 28 days before are learnt from first, and
sessions end when their logs say so or when they have been idle. The same store and config give the
same answer every time. Forecasts of budgets are not replayed: they speak on a timer.
"""

import sqlite3
from collections.abc import Iterable, Iterator

from costtop import config as configuration
from costtop.config import Config
from costtop.daemon.alerting.rule_settings import settings_of
from costtop.daemon.notices.post import titled
from costtop.detect.budgets.budget_monitor import Budgets
from costtop.detect.monitor import Monitor, as_it_was, believed
from costtop.model import Finding, Spend
from costtop.store.sessions import finished_peers
from costtop.store.sessions.past_spends import History

_ALL = 1 << 62  # ms: everything counts as imported, so that ends are of event time


def found_in(
    db: sqlite3.Connection, config: Config, since: int, until: int, source: str = ""
) -> tuple[list[Finding], int]:
    """All that would have been found in [since, until), ms UTC, in order; and of how many sessions.

    With `source` only its calls are seen, as if there were no others.
    """
    settings = settings_of(config)
    began = since - settings.window_ms
    monitor = Monitor(settings)
    kills = [end for _, end in finished_peers.kills(db, 0) if end.at < until]
    monitor.foretell((end for end in finished_peers.ends(db, began, _ALL) if end.at < until), kills)
    spends = History(db).between(began, until)
    seen = (as_it_was(spend) for spend in spends if source in {"", spend.call.source})
    roots: set[str] = set()
    found = list(_findings(seen, monitor, config, since, roots))
    found += monitor.tick(until)
    return [titled(db, one) for one in found if one.at >= since], len(roots)


def _findings(
    spends: Iterable[Spend], monitor: Monitor, config: Config, since: int, roots: set[str]
) -> Iterator[Finding]:
    budgets = Budgets(configuration.budgets(config), configuration.zone(config))
    for spend in spends:
        if spend.call.at >= since:
            roots.add(spend.root)
        yield from monitor.observe(spend)
        yield from budgets.observe(spend, believed(spend))
