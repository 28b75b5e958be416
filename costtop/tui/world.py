"""The seam between the screen and the rest: what it may ask and do. It holds no connection.

Everything that the screen sees comes through `frame` and its siblings, everything that it does goes
through `act`. The real ones read the store by `costtop.snapshot` and talk to the daemon by
`costtop.control`; a test gives its own.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from costtop.control.protocol import Command
from costtop.snapshot.view import Pulse, Snapshot


class World(NamedTuple):
    """The functions that the screen is given; each may raise CosttopError with one line."""

    frame: Callable[[int | None], Snapshot]  # at a moment, ms UTC; None is now
    act: Callable[[Command], dict[str, Any]]  # the daemon's answer; a refusal is raised


NOTHING = Snapshot(
    at=0, rev=0, zone="UTC", sessions=(), running=0, today_sessions=0, today=0, today_floor=False,
    month=0, month_floor=False, burn=0, burn_trend=(), usual_burn=None, unpriced=0, budgets=(),
    pulse=Pulse(running=True), sources=(), alerts_open=0, last_alert="",
)  # fmt: skip
