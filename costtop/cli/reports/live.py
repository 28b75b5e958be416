"""`costtop --once`, `-n`, `--jsonl`: plain frames of the live screen."""

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from costtop import money, paths
from costtop.cli import catching_up
from costtop.cli.tables import count, plain, put
from costtop.durations import DAY, iso, now_ms
from costtop.errors import UsageError
from costtop.periods import zone
from costtop.queries import shown_currency
from costtop.queries.live import daemon_health, head_forecasts
from costtop.queries.live.frame import Live
from costtop.queries.live.view import BudgetMeter, Forecast, SessionRow, Snapshot
from costtop.queries.plans import known_plans
from costtop.shown import currency

if TYPE_CHECKING:  # for JSON alone
    import argparse

    from costtop.queries.spending.unlogged import Unlogged

_HEAD = (
    *("SESSION", "SOURCE", "PROJECT", "FEATURE", "MODEL", "STATE"),
    *("$TOTAL", "$/H", "CALLS", "TOKENS", "WHY"),
)
_ALL_TIME = 1 << 50  # ms
_LISTED = "r.id IN (SELECT root FROM sessions WHERE last >= ?)"


def once(options: "argparse.Namespace") -> int:
    """Prints one frame of the live list, like `top -b -n 1`, or several, as far as asked."""
    number = options.frames or (None if options.jsonl and not options.once else 1)
    if number == 1:
        put(_frame(options))
        return 0
    if options.json:
        raise UsageError("--json is one document; for several frames there is --jsonl")
    from costtop.cli.reports import frames

    if not options.fleet:
        catching_up.open_fresh(paths.find()).close()  # its line once, not at each frame
    timed = "" if options.jsonl else "\n"  # a blank line between two, as top has it
    return frames.put_all(
        lambda: _frame(options, timed=True) + timed, number, options.delay or frames.DELAY
    )


def _frame(options: "argparse.Namespace", *, timed: bool = False) -> str:
    """One frame of the live list, as the options want it."""
    found = paths.find()
    now = now_ms()
    db = _opened(found, options, quiet=timed)
    pulse, sources = daemon_health.look(found, now)
    snapshot = Live(db).take(now, pulse, sources, _ALL_TIME if options.all else DAY)
    ahead = head_forecasts.read(db, now, zone(snapshot.zone), snapshot.budgets)
    snapshot = head_forecasts.shown(snapshot, ahead)._replace(plans=known_plans.read(db, now))
    if options.fleet:
        from costtop.queries.live import fleet_hosts

        snapshot = fleet_hosts.with_hosts(db, snapshot)
    rows = ranked(snapshot.sessions, options.sort)
    if not options.all:
        rows = [row for row in rows if row.state != "ended"] or rows
    rows = rows[: options.limit]
    if not options.json and not options.jsonl:
        shown_currency.use_of(db, now)
        return _plain(snapshot, rows, timed=timed)
    import json

    from costtop.queries.spending import unlogged

    since = (0 if options.all else now - DAY,)
    made = _tree(snapshot, rows, unlogged.by_session(db, _LISTED, since))
    if options.fleet:
        from costtop.queries.live import fleet_hosts

        made["hosts"] = [fleet_hosts.tree(one) for one in snapshot.hosts]
    return json.dumps(made) if options.jsonl else json.dumps(made, indent=1)


def _opened(
    found: paths.Paths, options: "argparse.Namespace", *, quiet: bool
) -> sqlite3.Connection:
    if not options.fleet:
        return catching_up.open_fresh(found, quiet=quiet)
    from costtop.cli.reports import fleet_reading

    return fleet_reading.live(found)


def ranked(sessions: tuple[SessionRow, ...], by: str) -> list[SessionRow]:
    """The sessions, largest first by cost, rate or last activity."""
    return sorted(sessions, key=lambda row: (-(getattr(row, by) or 0), -row.cost, row.key))


