"""`costtop report`: spend summed by keys, as a table, JSON or CSV."""

import sqlite3
import sys
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from costtop import money, paths, periods
from costtop.cli import catching_up
from costtop.cli.reports import asking, comparison
from costtop.cli.reports.columns_of_sums import COLUMNS
from costtop.cli.slips import meant
from costtop.cli.spans import add_span, asked_span
from costtop.cli.tables import plain, put, put_json
from costtop.durations import iso, now_ms
from costtop.errors import ConfigError, UsageError
from costtop.queries.sessions.described_roots import About
from costtop.queries.spending import hidden, report, sum_keys
from costtop.queries.spending.report_line import Line
from costtop.span_words import WordedSpan
from costtop.store import meta
from costtop.store.sessions import short_ids

if TYPE_CHECKING:  # and for JSON alone, which tells states: a table starts without the live list
    import argparse

    from costtop.cli.parser import Parser
    from costtop.queries.live.view import ProcessSeen, Pulse
    from costtop.queries.spending.report_beside import Against, Compared

_USUAL = tuple("cost calls sessions input cached output tasks per-task all-per-task".split())

_WITH_PLANS = ("cost", "billed", *_USUAL[1:])


def add(parser: "Parser", name: str) -> None:
    """Adds `report`."""
    parser.says(
        "Spend summed by one key or several, of all or what fits, as a table, JSON or CSV.",
        "costtop report yesterday",
        "costtop report last week --by feature --against before",
        "costtop report 7d --by day,feature --model 'opus*' --agent claude",
        "costtop report --by tool --feature checkout --top 5",
        "costtop report --by block --agent claude --since 7d",
        "costtop report --by model --since 2026-11-01 --until 2026-11-15",
        "costtop report --by session --json",
    )
    asking.add_keys(parser)
    add_span(parser)
    parser.add_argument(
        "--tz", metavar="ZONE", help="time zone of the days (default: the config's)"
    )
    columns = f"these alone ({', '.join(COLUMNS)}); +NAME: one more"
    parser.add_argument("--columns", metavar="NAMES", default="", help=columns)
    parser.add_argument("--against", choices=("before", "like"),
                        help="beside it the span before, or the median of like days")  # fmt: skip
    asking.add_filters(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV")
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Prints the report."""
    shown = _columns(options.columns)
    place = paths.find()
    db = catching_up.open_fresh(place)
    now = now_ms()
    tz = _zone(options.tz) if options.tz else meta.shared(db).zone
    span = asked_span(options, now, tz)
    filters = asking.filters(db, options)
    found = report.read(
        db, options.by, tz, span.start, span.end, now=now, filters=filters, top=options.top
    )
    if filters and not found.lines:
        asking.check(db, filters)
    if found.billing is not None:
        shown = _columns(options.columns, _WITH_PLANS)
    beside = _compared(db, found, span, options.against, now) if options.against else None
    if options.json:
        from costtop.queries.live import daemon_health

        pulse, _ = daemon_health.look(place, now)
        tree = _tree(found, _dates(db, found, now, tz), pulse, _shorts(db, found))
        if found.blocks:
            from costtop.cli.reports import block_rows

            tree = block_rows.tree(tree, found, now)
        put_json(comparison.tree(tree, beside) if beside else tree)
    elif options.csv:
        _csv(found, _shorts(db, found))
    else:
        put(_plain(found, shown, _below(db, found, now, tz), beside))
    return 0


def _below(db: sqlite3.Connection, found: report.Report, now: int, tz: ZoneInfo) -> str:
    """What stands below a table: the span where none was asked for, and what is not kept."""
    text = ""
    if found.since is None and found.until is None and found.lines:
        first, last = _dates(db, found, now, tz)
        text = f"\n\nAll that is stored, {first} to {last} ({found.zone})."
    if sum_keys.SHARED & {*found.by.split(","), *(one.field for one in found.filters)}:
        from costtop.store.forgetting import thinning

        if thin := thinning.gone(db, found.since, found.until):
            text += f"\n\nTools of {thin} sessions are no longer kept (costtop compact)."
    return text


def _compared(
    db: sqlite3.Connection, found: report.Report, span: WordedSpan, kind: "Against", now: int
) -> "Compared":
    if span.start is None:
        raise UsageError(f"--against {kind} needs a span, such as: report 7d --against {kind}")
    if {*found.by.split(",")} & {*sum_keys.TIMES} - {found.by} or found.by in ("hour", "block"):
        raise UsageError("--against compares days, weeks or months alone, or names; no hours")
    from costtop.queries.spending import report_beside

    return report_beside.read(db, found, span, kind, now)


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


def _shorts(db: sqlite3.Connection, found: report.Report) -> dict[str, dict[str, str | None]]:
    """What to type of the session of each row, by its key; nothing of rows of none."""
    by = found.by.split(",")
    if "session" not in by:
        return {}
    at = by.index("session")
    named = {line.key: line.keys[at] for line in found.lines if len(line.keys) == len(by)}
    return {key: {"short": short_ids.of(db, session) or None} for key, session in named.items()}


def _tree(
    found: report.Report,
    dates: tuple[str, str],
    pulse: "Pulse",
    shorts: dict[str, dict[str, str | None]],
) -> dict[str, object]:
    from costtop.queries.spending.unlogged import NOTHING

    several = "," in found.by
    seen = {one.session: one for one in pulse.processes}
    ended = dict(pulse.exited)
    rows = [
        row_of(line)
        | ({"keys": list(line.keys)} if several else {})
        | shorts.get(line.key, {})
        | _about(found.about.get(line.key), seen.get(line.key), ended.get(line.key))
        | (found.beside.get(line.key, NOTHING).tree() if found.by == "session" else {})
        for line in found.lines
    ]
    return {
        "schema": 1,
        "currency": "USD",
        "by": found.by,
        **({"keys": found.by.split(",")} if several else {}),
        **asking.tree(found.filters),
        "since": dates[0],
        "until": dates[1],
        **_moments(found),
        "tz": found.zone,
        "rows": rows,
        "total": row_of(found.total) | ({"keys": []} if several else {}),
        "likely_hidden_usd": None if found.likely is None else money.exact(found.likely),
        "unpriced_models": found.unpriced_models,
        **_paid(found),
    }


def _paid(found: report.Report) -> dict[str, object]:
    if found.billing is None:
        return {}
    from costtop.cli.reports import billed_rows

    return billed_rows.tree(found)


def _moments(found: report.Report) -> dict[str, str | None]:
    """From when to when was counted, to the millisecond; null is open."""
    since, until = report.counted(found.since, found.until)
    return {
        "since_at": None if since is None else iso(since),
        "until_at": None if until is None else iso(until),
    }


def row_of(line: Line) -> dict[str, object]:
    """A line of sums as JSON and CSV carry it; counts of calls are null where they are shared."""
    per_task, every = line.cost_per_task, line.spend_per_task
    return {
        "key": line.key,
        "cost_usd": money.exact(line.cost),
        **_billed(line),
        **line.short.tree(),
        "calls": line.calls if line.counted else None,
        "errors": line.errors if line.counted else None,
        "unpriced_calls": line.unpriced if line.counted else None,
        "sessions": line.sessions,
        "tasks_completed": line.tasks,
        "cost_per_task_usd": None if per_task is None else money.exact(per_task),
        "tasks_cost_usd": None if line.tasks_cost is None else money.exact(line.tasks_cost),
        "spend_per_task_usd": None if every is None else money.exact(every),
        "input_tokens": line.input,
        "cache_read_tokens": line.cache_read,
        "cache_write_tokens": line.cache_write,
        "cache_write_1h_tokens": line.cache_write_1h,
        "output_tokens": line.output,
        "reasoning_tokens": line.reasoning,
        "reported_cost_usd": money.exact(line.reported) if line.reported_calls else None,
    }


def _billed(line: Line) -> dict[str, object]:
    """What of its value is billed; nothing without a plan."""
    if line.billed is None:
        return {}
    return {
        "value_usd": money.exact(line.cost),
        "billed_usd": money.exact(line.paid),
        "plan_share_usd": money.exact(line.plan_share),
    }


def flat(row: dict[str, object]) -> dict[str, object]:
    """The row with its reasons as text, for forms that know no lists: "unpriced 3, tier 1"."""
    reasons = cast("list[dict[str, object]]", row["floor_reasons"])
    return {**row, "floor_reasons": ", ".join(f"{one['reason']} {one['calls']}" for one in reasons)}


def _about(
    about: About | None, process: "ProcessSeen | None", exited: int | None
) -> dict[str, object]:
    if about is None:
        return {}
    from costtop.queries.live.live_processes import has_exited

    state = "ended" if not process and has_exited(about.last, exited) else about.state
    return {
        "source": about.source,
        "session": about.session,
        "short": about.short_id or None,
        "title": about.title or None,
        "project": about.project,
        "feature": about.feature,
        "user": about.user,
        "model": about.model,
        "model_now": about.model_now,
        "host": about.host,
        "label": about.label or None,
        "state": "paused" if process and process.paused else state,
        "pid": process.pid if process else None,
        "started": about.started and iso(about.started),
        "last": about.last and iso(about.last),
        "children": about.children,
    }


def _csv(found: report.Report, shorts: dict[str, dict[str, str | None]]) -> None:
    from costtop.cli import csv_rows

    names = found.by.split(",") if "," in found.by else []
    rows = [
        dict(zip(names, (*line.keys, *[""] * len(names)), strict=False))
        | flat(row_of(line))
        | (shorts.get(line.key, {"short": None}) if shorts else {})
        for line in (*found.lines, found.total)
    ]
    if found.billing is not None:
        from costtop.cli.reports import billed_rows

        rows[-1:-1] = billed_rows.flat(found, rows[-1])
    csv_rows.write(rows, sys.stdout)


def _plain(
    found: report.Report,
    shown: tuple[str, ...],
    below: str = "",
    beside: "Compared | None" = None,
) -> str:
    lines, keys = (*found.lines, found.total), found.by.split(",")
    head = (*(key.upper() for key in keys), *(COLUMNS[name][0] for name in shown))
    every = found.about.values()
    wide = (
        max((len(one.short_id) for one in every), default=0),
        max((len(one.source) for one in every), default=0),
    )
    rows = [
        (*_named(line, found, wide), *(COLUMNS[name][1](line) for name in shown)) for line in lines
    ]
    if beside is not None:
        at = len(keys) + (shown[:1] == ("cost",))
        head = (*head[:at], *comparison.HEADS[beside.against], *head[at:])
        rows = [
            (*row[:at], *comparison.cells(line, beside), *row[at:])
            for row, line in zip(rows, lines, strict=True)
        ]
    if found.billing is not None:
        from costtop.cli.reports import billed_rows

        head, rows = billed_rows.headed(head), billed_rows.with_plans(found, head, rows)
        below += f"\n\n{billed_rows.said(found)}"
    text = plain(head, rows, frozenset(range(len(keys), len(head)))) + below
    if beside is not None:
        text += f"\n\n{comparison.said(beside, found.zone)}"
    if any(line.floor for line in lines):
        missing = hidden.words(found.total.short, found.likely, found.unpriced_models)
        text += "\n\n≥ is a floor; missing from these sums is what is hidden in\n"
        text += "\n".join(f"  {line}" for line in missing)
    return text


def _named(line: Line, found: report.Report, wide: tuple[int, int]) -> list[str]:
    """The keys; of sessions what people type and know of them, ids and sources so wide.

    A day, week or month that the span cuts says so: "2026-11-21 from 10:15".
    """
    keys = found.by.split(",")
    if about := found.about.get(line.key):
        short, source = about.short_id.ljust(wide[0]), about.source.ljust(wide[1])
        return [f"{short}  {source}  {about.title or about.feature or about.project}".rstrip()]
    if len(line.keys) < len(keys) or line.key in ("total", report.OTHER):
        return [line.key] + [""] * (len(keys) - 1)
    tz = periods.zone(found.zone)
    return [_period(by, key, found, tz) for by, key in zip(keys, line.keys, strict=True)]


def _period(by: str, key: str, found: report.Report, tz: ZoneInfo) -> str:
    if by not in periods.CALENDAR:
        return key
    bucket = periods.Span(key, *periods.bounds(by, key, tz))
    return f"{key} {periods.cut(bucket, *report.counted(found.since, found.until), tz)}".rstrip()


def _columns(text: str, usually: tuple[str, ...] = _USUAL) -> tuple[str, ...]:
    """Names out of "cost,calls" or "+reported"; raises UsageError naming those that there are."""
    asked = [name for name in text.split(",") if name]
    names = [name.removeprefix("+") for name in asked]
    if unknown := [name for name in names if name not in COLUMNS]:
        there = ", ".join(COLUMNS)
        slip = meant(unknown[0], COLUMNS)
        raise UsageError(f"--columns: no column {unknown[0]!r}; there are {there}{slip}")
    usual = () if asked and not asked[0].startswith("+") else usually
    return tuple(dict.fromkeys((*usual, *names)))
