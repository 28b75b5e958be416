"""The columns of `costtop report`: what each is called, what it says of a line."""

from collections.abc import Callable

from costtop.cli.tables import count
from costtop.queries.spending.report_line import Line
from costtop.shown import currency


def _cost(line: Line) -> str:
    return currency.figure(line.short.known(line.cost), floor=_floor(line), places=4)


def _floor(line: Line) -> bool:
    return line.floor and line.short.known(line.cost) is not None


def _counted(line: Line, number: int) -> str:
    """A number of calls; "-" where they are shared with other lines."""
    return str(number) if line.counted else "-"


def _price(line: Line, price: int | None) -> str:
    return "-" if price is None else currency.figure(price, floor=_floor(line), places=4)


def _cached(line: Line) -> str:
    return f"{100 * line.cache_read / line.input:.0f} %" if line.input else "-"


def _billed(line: Line) -> str:
    """With its share of plans' prices; without a plan all of it."""
    return _cost(line) if line.billed is None else currency.figure(line.paid, places=4)


def _reported(line: Line) -> str:
    return currency.figure(line.reported, places=4) if line.reported_calls else "-"


COLUMNS: dict[str, tuple[str, Callable[[Line], str]]] = {
    "cost": ("COST $", _cost),
    "calls": ("CALLS", lambda line: _counted(line, line.calls)),
    "sessions": ("SESSIONS", lambda line: str(line.sessions)),
    "input": ("INPUT", lambda line: count(line.input)),
    "cached": ("CACHED", _cached),
    "output": ("OUTPUT", lambda line: count(line.output)),
    "tasks": ("TASKS", lambda line: "-" if line.tasks is None else str(line.tasks)),
    "per-task": ("$/TASK", lambda line: _price(line, line.cost_per_task)),
    "all-per-task": ("ALL/TASK", lambda line: _price(line, line.spend_per_task)),
    "errors": ("ERRORS", lambda line: _counted(line, line.errors)),
    "reasoning": ("REASONING", lambda line: count(line.reasoning)),
    "written": ("WRITTEN", lambda line: count(line.cache_write)),
    "value": ("VALUE $", _cost),
    "billed": ("BILLED $", _billed),
    "reported": ("REPORTED $", _reported),
}
"""Heading and cell by the name that `--columns` takes."""
