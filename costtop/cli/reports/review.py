"""`costtop review`: whether work gets dearer, by feature, and why."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from costtop import config as configuration
from costtop import money, paths
from costtop.analysis.caching import Caching
from costtop.analysis.drivers import DRIVERS
from costtop.analysis.task_price import LikePrice
from costtop.analysis.trend import TooFew, Trend
from costtop.cli import catching_up, csv_rows
from costtop.cli.parser import Parser
from costtop.cli.reports.forms import review_table
from costtop.cli.reports.forms.review_table import ReviewTable
from costtop.cli.spans import add_span, asked
from costtop.cli.tables import put, put_json
from costtop.durations import iso, now_ms
from costtop.queries import shown_currency
from costtop.queries.plans import billed_span, billed_words
from costtop.queries.sessions.task_costs import price
from costtop.queries.spending import dearer_words, report, review, review_words
from costtop.queries.spending.review import Review, ReviewLine
from costtop.store.sessions import task_completion


def add(parser: Parser, name: str) -> None:
    """Adds `review`."""
    parser.says(
        "Whether completed tasks get dearer, by feature, and why.",
        "costtop review",
        "costtop review november",
        "costtop review --since 8w --against like",
        "costtop review --since 14d --json",
        "costtop review last month --csv > review.csv",
        "costtop review --md",
        "costtop review --html review.html",
    )
    add_span(parser, "28d")
    parser.add_argument("--against", choices=("before", "like"), default="before",
                        help="what the recent days are compared with: as many before, or like"
                        " weeks' middle one")  # fmt: skip
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--csv", action="store_true", help="its features as CSV")
    form.add_argument("--md", action="store_true", help="as Markdown, for a comment or a chat")
    form.add_argument("--html", metavar="FILE", help="as a page for a browser; - is stdout")
    parser.add_argument("--force", action="store_true", help="replace FILE, whatever it is")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the review."""
    if options.html is not None or options.force:
        from costtop.cli.reports.page import page_file

        page_file.check(options.html, force=options.force)
    found = paths.find()
    tz, now = configuration.zone(configuration.load(found)), now_ms()
    start, end = asked(options, now, tz)
    db, until = catching_up.open_fresh(found), min(end or now, now)
    first = report.first_time(db) if start is None else start
    seen = review.read(db, until, tz, first, compared=options.against)
    beside = billed_span.of_span(db, seen.since, seen.until, now, tz)
    if options.json:
        by = {"tasks_completed_by": task_completion.of(db)}
        put_json(tree(seen) | by | billed_words.span_tree(beside))
    elif options.csv:
        csv_rows.write(map(_flat, (*seen.lines, seen.whole)), sys.stdout)
    else:
        shown_currency.use_of(db, now)
        note = "" if beside is None else f"{billed_words.span(beside)}."
        defined = f"Tasks are completed by {task_completion.WORDS[task_completion.of(db)]}."
        note = " ".join(filter(None, (note, *shown_currency.said())))
        table = review_table.laid(seen, note, defined)
        if options.html is not None:
            from costtop.cli.reports.page import page_file, review_page

            page_file.write(options.html, review_page.html(db, seen, table, now, options.typed))
            return 0
        put(_markdown(table, options.typed) if options.md else table.text())
    return 0


def _markdown(table: ReviewTable, typed: Sequence[str]) -> str:
    from costtop.cli.reports.forms import markdown

    trends = [
        f"- {markdown.cell(one.feature)}: {markdown.prose('; '.join(one.said))}"
        for one in table.trends
    ]
    parts = [markdown.table(table.head, table.rows, table.right)]
    if trends:
        parts += ["**Does work get dearer?**", "\n".join(trends)]
    parts += ["\n".join(f"- {markdown.prose(one)}" for one in table.said)]
    parts += [markdown.prose(table.note)] if table.note else []
    return "\n\n".join((*parts, markdown.made_by(table.span, typed)))


def tree(found: Review) -> dict[str, Any]:
    """The review for scripts."""
    return {
        "schema": 1,
        "currency": "USD",
        "since": iso(found.since),
        "until": iso(found.until),
        "recent_since": iso(found.recent),
        "against": found.against,
        "against_since": iso(found.then[0]),
        "against_until": iso(found.then[1]),
        "tz": found.zone,
        "features": [_line(line) for line in found.lines],
        "total": {**_line(found.whole), "feature": None},
        "mix": _mix(found),
        "step": _step(found),
        "changes": list(review_words.changes(found, review_words.compared(found))),
    }


