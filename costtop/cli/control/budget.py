"""`costtop budget list`, `set`, `remove`. Writing is the daemon's, or done here without one."""

import argparse
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

from costtop import money, paths
from costtop.cli import catching_up
from costtop.cli.parser import Parser
from costtop.cli.reports import check
from costtop.cli.reports.live import foreseen
from costtop.cli.spans import amount
from costtop.cli.tables import plain, put, put_json, put_said
from costtop.control import client, protocol
from costtop.durations import now_ms
from costtop.errors import StoreError, UsageError
from costtop.files import user_name
from costtop.paths import Paths
from costtop.periods import zone
from costtop.queries.live import head_forecasts
from costtop.queries.live.frame import Live
from costtop.queries.live.view import BudgetMeter, Pulse, Snapshot
from costtop.queries.plans import window_words
from costtop.queries.spending import budget_state
from costtop.store.db import open_reader
from costtop.store.sessions import session_names

_HEAD = (
    *("BUDGET", "PERIOD", "SPENT $", "OF $", "%", "TIERS"),
    *("EXPECTED $", "80 % INTERVAL", "CHANCE", "NEXT TIERS", "OF"),
)


def add(parser: Parser, name: str) -> None:
    """Adds `budget` with its verbs; without one it lists."""
    parser.says(
        "Budgets and how far they are spent.",
        "costtop budget list",
        "costtop budget set daily 20",
        "costtop budget remove daily",
    )
    parser.set_defaults(run=_list, json=False, check=False)
    parser.add_argument("--json", action="store_true", help="the list as JSON")
    verbs = parser.verbs("list|set|remove")
    listing = verbs.add_parser("list")
    listing.says(
        "All budgets and what is spent of them.",
        "costtop budget list --json",
        "costtop budget list --check",
    )
    code = "with the exit code of costtop check: 0, 10, 11, 20 or 30"
    listing.add_argument("--check", action="store_true", help=code)
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)
    _add_set(verbs.add_parser("set"))
    removing = verbs.add_parser("remove")
    removing.says("Takes out a budget that was set by command.", "costtop budget remove daily")
    removing.add_argument("name", metavar="NAME", help="of the budget")
    removing.set_defaults(run=_remove)


def _add_set(parser: Parser) -> None:
    parser.says(
        "Makes a budget, or changes what you name of it: the rest stays as it is.",
        "costtop budget set daily 20",
        "costtop budget set daily --action gate --act-at 90 --except feature=release",
        "costtop budget set week-ci 150 --period week --scope feature=ci --action gate",
        "costtop budget set burst 5 --period hours:5 --tiers 80,100",
        "costtop budget set five --period plan:5h --tiers 50,80,95 --action gate --act-at 90",
    )
    parser.add_argument("name", metavar="NAME", help="of the budget")
    about = "in dollars, such as 20 or 2.50; a new budget needs it, of a plan there is none"
    parser.add_argument("amount", metavar="AMOUNT", nargs="?", help=about)
    period = "day, week, month, hours:5; of a plan plan:5h, plan:week; of a new one: day"
    parser.add_argument("--period", help=period)
    parser.add_argument("--tiers", help="per cents; of a new one: 50,80,100")
    scope = "feature, user, project, model, source or session; of a plan source, home or plan"
    scope += "; all: everything"
    parser.add_argument("--scope", action="append", metavar="KEY=VALUE", help=scope)
    action = "what follows: notify gate pause stop kill; of a new one: notify"
    parser.add_argument("--action", help=action)
    act_at = "at how many per cent; of a new one: 100"
    parser.add_argument("--act-at", metavar="N", type=int, help=act_at)
    excepted = "what is not held, as --scope; all of them must match; none: nothing"
    parser.add_argument("--except", action="append", metavar="KEY=VALUE", help=excepted)
    escalate = "where gate or stop does not hold: none pause kill; of a new one: pause"
    parser.add_argument("--escalate", help=escalate)
    watch = "value (what the API would cost) or billed; of a new one: value"
    parser.add_argument("--watch", help=watch)
    parser.set_defaults(run=_set)


