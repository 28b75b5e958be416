"""`costtop check`: how budgets stand, as an exit code for scripts."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from costtop import money, paths
from costtop.cli import catching_up
from costtop.cli.did_you_mean import meant
from costtop.cli.reports.live import budget_tree
from costtop.cli.tables import plain, put, put_json
from costtop.durations import now_ms
from costtop.errors import StoreError
from costtop.periods import zone
from costtop.queries.live.frame import Live
from costtop.queries.live.view import BudgetMeter, Pulse
from costtop.queries.spending import budget_state
from costtop.queries.spending.budget_state import CODES, BudgetState, State

if TYPE_CHECKING:
    import argparse

    from costtop.cli.parser import Parser

_WORDS: dict[State, str] = {
    "ok": "ok",
    "warning": "warning tier",
    "over": "over",
    "nothing": "no budget is set",
    "unknown": "cannot know: calls without a price",
}


def add(parser: "Parser", name: str) -> None:
    """Adds `check`."""
    parser.says(
        "How budgets stand, as an exit code: 0 ok, 10 a warning tier is reached, 11 over,"
        " 20 nothing to judge, 30 it cannot be known. Of several the worst.",
        "costtop check",
        "costtop check --budget daily --json",
        "costtop check --quiet",
    )
    parser.add_argument(
        "--budget", action="append", metavar="NAME", help="this one alone; may be repeated"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--quiet", action="store_true", help="the exit code alone")
    parser.set_defaults(run=run)


def run(options: "argparse.Namespace") -> int:
    """Prints how they stand; returns the code."""
    try:
        db, now = catching_up.open_fresh(paths.find(), quiet=options.quiet), now_ms()
        taken = Live(db).take(now, Pulse(running=False))
        meters, tz = taken.budgets, zone(taken.zone)
    except StoreError as error:
        return _unknown(str(error), as_json=options.json)
    for name in options.budget or ():
        known = [meter.name for meter in meters]
        if name not in known:
            print(f"costtop: no budget {name!r}{meant(name, known)}", file=sys.stderr)
    meters = tuple(one for one in meters if not options.budget or one.name in options.budget)
    states = [budget_state.judged(meter) for meter in meters]
    state = budget_state.worst(states)
    if options.json:
        put_json(_tree(state, [tree(*one) for one in zip(meters, states, strict=True)]))
    elif not options.quiet:
        none = "no such budget" if options.budget else "no budget"
        put(_table(meters, states, now, tz) if meters else f"nothing to judge: {none} is set")
    return CODES[state]


def tree(meter: BudgetMeter, state: BudgetState) -> dict[str, object]:
    """A budget as JSON carries it, with how it stands."""
    return {**budget_tree(meter), "state": state.state, "tier": state.tier}


def _tree(state: State, budgets: list[dict[str, object]]) -> dict[str, object]:
    return {"schema": 1, "state": state, "code": CODES[state], "budgets": budgets}


def _unknown(why: str, *, as_json: bool) -> int:
    if as_json:
        put_json(_tree("unknown", []))
    print(f"costtop: cannot know: {why}", file=sys.stderr)
    return CODES["unknown"]


def _table(
    meters: tuple[BudgetMeter, ...], states: list[BudgetState], now: int, tz: ZoneInfo
) -> str:
    rows = [
        (
            meter.name,
            *amounts(meter),
            "-" if state.tier is None else str(state.tier),
            _worded(meter, state, now, tz),
        )
        for meter, state in zip(meters, states, strict=True)
    ]
    head: tuple[str, ...] = ("BUDGET", "SPENT $", "OF $", "%", "TIER", "STATE")
    return plain(*watching(head, rows, meters), frozenset({1, 2, 3, 4}))


def watching(
    head: tuple[str, ...], rows: Sequence[tuple[str, ...]], meters: Iterable[BudgetMeter]
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A table of budgets with what each counts at its end, where there is more than the value."""
    counted = {meter.name: meter.watch or "-" for meter in meters}
    if set(counted.values()) <= {"-"}:
        return head, list(rows)
    return (*head, "WATCHES"), [(*row, counted[row[0]]) for row in rows]


def amounts(meter: BudgetMeter) -> tuple[str, str, str]:
    """What is spent, of how much, and its per cent; of a plan's window the last alone."""
    if meter.of_plan:
        known = any(one.used is not None for one in meter.windows)
        return "-", "-", str(meter.spent // 100) if known else "?"
    spent = money.beside(meter.spent, meter.amount, floor=meter.floor)
    return spent, money.exactly(meter.amount), str(100 * meter.spent // meter.amount)


def _worded(meter: BudgetMeter, state: BudgetState, now: int, tz: ZoneInfo) -> str:
    if not meter.of_plan:
        return _WORDS[state.state]
    from costtop.queries.plans import window_words

    known = "cannot know" if state.state == "unknown" else _WORDS[state.state]
    return f"{known}: {'; '.join(window_words.said(meter, now, tz))}"
