"""The daemon's tasks of a fleet: without a server in the config there are none, and none load."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from costtop.control.protocol import AskFar
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_search import ProcessSearch
from costtop.daemon.commands.obey import Executors
from costtop.daemon.notices.post import Audience
from costtop.daemon.status.status_writer import StatusWriter, Troubled
from costtop.daemon.wiring import Wired
from costtop.named_tuples import NamedTuple
from costtop.settings.fleet_settings import Fleet

Work = Callable[[], Coroutine[Any, Any, None]]
_ASKED_AT_ONCE = 4  # commands to other machines, each a process with the driver


class Around(NamedTuple):
    """What of the daemon a fleet's tasks use."""

    instance: Wired
    executors: Executors
    search: ProcessSearch
    status: StatusWriter
    troubled: list[Troubled]


def far_asking(
    instance: Wired, action_log: ActionLog
) -> Callable[[AskFar, str], Awaitable[dict[str, Any]]]:
    """Asks other machines: their answer, or FleetError where one cannot be asked."""
    turns = asyncio.Semaphore(_ASKED_AT_ONCE)

    async def ask(command: AskFar, by: str) -> dict[str, Any]:
        from costtop.daemon.fleet import far_request

        async with turns:
            return await far_request.ask(instance.config.fleet, action_log, command, by)

    return ask


def fleet_tasks(
    around: Around, to: Audience, posted: asyncio.Event
) -> tuple[tuple[str, Work], ...]:
    """What ships to the fleet and hears from it; the status tells of it from then on."""
    fleet = around.instance.config.fleet
    if fleet is None:
        return ()
    works = _ships(around, fleet, to, posted) if fleet.ships else ()
    return (*works, *(_leads(around) if fleet.steward else ()))


def _leads(around: Around) -> tuple[tuple[str, Work], ...]:
    """What stands for election as the fleet's steward."""
    from costtop.daemon.fleet.steward_keeper import StewardKeeper

    keeper = StewardKeeper()
    around.troubled.append(keeper)
    shipping = around.status.fleet
    around.status.fleet = lambda: {**(shipping() if shipping else {}), "steward": keeper.said()}
    return (("fleet's steward", keeper.run),)


def _ships(
    around: Around, fleet: Fleet, to: Audience, posted: asyncio.Event
) -> tuple[tuple[str, Work], ...]:
    """What ships to the fleet and hears from it."""
    from costtop.daemon.fleet import far_executor, fleet_membership
    from costtop.daemon.fleet.fleet_guards import FleetGuards, GuardRules
    from costtop.daemon.fleet.host_messages import sayings_of

    pipe = fleet_membership.pipe_of(around.instance, fleet)
    around.troubled.append(pipe)
    commands = far_executor.executor_of(around.instance, fleet, around.executors, pipe)
    rules = GuardRules(frozenset(fleet.accept))
    guards = FleetGuards(around.instance.writer, to, rules, posted.set)
    pipe.on("guards", guards.take)
    around.status.fleet = lambda: {**pipe.said(), "holds": guards.holds}
    says = sayings_of(around.instance, fleet, pipe.tell)
    pipe.on("said", says.take)
    return (
        ("fleet's guards", guards.run),
        ("fleet's sayings", says.run),
        *fleet_membership.works(around.instance, pipe, around.search.seen),
        ("fleet's reach", fleet_membership.Reach(pipe, around.instance.writer, to, posted).run),
        ("fleet's commands", commands.run),
    )