def _list(options: argparse.Namespace) -> int:
    try:
        db, now = catching_up.open_fresh(paths.find()), now_ms()
    except StoreError as error:
        if not options.check:
            raise
        print(f"costtop: cannot know: {error}", file=sys.stderr)
        return budget_state.CODES["unknown"]
    taken = Live(db).take(now, Pulse(running=False))
    ahead = head_forecasts.read(db, now, zone(taken.zone), taken.budgets)
    taken = head_forecasts.shown(taken, ahead)
    meters = taken.budgets
    states = [budget_state.judged(meter) for meter in meters]
    if options.json:
        told = [check.tree(*one) for one in zip(meters, states, strict=True)]
        put_json({"schema": 1, "budgets": told})
    elif not meters:
        put("no budget is set; such as: costtop budget set daily 20")
    else:
        rows = [row for meter in meters for row in _rows(db, meter, taken)]
        put(plain(*check.watching(_HEAD, rows, meters), frozenset({2, 3, 4, 6, 8})))
    return budget_state.CODES[budget_state.worst(states)] if options.check else 0


def _scope_said(db: sqlite3.Connection, meter: BudgetMeter) -> str:
    told = (f"{key}={session_names.glob_said(db, key, glob)}" for key, glob in meter.scope)
    return " ".join(told) or "everything"


def _rows(db: sqlite3.Connection, meter: BudgetMeter, taken: Snapshot) -> list[tuple[str, ...]]:
    """A row; a row for each window of a plan that it watches."""
    tiers = " ".join(map(str, meter.tiers))
    if not meter.of_plan:
        known = (meter.name, meter.period, *check.amounts(meter), tiers)
        return [(*known, *_ahead(meter, taken), _scope_said(db, meter))]
    tz, none = zone(taken.zone), ("-", "-", "-")
    if not meter.windows:
        said = window_words.said(meter, taken.at, tz)[0]
        return [(meter.name, meter.period, *check.amounts(meter), tiers, *none, said, "-")]
    return [
        (
            *(meter.name, meter.period, "-", "-", "?" if one.used is None else f"{one.used:.0f}"),
            *(tiers, *none, window_words.ahead(one, taken.at, tz), one.account),
        )
        for one in meter.windows
    ]


def _ahead(meter: BudgetMeter, taken: Snapshot) -> tuple[str, ...]:
    if meter.expected is None:
        return ("?", "too few days", "?", "-")
    interval = f"{money.dollars(meter.low)}-{money.dollars(meter.high)}"
    hits = ", ".join(foreseen(meter, taken).split(", ")[2:]) or "-"
    return (money.dollars(meter.expected), interval, f"{meter.breach:.0%}", hits)


def _set(options: argparse.Namespace) -> int:
    if options.amount is not None:
        amount(options.amount)  # wrong here is told in this shell's words
    command = protocol.SetBudget(
        options.name,
        amount=options.amount,
        period=options.period,
        tiers=_tiers(options.tiers),
        scope=_globs("--scope", options.scope, "all"),
        action=options.action,
        act_at=options.act_at,
        excepted=_globs("--except", getattr(options, "except"), "none"),
        escalate=options.escalate,
        watch=options.watch,
        by=user_name(),
    )
    return change(command)


def _tiers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(tier) for tier in text.split(","))
    except ValueError:
        raise UsageError(f"--tiers {text}: per cents, such as 50,80,100") from None


def _globs(option: str, given: list[str] | None, no: str) -> dict[str, str] | None:
    """What an option says: nothing of it (None), `no` globs ({}), or parts that all hold."""
    if given is None or given == [no]:
        return None if given is None else {}
    pairs = [pair.partition("=") for pair in given]
    if any(not value for _, _, value in pairs):
        raise UsageError(f"{option} takes KEY=VALUE, such as {option} feature=checkout, or {no}")
    return {key: value for key, _, value in pairs}


def _remove(options: argparse.Namespace) -> int:
    return change(protocol.RemoveBudget(options.name, user_name()))


@contextmanager
def _known(found: Paths) -> Iterator[sqlite3.Connection | None]:
    """The database, where there is one to ask which session is meant."""
    if not found.database.exists():
        yield None
        return
    with closing(open_reader(found.database)) as db:
        yield db


def change(command: protocol.SetBudget | protocol.RemoveBudget) -> int:
    """Has the daemon write it, or does it here without one; prints what was done."""
    from costtop.daemon.commands import budget_file
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    if instance.is_free(found.lock):
        with instance.hold(found), _known(found) as db:
            put(budget_file.change(db, found, command))
    else:
        put_said(client.ask(found, command))
    return 0
