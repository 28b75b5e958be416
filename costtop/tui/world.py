"""The seam between the screen and the rest: what it may ask and do. It knows no widget.

Everything that the screen sees comes through `frame` and its siblings, everything that it does goes
through `act`. `real` reads the store by `costtop.snapshot` and talks to the daemon by
`costtop.control`; a test gives its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from costtop.control import client
from costtop.control.protocol import Command
from costtop.paths import Paths
from costtop.snapshot import alert_list, budget_list, days, past, session, spending, tasks
from costtop.snapshot.alert_list import Alerts
from costtop.snapshot.budget_list import BudgetLine
from costtop.snapshot.days import Day
from costtop.snapshot.door import Door, empty
from costtop.snapshot.session import SessionDetail
from costtop.snapshot.spending import Spending
from costtop.snapshot.tasks import Tasks
from costtop.snapshot.view import Pulse, Snapshot


class World(NamedTuple):
    """The functions that the screen is given; each may raise CosttopError with one line."""

    frame: Callable[[int | None], Snapshot]  # at a moment, ms UTC; None is now
    act: Callable[[Command], dict[str, Any]]  # the daemon's answer; a refusal is raised
    session: Callable[[str, int], SessionDetail | None]  # (key, now)
    spending: Callable[[str, str, int], Spending]  # (by, span, now)
    tasks: Callable[[str, int], Tasks]  # (span, now)
    days: Callable[[int, int], tuple[Day, ...]]  # (how many, now)
    alerts: Callable[[str, int], Alerts]  # (of this session or "", now)
    budgets: Callable[[int], tuple[BudgetLine, ...]]  # (now)


NOTHING = empty(0, Pulse(running=True), ())


def real(paths: Paths) -> World:
    """The world of one costtop instance."""
    door = Door(paths)

    def frame(at: int | None) -> Snapshot:
        return door.frame() if at is None else door.read(past.take, at, door.zone())

    return World(
        frame=frame,
        act=lambda command: client.ask(paths.socket, command),
        session=lambda key, now: door.read(session.read, key, now),
        spending=lambda by, span, now: door.read(spending.read, by, span, now, door.zone()),
        tasks=lambda span, now: door.read(tasks.read, span, now, door.zone()),
        days=lambda count, now: door.read(days.read, count, now, door.zone()),
        alerts=lambda key, now: door.read(alert_list.read, now, key),
        budgets=lambda now: door.read(budget_list.read, now, door.zone()),
    )
