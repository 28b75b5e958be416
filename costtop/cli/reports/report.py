"""`costtop report`: spend summed by keys, as a table, JSON or CSV."""

import sqlite3
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from costtop import money, paths, periods
from costtop.cli import catching_up
from costtop.cli.did_you_mean import meant
from costtop.cli.reports import asking, comparison
from costtop.cli.reports.columns_of_sums import COLUMNS
from costtop.cli.reports.forms import report_table
from costtop.cli.reports.forms.answered import Answered
from costtop.cli.spans import add_span, asked_span
from costtop.cli.tables import put, put_json
from costtop.durations import iso, now_ms
from costtop.errors import ConfigError, UsageError
from costtop.queries import shown_currency
from costtop.queries.sessions.described_roots import About
from costtop.queries.spending import report, sum_keys
from costtop.queries.spending.report_line import Line
from costtop.span_words import WordedSpan
from costtop.store import meta
from costtop.store.sessions import short_ids, task_completion

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
        "Spend summed by one key or several: a table, Markdown, a page, JSON or CSV.",
        "costtop report yesterday",
        "costtop report last week --by feature --against before",
        "costtop report 7d --by day,feature --model 'opus*' --agent claude",
        "costtop report --by tool --feature checkout --top 5",
        "costtop report --by block --agent claude --since 7d",
        "costtop report --by model --since 2026-11-01 --until 2026-11-15",
        "costtop report --by session --json",
        "costtop report this week --by pr --md",
        "costtop report 30d --html report.html",
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
    parser.add_argument("--fleet", action="store_true", help="of all machines of [fleet]")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="as CSV")
    form.add_argument("--md", action="store_true", help="as Markdown, for a comment or a chat")
    form.add_argument("--html", metavar="FILE", help="as a page for a browser; - is stdout")
    parser.add_argument("--force", action="store_true", help="replace FILE, whatever it is")
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Prints the report."""
    shown = _columns(options.columns)
    if options.html is not None or options.force:
        from costtop.cli.reports.page import page_file

        page_file.check(options.html, force=options.force)
    place = paths.find()
    one = _answered(_opened(place, options), options)
    if one.found.billing is not None:
        shown = _columns(options.columns, _WITH_PLANS)
    if options.json:
        put_json(_json(one, place))
    elif options.csv:
        _csv(one.found, _shorts(one.db, one.found))
    elif options.html is not None:
        from costtop.cli.reports.page import page_file, report_page

        shown_currency.use_of(one.db, one.now)
        page_file.write(options.html, report_page.html(one, shown, tuple(_below(one))))
    else:
        shown_currency.use_of(one.db, one.now)
        table = report_table.laid(one.found, shown, one.beside, tuple(_below(one)))
        put(_markdown(table, one) if options.md else table.text())
    return 0


def _opened(place: paths.Paths, options: "argparse.Namespace") -> sqlite3.Connection:
    if not options.fleet:
        return catching_up.open_fresh(place)
    from costtop.cli.reports import fleet_reading

    return fleet_reading.of_report(place, options)


def _answered(db: sqlite3.Connection, options: "argparse.Namespace") -> Answered:
    now = now_ms()
    tz = _zone(options.tz) if options.tz else meta.shared(db).zone
    span = asked_span(options, now, tz)
    filters = asking.filters(db, options)
    found = report.read(
        db, options.by, tz, span.start, span.end, now=now, filters=filters, top=options.top
    )
    if filters and not found.lines:
        asking.check(db, filters)
    beside = _compared(db, found, span, options.against, now) if options.against else None
    return Answered(
        db=db, found=found, beside=beside, span=span, now=now, tz=tz, typed=options.typed
    )


def _below(one: Answered) -> Iterator[str]:
    """What stands below a table: the span where none was asked for, and what is not kept."""
    found = one.found
    if found.since is None and found.until is None and found.lines:
        yield "All that is stored, {} to {} ({}).".format(*one.dates(), found.zone)
    if found.by == "pr":
        from costtop.cli.reports.forms import pull_rows

        if said := pull_rows.words(one.db, found):
            yield said
    if sum_keys.SHARED & {*found.by.split(","), *(each.field for each in found.filters)}:
        from costtop.store.forgetting import thinning

        if thin := thinning.gone(one.db, found.since, found.until):
            yield f"Tools of {thin} sessions are no longer kept (costtop compact)."
    if found.total.tasks:
        yield f"Tasks are completed by {task_completion.WORDS[task_completion.of(one.db)]}."
    yield from shown_currency.said()


def _markdown(table: report_table.Laid, one: Answered) -> str:
    from costtop.cli.reports.forms import markdown

    notes = [" ".join(map(markdown.prose, lines)) for lines in table.notes]
    made_by = markdown.made_by(one.said_span(), one.typed)
    return "\n\n".join((markdown.table(*table[:3]), *notes, made_by))


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


def _shorts(db: sqlite3.Connection, found: report.Report) -> dict[str, dict[str, str | None]]:
    """What to type of the session of each row, by its key; nothing of rows of none."""
    by = found.by.split(",")
    if "session" not in by:
        return {}
    at = by.index("session")
    named = {line.key: line.keys[at] for line in found.lines if len(line.keys) == len(by)}
    return {key: {"short": short_ids.of(db, session) or None} for key, session in named.items()}


def _json(one: Answered, place: paths.Paths) -> dict[str, object]:
    from costtop.queries.live import daemon_health

    pulse, _ = daemon_health.look(place, one.now)
    tree = _tree(one.found, one.dates(), pulse, _shorts(one.db, one.found))
    if one.found.blocks:
        from costtop.cli.reports import block_rows

        tree = block_rows.tree(tree, one.found, one.now)
    if one.found.by == "pr":
        from costtop.cli.reports.forms import pull_rows

        tree = pull_rows.tree(one.db, tree, one.found)
    tree["tasks_completed_by"] = task_completion.of(one.db)
    if one.found.by == "task":
        from costtop.queries.sessions import tasks

        by = tasks.completers(one.db, [line.key for line in one.found.lines])
        for row in tree["rows"]:
            row["completed_by"] = by.get(row["key"])
    return comparison.tree(tree, one.beside) if one.beside else tree


def _tree(
    found: report.Report,
    dates: tuple[str, str],
    pulse: "Pulse",
    shorts: dict[str, dict[str, str | None]],
) -> dict[str, Any]:
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