def _plain(snapshot: Snapshot, rows: list[SessionRow], *, timed: bool = False) -> str:
    today = currency.amount(snapshot.today_short.known(snapshot.today), floor=snapshot.today_floor)
    month = currency.amount(snapshot.month_short.known(snapshot.month), floor=snapshot.month_floor)
    at = datetime.fromtimestamp(snapshot.at // 1000, zone(snapshot.zone))
    head = (
        f"costtop{f' {at:%H:%M:%S}' if timed else ''}"
        f"  {_label(snapshot)}today {today}  month {month}"
        f"  burn {currency.amount(snapshot.burn)}/h"
        f"  {snapshot.running} running  {snapshot.today_sessions} today{_rate()}"
    )
    lines = [head, *_billed(snapshot)]
    if not snapshot.forecasts:
        lines.append("  expected: too few days for a forecast")
    else:
        lines.append("  expected " + "  ".join(_ahead(one) for one in snapshot.forecasts))
    lines += [
        f"  budget {meter.name}: {line}"
        for meter in snapshot.budgets
        for line in _said(meter, snapshot)
    ]
    lines += _plans(snapshot)
    columns, cells, texts = _head(snapshot), [_cells(row) for row in rows], 6
    if snapshot.hosts:
        from costtop.queries.live import fleet_hosts

        lines.append(f"  {fleet_hosts.line(snapshot.hosts, snapshot.at)}")
        columns, texts = (columns[0], "HOST", *columns[1:]), texts + 1
        cells = [(one[0], row.host, *one[1:]) for row, one in zip(rows, cells, strict=True)]
    table = plain(
        tuple(map(currency.headed, columns)), cells, frozenset(range(texts, len(columns) - 1))
    )
    return "\n".join(
        [*lines, "", table if rows else "no session is live; see: costtop --once --all"]
    )


def _label(snapshot: Snapshot) -> str:
    """That it is the value which is shown, where something else is billed."""
    return "value " if snapshot.billed else ""


def _billed(snapshot: Snapshot) -> list[str]:
    """What is billed beside the value; nothing where the user pays no plan."""
    if snapshot.billed is None:
        return []
    from costtop.queries.plans import billed_words

    return [f"  {billed_words.line(snapshot.billed)}"]


def _head(snapshot: Snapshot) -> tuple[str, ...]:
    if snapshot.billed is None:
        return _HEAD
    at = _HEAD.index("$TOTAL")
    return (*_HEAD[:at], "VALUE", "BILLED", *_HEAD[at + 1 :])


def _said(meter: BudgetMeter, snapshot: Snapshot) -> list[str]:
    """How a budget stands: a line; a line for each window of a plan that it watches."""
    if meter.of_plan:
        from costtop.queries.plans import window_words

        return window_words.said(meter, snapshot.at, zone(snapshot.zone))
    spent = money.bill(meter.spent, floor=meter.floor, of=meter.amount)
    of = f"${money.exactly(meter.amount)} ({100 * meter.spent // meter.amount} %)"
    return [f"{spent}{meter.watched} of {of}{foreseen(meter, snapshot)}"]


def _plans(snapshot: Snapshot) -> list[str]:
    """A line for each window of a plan; none without one."""
    if not snapshot.plans:
        return []
    from costtop.queries.plans import plan_words

    return plan_words.lines(snapshot.plans, snapshot.at, zone(snapshot.zone))


def _rate() -> str:
    label = currency.shown().label
    return f"  ({label})" if label else ""


def _ahead(one: Forecast) -> str:
    """One forecast: day $14.20 (80 %: $11.30 to $18.90; held on 81 % of 39 days).

    Where a straight line has been as good, it says so: little is known.
    """
    middle, low, high = map(currency.amount, (one.expected, one.low, one.high))
    what = "days" if one.period == "day" else "stretches of 30 days"
    held = "" if one.coverage is None else f"; held on {one.coverage:.0%} of {one.tested} {what}"
    if one.beats_line is False:
        held += "; a straight line does as well, so little is known"
    return f"{one.period} {middle} (80 %: {low} to {high}{held})"


def foreseen(meter: BudgetMeter, snapshot: Snapshot) -> str:
    """What follows a budget: ends at $14.20, 80 % at 16:40; nothing where it is not known."""
    if meter.expected is None:
        return ""
    tz = zone(snapshot.zone)
    near = "%H:%M" if meter.period == "day" else "%a %-d %b"
    hits = [
        f"{tier} % at {datetime.fromtimestamp(at // 1000, tz):{near}}" for tier, at in meter.hits
    ]
    return ", ".join([f", ends at ${money.dollars(meter.expected)}", *hits])


def _cells(row: SessionRow) -> tuple[str, ...]:
    return (
        row.called,
        row.source,
        row.project.rstrip("/").rpartition("/")[2] or "-",
        row.feature or "-",
        row.model or "-",
        row.mark or row.state,
        currency.figure(row.short.known(row.cost), floor=row.floor),
        *(() if row.billed is None else (currency.figure(row.billed),)),
        currency.figure(row.rate),
        str(row.calls),
        count(row.tokens),
        row.why,
    )


def _tree(
    snapshot: Snapshot, rows: list[SessionRow], beside: "Mapping[str, Unlogged]"
) -> dict[str, object]:
    from costtop.queries.spending.unlogged import NOTHING

    return {
        "schema": 1,
        "currency": "USD",
        "at": iso(snapshot.at),
        "tz": snapshot.zone,
        "today_usd": money.exact(snapshot.today),
        "today_floor": not snapshot.today_short.exact,
        "today_floor_reasons": snapshot.today_short.tree()["floor_reasons"],
        "month_usd": money.exact(snapshot.month),
        "month_floor": not snapshot.month_short.exact,
        "month_floor_reasons": snapshot.month_short.tree()["floor_reasons"],
        "burn_usd_per_hour": money.exact(snapshot.burn),
        "running": snapshot.running,
        "daemon": snapshot.pulse.running,
        "budgets": [budget_tree(meter) for meter in snapshot.budgets],
        "plans": _plan_trees(snapshot),
        "forecasts": [
            {
                "period": one.period,
                "expected_usd": money.exact(one.expected),
                "low_usd": money.exact(one.low),
                "high_usd": money.exact(one.high),
                "interval": 0.8,
                "coverage": one.coverage,
                "tested": one.tested,
                "beats_line": one.beats_line,
            }
            for one in snapshot.forecasts
        ],
        **_billed_tree(snapshot),
        "sessions": [_row(row) | beside.get(row.key, NOTHING).tree() for row in rows],
    }


def _billed_tree(snapshot: Snapshot) -> dict[str, object]:
    if snapshot.billed is None:
        return {}
    from costtop.queries.plans import billed_words

    return billed_words.tree(snapshot.billed, snapshot.today, snapshot.month)


def _plan_trees(snapshot: Snapshot) -> list[dict[str, object]]:
    if not snapshot.plans:
        return []
    from costtop.queries.plans import plan_words

    return [plan_words.tree(one) for one in snapshot.plans]


def budget_tree(meter: BudgetMeter) -> dict[str, object]:
    """A budget as JSON carries it; of one that watches windows of a plan no dollars are known."""
    return {
        "name": meter.name,
        "period": meter.period,
        "spent_usd": None if meter.of_plan else money.exact(meter.spent),
        **meter.short.tree(),
        "amount_usd": None if meter.of_plan else money.exact(meter.amount),
        "tiers": list(meter.tiers),
        **_foreseen_tree(meter),
        "scope": dict(meter.scope),
        **({"watch": meter.watch} if meter.watch else {}),
        **_windows_tree(meter),
        **({"short": meter.short_id or None} if "session" in dict(meter.scope) else {}),
    }


def _windows_tree(meter: BudgetMeter) -> dict[str, object]:
    if not meter.of_plan:
        return {}
    from costtop.queries.plans import window_words

    return window_words.tree(meter)


def _foreseen_tree(meter: BudgetMeter) -> dict[str, object]:
    """What is foreseen of a budget's period; nulls while too few days are known."""
    if meter.expected is None:
        return {"expected_usd": None, "low_usd": None, "high_usd": None, "breach": None, "hits": []}
    return {
        "expected_usd": money.exact(meter.expected),
        "low_usd": money.exact(meter.low),
        "high_usd": money.exact(meter.high),
        "breach": round(meter.breach, 3),
        "hits": [{"tier": tier, "at": iso(at)} for tier, at in meter.hits],
    }


def _row_billed(row: SessionRow) -> dict[str, object]:
    if row.billed is None:
        return {}
    return {"value_usd": money.exact(row.cost), "billed_usd": money.exact(row.billed)}


def _row(row: SessionRow) -> dict[str, object]:
    return {
        "key": row.key,
        "source": row.source,
        "session": row.session,
        "short": row.short_id or None,
        "title": row.title or None,
        "agent": row.agent or None,
        "project": row.project,
        "feature": row.feature,
        "user": row.user,
        "host": row.host,
        "team": row.team or None,
        "label": row.label or None,
        "model": row.model,
        "model_now": row.model_now,
        "state": row.state,
        "mark": row.mark or None,
        "cost_usd": money.exact(row.cost),
        **_row_billed(row),
        **row.short.tree(),
        "rate_usd_per_hour": money.exact(row.rate),
        "calls": row.calls,
        "errors": row.errors,
        "unpriced_calls": row.unpriced,
        "tokens": row.tokens,
        "pid": row.pid,
        "started": row.started and iso(row.started),
        "last": row.last and iso(row.last),
        "why": row.why or None,
        "severity": row.severity or None,
        "children": [_row(child) for child in row.children],
    }
