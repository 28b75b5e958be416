"""`costtop budget list`, `set`, `remove`. Writing is the daemon's, or done here without one."""

import argparse

from costtop import money, paths
from costtop.cli.reports.live import forecast_tree, foreseen
from costtop.cli.tables import plain, put
from costtop.control import client, protocol
from costtop.durations import now_ms
from costtop.errors import UsageError
from costtop.files import user_name
from costtop.periods import zone
from costtop.queries.live import head_forecasts
from costtop.queries.live.frame import Live
from costtop.queries.live.view import BudgetMeter, Pulse, Snapshot
from costtop.store.db import open_reader


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str) -> None:
    """Adds `budget`."""
    parser = commands.add_parser(name, help="budgets and how far they are spent")
    parser.set_defaults(run=_list, json=False)
    verbs = parser.add_subparsers(metavar="list|set|remove")
    listing = verbs.add_parser("list", help="all budgets and what is spent of them")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_list)
    setting = verbs.add_parser("set", help="make or change a budget")
    setting.add_argument("name")
    setting.add_argument("amount", help="such as $20")
    setting.add_argument("--period", default="day", help="day, week, month, hours:5")
    setting.add_argument("--tiers", default="50,80,100", help="per cents, such as 50,80,100")
    setting.add_argument("--scope", action="append", default=[], metavar="KEY=VALUE",
                         help="feature, user, project, model, source or session")  # fmt: skip
    setting.add_argument(
        "--action", default="notify", help="at 100 %%: notify gate pause stop kill"
    )
    setting.set_defaults(run=_set)
    removing = verbs.add_parser("remove", help="take out a budget that was set by command")
    removing.add_argument("name")
    removing.set_defaults(run=_remove)


def _list(options: argparse.Namespace) -> int:
    db, now = open_reader(paths.find().database), now_ms()
    taken = Live(db).take(now, Pulse(running=False))
    ahead = head_forecasts.read(db, now, zone(taken.zone), taken.budgets)
    taken = head_forecasts.shown(taken, ahead)
    meters = taken.budgets
    if options.json:
        import json

        put(json.dumps({"schema": 1, "budgets": [_tree(meter) for meter in meters]}, indent=1))
    elif not meters:
        put("no budget is set; such as: costtop budget set daily $20")
    else:
        head = ("BUDGET", "PERIOD", "SPENT $", "OF $", "%", "TIERS", "EXPECTED $", "80 % INTERVAL",
                "CHANCE", "NEXT TIERS")  # fmt: skip
        rows = [_cells(meter, taken) for meter in meters]
        put(plain(head, rows, frozenset({2, 3, 4, 6, 8})))
    return 0


def _cells(meter: BudgetMeter, taken: Snapshot) -> tuple[str, ...]:
    return (
        meter.name,
        meter.period,
        money.dollars(meter.spent, floor=meter.floor),
        money.dollars(meter.amount),
        str(100 * meter.spent // meter.amount),
        " ".join(map(str, meter.tiers)),
        *_ahead(meter, taken),
    )


def _ahead(meter: BudgetMeter, taken: Snapshot) -> tuple[str, ...]:
    if meter.expected is None:
        return ("?", "too few days", "?", "-")
    low, high = money.dollars(meter.low), money.dollars(meter.high)
    hits = foreseen(meter, taken).split(", ")[2:]
    return (money.dollars(meter.expected), f"{low}-{high}", f"{meter.breach:.0%}",
            ", ".join(hits) or "-")  # fmt: skip


def _tree(meter: BudgetMeter) -> dict[str, object]:
    return {
        "name": meter.name,
        "period": meter.period,
        "spent_usd": money.exact(meter.spent),
        "floor": meter.floor,
        "amount_usd": money.exact(meter.amount),
        "tiers": list(meter.tiers),
        **forecast_tree(meter),
    }


def _set(options: argparse.Namespace) -> int:
    pairs = [pair.partition("=") for pair in options.scope]
    if any(not value for _, _, value in pairs):
        raise UsageError("--scope takes KEY=VALUE, such as --scope feature=checkout")
    try:
        tiers = tuple(int(tier) for tier in options.tiers.split(","))
    except ValueError:
        raise UsageError(f"--tiers {options.tiers}: per cents, such as 50,80,100") from None
    return _change(
        protocol.SetBudget(
            options.name,
            options.amount,
            options.period,
            tiers,
            {key: value for key, _, value in pairs},
            options.action,
            user_name(),
        )
    )


def _remove(options: argparse.Namespace) -> int:
    return _change(protocol.RemoveBudget(options.name, user_name()))


def _change(command: protocol.SetBudget | protocol.RemoveBudget) -> int:
    from costtop.daemon.commands import budget_file
    from costtop.daemon.lifecycle import instance

    found = paths.find()
    if instance.is_free(found.lock):
        with instance.hold(found):
            put(budget_file.change(found, command))
    else:
        for line in client.ask(found.socket, command)["said"]:
            put(str(line))
    return 0
