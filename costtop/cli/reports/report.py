"""`costtop report`: spend summed by one key, as a table, JSON or CSV."""

import argparse
import sqlite3
import sys
from zoneinfo import ZoneInfo

from costtop import money, paths, periods
from costtop.cli.parser import Parser
from costtop.cli.spans import between
from costtop.cli.tables import count, plain, put, put_json
from costtop.durations import iso, now_ms
from costtop.errors import ConfigError, UsageError
from costtop.queries.live import daemon_health
from costtop.queries.live.view import ProcessSeen, Pulse
from costtop.queries.spending import report
from costtop.store import meta
from costtop.store.db import open_reader

_HEAD = ("COST $", "CALLS", "SESSIONS", "INPUT", "CACHED", "OUTPUT", "TASKS", "$/TASK")


def add(parser: Parser, name: str) -> None:
    """Adds `report`."""
    parser.says(
        "Spend summed by one key, as a table, JSON or CSV.",
        "costtop report --since 7d",
        "costtop report --by model --since 2026-11-01 --until 2026-11-15",
        "costtop report --by session --json",
    )
    keys = f"one of {', '.join(report.KEYS)} (default: day)"
    parser.add_argument("--by", choices=report.KEYS, default="day", metavar="KEY", help=keys)
    parser.add_argument("--since", metavar="D", help="a date, a time, or an age: 2026-11-01, 7d")
    parser.add_argument("--until", metavar="D", help="the same; a date is included whole")
    parser.add_argument(
        "--tz", metavar="ZONE", help="time zone of the days (default: the config's)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the report."""
    place = paths.find()
    db = open_reader(place.database)
    now = now_ms()
    tz = _zone(options.tz) if options.tz else meta.shared(db).zone
    since, until = between(options.since, options.until, now, tz)
    found = report.read(db, options.by, tz, since, until, now=now)
    if options.json:
        pulse, _ = daemon_health.look(place, now)
        put_json(_tree(found, _dates(db, found, now, tz), pulse))
    elif options.csv:
        _csv(found)
    else:
        put(_plain(found))
    return 0


def _zone(name: str) -> ZoneInfo:
    try:
        return periods.zone(name)
    except ConfigError as error:
        raise UsageError(f"--tz: {error}") from None


def _dates(db: sqlite3.Connection, found: report.Report, now: int, tz: ZoneInfo) -> tuple[str, str]:
    """First and last local date: those asked for, else of the first call and of today."""
    since = found.since if found.since is not None else report.first_time(db)
    until = now if found.until is None else found.until - 1
    first = now if since is None else since
    return periods.key("day", first, tz), periods.key("day", until, tz)


def _tree(found: report.Report, dates: tuple[str, str], pulse: Pulse) -> dict[str, object]:
    seen = {one.session: one for one in pulse.processes}
    rows = [
        row_of(line) | _about(found.about.get(line.key), seen.get(line.key)) for line in found.lines
    ]
    return {
        "schema": 1,
        "currency": "USD",
        "by": found.by,
        "since": dates[0],
        "until": dates[1],
        "tz": found.zone,
        "rows": rows,
        "total": row_of(found.total),
        "unpriced_models": found.unpriced_models,
    }


def row_of(line: report.Line) -> dict[str, object]:
    """A line of sums as JSON and CSV carry it."""
    per_task = line.cost_per_task
    return {
        "key": line.key,
        "cost_usd": money.exact(line.cost),
        "floor": line.unpriced > 0,
        "calls": line.calls,
        "errors": line.errors,
        "unpriced_calls": line.unpriced,
        "sessions": line.sessions,
        "tasks_completed": line.tasks,
        "cost_per_task_usd": None if per_task is None else money.exact(per_task),
        "input_tokens": line.input,
        "cache_read_tokens": line.cache_read,
        "cache_write_tokens": line.cache_write,
        "cache_write_1h_tokens": line.cache_write_1h,
        "output_tokens": line.output,
        "reasoning_tokens": line.reasoning,
        "reported_cost_usd": money.exact(line.reported) if line.reported_calls else None,
    }


def _about(about: report.About | None, process: ProcessSeen | None) -> dict[str, object]:
    if about is None:
        return {}
    return {
        "source": about.source,
        "session": about.session,
        "project": about.project,
        "feature": about.feature,
        "user": about.user,
        "model": about.model,
        "host": about.host,
        "state": "paused" if process and process.paused else about.state,
        "pid": process.pid if process else None,
        "started": about.started and iso(about.started),
        "last": about.last and iso(about.last),
        "children": about.children,
    }


def _csv(found: report.Report) -> None:
    import csv

    rows = [row_of(line) for line in (*found.lines, found.total)]
    writer = csv.DictWriter(sys.stdout, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)


def _plain(found: report.Report) -> str:
    rows = [_cells(line) for line in (*found.lines, found.total)]
    text = plain((found.by.upper(), *_HEAD), rows, frozenset(range(1, 9)))
    if found.unpriced_models:
        models = ", ".join(found.unpriced_models)
        text += f"\n\n≥: calls without a known price are missing from these sums: {models}"
    return text


def _cells(line: report.Line) -> tuple[str, ...]:
    floor = line.unpriced > 0
    return (
        line.key,
        money.dollars(line.cost, floor=floor, places=4),
        str(line.calls),
        str(line.sessions),
        count(line.input),
        f"{100 * line.cache_read / line.input:.0f} %" if line.input else "-",
        count(line.output),
        "-" if line.tasks is None else str(line.tasks),
        "-"
        if line.cost_per_task is None
        else money.dollars(line.cost_per_task, floor=floor, places=4),
    )
