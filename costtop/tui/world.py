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
from costtop.snapshot.door import Door, empty
from costtop.snapshot.view import Pulse, Snapshot


class World(NamedTuple):
    """The functions that the screen is given; each may raise CosttopError with one line."""

    frame: Callable[[int | None], Snapshot]  # at a moment, ms UTC; None is now
    act: Callable[[Command], dict[str, Any]]  # the daemon's answer; a refusal is raised


NOTHING = empty(0, Pulse(running=True), ())


def real(paths: Paths) -> World:
    """The world of one costtop instance."""
    door = Door(paths)

    def frame(at: int | None) -> Snapshot:
        return door.frame()

    def act(command: Command) -> dict[str, Any]:
        return client.ask(paths.socket, command)

    return World(frame, act)
