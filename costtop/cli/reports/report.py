"""`costtop report`: spend summed by one key, as a table, JSON or CSV. It sums nothing itself."""

import argparse
import sqlite3
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from costtop import money, paths, periods
from costtop.cli.tables import count, plain, put
from costtop.durations import now_ms
from costtop.errors import ConfigError, UsageError
from costtop.queries.live import daemon_health
from costtop.queries.live.view import ProcessSeen, Pulse
from costtop.queries.spending import report
from costtop.store import meta
from costtop.store.db import open_reader

_HEAD = ("COST $", "CALLS", "SESSIONS", "INPUT", "CACHED", "OUTPUT", "TASKS", "$/TASK")
_LAST = 1 << 53


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds `report`."""
    parser = commands.add_parser(name, help="spend by day, session, feature, model, …")
    parser.add_argument("--by", choices=report.KEYS, default="day", metavar="KEY",
                        help=f"one of {', '.join(report.KEYS)} (default: day)")  # fmt: skip
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
    since = moment(options.since, now, tz, end=False)
    until = moment(options.until, now, tz, end=True)
    if since is not None and until is not None and since >= until:
        raise UsageError(f"--since {options.since} is not before --until {options.until}")
    found = report.read(db, options.by, tz, since, until, now)
    if options.json:
        pulse, _ = daemon_health.look(place, now)
        put(_json(found, _dates(db, found, now, tz), pulse))
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


def moment(text: str | None, now: int, tz: ZoneInfo, *, end: bool) -> int | None:
    """ms UTC of "2026-11-01", "2026-11-01T08:00", "7d", "12h" or "today".

    A date means its first moment, or with `end` the moment after its last. Raises UsageError.
    """
    if text is None:
        return None
    if text[:-1].isdigit() and text[-1:] in ("d", "h"):
        return now - int(text[:-1]) * (86_400_000 if text[-1] == "d" else 3_600_000)
    if text == "today":
        return periods.end_of("day", now, tz) if end else periods.start_of("day", now, tz)
    try:
        if len(text) == 10:
            start, finish = periods.bounds("day", text, tz)
            return finish if end else start
        found = datetime.fromisoformat(text)
        return round((found if found.tzinfo else found.replace(tzinfo=tz)).timestamp() * 1000)
    except (ValueError, periods.NotAPeriod):
        raise UsageError(f"{text!r} is no time; write 2026-11-01, 2026-11-01T08:00, 7d") from None


def _dates(db: sqlite3.Connection, found: report.Report, now: int, tz: ZoneInfo) -> tuple[str, str]:
    """First and last local date: those asked for, else of the first call and of today."""
    since = found.since if found.since is not None else report.first_time(db)
    until = now if found.until is None else found.until - 1
    first = now if since is None else since
    return periods.key("day", first, tz), periods.key("day", until, tz)


def _json(found: report.Report, dates: tuple[str, str], pulse: Pulse) -> str:
    import json

    seen = {one.session: one for one in pulse.processes}
    rows = [
        row_of(line) | _about(found.about.get(line.key), seen.get(line.key)) for line in found.lines
    ]
    tree = {
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
    return json.dumps(tree, indent=1)


def row_of(line: report.Line) -> dict[str, object]:
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
        "started": about.started and stamp(about.started),
        "last": about.last and stamp(about.last),
        "children": about.children,
    }


def stamp(at: int) -> str:
    """ms UTC as JSON carries times: 2026-11-23T10:00:00.123Z."""
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=at)  # noqa: DTZ001 - UTC by the Z
    return moment.isoformat(timespec="milliseconds") + "Z"


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