def _line(line: ReviewLine) -> dict[str, Any]:
    work, change = line.work, line.change
    every = price(line.spend, work.completed)
    return {
        "feature": line.feature,
        "cost_usd": money.exact(line.spend),
        "floor": line.floor,
        "share": round(line.share, 4),
        "sessions": line.sessions,
        "tasks_completed": work.completed,
        "cost_per_task_usd": None if work.each is None else money.exact(work.each),
        "spend_per_task_usd": None if every is None else money.exact(every),
        "tasks_lost": work.lost,
        "lost_cost_usd": money.exact(work.lost_cost),
        "trend": _trend(line),
        "spend_change": {
            "usd": money.exact(change.spend),
            "tasks_usd": money.exact(change.tasks),
            "length_usd": money.exact(change.length),
            "price_usd": money.exact(change.price),
            "idle": change.idle,
        },
        "spread": _spread(line),
        "top_5_percent_share": round(line.top_share, 4),
        "retries_usd": money.exact(line.retries),
        "retries_share": round(line.retries / line.spend, 4) if line.spend else 0.0,
        "cache": {
            f"{name}_usd": money.exact(amount)
            for name, amount in (
                *zip(Caching._fields, line.caching, strict=True),
                ("hour_pays", line.caching.hour_pays),
            )
        },
    }


_OF_TREND = (
    "verdict",
    "tasks",
    "days",
    "tau",
    "p",
    "change",
    "low",
    "high",
    "p_of_verdict",
    "said",
)


def _flat(line: ReviewLine) -> dict[str, object]:
    """A line as CSV carries it: one cell a number, empty where too little is known to say."""
    made = _line(line)
    trend, spread = made.pop("trend"), made.pop("spread") or {}
    told = {name: trend.get(name) for name in _OF_TREND}
    return csv_rows.flat(
        made
        | {"feature": line.feature or "total", "trend": told}
        | {"spread": {name: spread.get(name) for name in ("ratio", "p", "uneven")}}
    )


def _trend(line: ReviewLine) -> dict[str, Any]:
    found = line.dearer
    whole = found.whole
    said = {"verdict": line.verdict, "tasks": whole.tasks, "days": whole.days}
    if isinstance(whole, TooFew):
        seen = whole.tasks > 2 and whole.detectable <= dearer_words.SEEN
        known = round(whole.detectable, 4) if seen else None
        return {**said, "detectable_change": known, "said": review_words.trend(line)}
    parts = None if line.reason is None else _parts(line.reason.parts)
    return {
        **said,
        **_numbers(whole, "tau", "p", "change", "low", "high"),
        "like_length": [
            {"per": one.per, **_numbers(one, "change", "low", "high", "p"),
             "log_sd": round(one.spread, 4)}
            for one in found.like or ()
        ],
        "p_of_verdict": round(found.p, 4),
        "drivers_usd": parts,
        "said": review_words.trend(line),
    }  # fmt: skip


def _numbers(one: Trend | LikePrice, *names: str) -> dict[str, float]:
    return {name: round(getattr(one, name), 4) for name in names}


def _parts(parts: tuple[int, ...]) -> dict[str, str]:
    return {name: money.exact(amount) for name, amount in zip(DRIVERS, parts, strict=True)}


def _spread(line: ReviewLine) -> dict[str, Any] | None:
    found = line.spread
    if found is None:
        return None
    numbers = {name: round(getattr(found, name), 4) for name in ("before", "now", "ratio", "p")}
    return {**numbers, "uneven": found.uneven}


def _mix(found: Review) -> dict[str, Any] | None:
    if found.mix is None:
        return None
    return {
        "price_index": round(found.mix.price_index, 4),
        "p": found.mix.p,
        "models": {model: round(by, 4) for model, by in found.mix.drivers},
        "workload_steady": found.steady,
        "said": review_words.mixed(found.mix, steady=found.steady),
    }


def _step(found: Review) -> dict[str, Any] | None:
    one, before = found.step, review_words.compared(found)
    if one is None:
        return None
    return {
        "cost_usd": money.exact(one.spend),
        "before_usd": money.exact(one.before),
        "sessions": one.sessions,
        "sessions_before": one.sessions_before,
        "parts_usd": {"sessions": money.exact(one.more_sessions), **_parts(one.parts)},
        "said": review_words.step(one, before),
    }
