"""The daemon's tasks of a fleet: without a server in the config there are none, and none load."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from costtop.daemon.actions.process_search import ProcessSearch
from costtop.daemon.commands.obey import Executors
from costtop.daemon.notices.post import Audience
from costtop.daemon.status.status_writer import StatusWriter, Troubled
from costtop.daemon.wiring import Wired
from costtop.named import NamedTuple

Work = Callable[[], Coroutine[Any, Any, None]]


class Around(NamedTuple):
    """What of the daemon a fleet's tasks use."""

    instance: Wired
    executors: Executors
    search: ProcessSearch
    status: StatusWriter
    troubled: list[Troubled]


def fleet_tasks(
    around: Around, to: Audience, posted: asyncio.Event
) -> tuple[tuple[str, Work], ...]:
    """What ships to the fleet and hears from it; the status tells of it from then on."""
    fleet = around.instance.config.fleet
    if fleet is None or not fleet.ships:
        return ()
    from costtop.daemon.fleet import fleet_works, hands

    pipe = fleet_works.pipe_of(around.instance, fleet)
    around.troubled.append(pipe)
    around.status.fleet = pipe.said
    commands = hands.hands_of(around.instance, fleet, around.executors, pipe)
    return (
        *fleet_works.works(around.instance, pipe, around.search.seen),
        ("fleet's commands", commands.run),
    )
