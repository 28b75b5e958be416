"""The tuning bench: what rules would have said of stored history, and what each contributes.

Values alone: `costtop alerts replay` prints them, and whoever proposes settings compares them. What
is found is found once; that a rule is taken away is played through by what is told, not by looking
at every call again. It writes nothing.

History is run through in event time, remembering only what was known then: the 28 days before are
learnt from first, and sessions end when their logs say so or when they have been idle. The same
store and config give the same answer every time. Forecasts of budgets are not replayed: they speak
on a timer.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence

from costtop import config as configuration
from costtop.alerts.choose import kind
from costtop.alerts.replay import Imagined, replay
from costtop.config import Config
from costtop.daemon.alerting.rule_settings import settings_of
from costtop.daemon.notices.post import titled
from costtop.detect.budgets import plan_tiers
from costtop.detect.budgets.budget_monitor import Budgets
from costtop.detect.monitor import Monitor, believed
from costtop.model import Finding, Spend
from costtop.named_tuples import NamedTuple
from costtop.queries.plans import watched_spend
from costtop.store.plans import plan_readings
from costtop.store.sessions import finished_peers
from costtop.store.sessions.past_spends import History

Watch = Callable[[int, int], None]


class Pushed(NamedTuple):
    """A session of which a message would have gone out."""

    session: str  # "source/session"
    at: int  # ms UTC of the first
    cost: int | None  # nano-dollars by the last that was found of it
    excess: int | None  # beyond what is usual, the most that was found
    rules: tuple[str, ...]  # that were told, the first first
    messages: int


class RuleShare(NamedTuple):
    """What one rule contributes."""

    rule: str
    alerts: int
    sessions: int  # of those pushed, ones that it was told of
    messages: int  # that it took part in
    without: int  # sessions pushed if it were not there
    only: tuple[str, ...]  # sessions pushed by it alone


class Bench(NamedTuple):
    """One configuration over one span."""

    sessions: int
    made: tuple[Imagined, ...]
    pushed: tuple[Pushed, ...]  # the dearest first
    rules: tuple[RuleShare, ...]  # the loudest first

    @property
    def per_1000(self) -> float | None:
        """Sessions pushed of 1000; None where there were no sessions."""
        return per_1000(len(self.pushed), self.sessions)


def per_1000(pushed: int, sessions: int) -> float | None:
    """Of a thousand sessions, to a tenth."""
    return round(1000 * pushed / sessions, 1) if sessions else None


def bench(
    db: sqlite3.Connection,
    config: Config,
    since: int,
    until: int,
    source: str = "",
    watch: Watch | None = None,
) -> Bench:
    """What this configuration would have told in [since, until), ms UTC, and by which rules.

    `watch` hears how many calls were looked at, and of how many.
    """
    found, sessions = found_in(db, config, since, until, source, watch)
    made = tuple(replay(found))
    pushed = _pushed(made)
    rules = {one.one.finding.rule for one in made}
    shares = [_share(rule, found, made, {one.session for one in pushed}) for rule in rules]
    shares.sort(key=lambda one: (-one.sessions, -one.messages, -one.alerts, one.rule))
    return Bench(sessions, made, tuple(pushed), tuple(shares))


def _pushed(made: Sequence[Imagined]) -> list[Pushed]:
    of: dict[str, list[Imagined]] = {}
    for one in made:
        if one.one.finding.session:
            of.setdefault(one.one.finding.session, []).append(one)
    found = []
    for session, alerts in of.items():
        told = [one for one in alerts if one.pushed is not None]
        if told:
            costs = [one.one.finding.cost for one in alerts if one.one.finding.cost is not None]
            more = [one.one.finding.excess for one in alerts if one.one.finding.excess is not None]
            told.sort(key=lambda one: one.pushed or 0)
            found.append(
                Pushed(
                    session=session,
                    at=told[0].pushed or 0,
                    cost=max(costs, default=None),
                    excess=max(more, default=None),
                    rules=tuple(dict.fromkeys(one.one.finding.rule for one in told)),
                    messages=max(one.told for one in told),
                )
            )
    return sorted(found, key=lambda one: (-(one.cost or 0), one.session))


def _share(
    rule: str, found: Sequence[Finding], made: Sequence[Imagined], pushed: set[str]
) -> RuleShare:
    own = [one for one in made if one.one.finding.rule == rule]
    told = [one for one in own if one.pushed is not None]
    left = pushed
    if told and kind(rule) == "session":
        left = {one.session for one in _pushed(replay(x for x in found if x.rule != rule))}
    return RuleShare(
        rule=rule,
        alerts=len(own),
        sessions=len({one.one.finding.session for one in told} - {""}),
        messages=sum(one.told for one in told),
        without=len(left),
        only=tuple(sorted(pushed - left)),
    )


_ALL = 1 << 62  # ms: everything counts as imported, so that ends are of event time


def found_in(
    db: sqlite3.Connection,
    config: Config,
    since: int,
    until: int,
    source: str = "",
    heard_by: Watch | None = None,
) -> tuple[list[Finding], int]:
    """All that would have been found in [since, until), ms UTC, in order; and of how many sessions.

    With `source` only its calls are seen, as if there were no others.
    """
    settings = settings_of(config)
    began = since - settings.window_ms
    monitor = Monitor(settings)
    kills = [end for _, end in finished_peers.kills(db, 0) if end.at < until]
    monitor.foretell((end for end in finished_peers.ends(db, began, _ALL) if end.at < until), kills)
    seen = History(db).between(began, until, heard_by)
    if source:
        seen = (spend for spend in seen if spend.call.source == source)
    roots: set[str] = set()
    found = list(_findings(seen, monitor, _budgets(db, config), since, roots))
    found += monitor.tick(until)
    found = sorted([*found, *_of_plans(db, config, until, source)], key=lambda one: one.at)
    return [titled(db, one) for one in found if one.at >= since], len(roots)


def _budgets(db: sqlite3.Connection, config: Config) -> Budgets:
    """Those of dollars, with nothing spent of them yet."""
    dollars = [budget for budget in configuration.budgets(config) if not budget.of_plan]
    return Budgets(dollars, configuration.zone(config), billed=watched_spend.growth(db))


def _findings(
    spends: Iterable[Spend], monitor: Monitor, budgets: Budgets, since: int, roots: set[str]
) -> Iterator[Finding]:
    for spend in spends:
        if spend.call.at >= since:
            roots.add(spend.root)
        made = believed(spend)  # as if it had arrived then
        yield from monitor.observe(spend, made)
        yield from budgets.observe(spend, believed(spend, made))


def _of_plans(db: sqlite3.Connection, config: Config, until: int, source: str) -> list[Finding]:
    """What budgets that watch windows of plans would have said: by their readings, not by calls."""
    watching = [budget for budget in configuration.budgets(config) if budget.of_plan]
    if not watching:
        return []
    known = [
        [one for one in told if one.at < until and source in {"", one.source}]
        for told in plan_readings.read(db, 0)
    ]
    return plan_tiers.replayed(watching, known, configuration.zone(config))
