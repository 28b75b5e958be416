"""Asks for a deed on another machine's session: one child a command, which has the driver."""

import asyncio
import json
import os
import uuid
from typing import Any

import msgspec

from costtop.control.protocol import AskFar
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.fleet import fleet_pipe
from costtop.errors import FleetError
from costtop.fleet.fleet_host import fleet_host
from costtop.notify.sender_children import end
from costtop.settings.fleet_settings import Fleet
from costtop.text import clean

_PATIENCE = 240.0  # s: three heartbeats of the largest fleet, and a ladder of signals
_NEEDS = (
    "is a session on another machine: set operator_url_file in [fleet] of config.toml to a file of"
    " mode 0600 with an operator's URL (docs/fleet.md)"
)


async def ask(
    fleet: Fleet | None, action_log: ActionLog, command: AskFar, by: str
) -> dict[str, Any]:
    """{"state", "answer"} of the other machine; raises FleetError where it cannot be asked.

    It is journalled here, too, whatever became of it.
    """
    named = f"{clean(command.host, 200)}:{clean(command.far_session, 200)}"
    if fleet is None or not (fleet.operator_url_file or fleet.operator_url_env):
        raise FleetError(f"{named} {_NEEDS}")
    told: dict[str, Any] = {}
    try:
        told = await _asked(fleet, command)
    finally:
        became = ": ".join(str(told[name]) for name in ("state", "answer", "error") if name in told)
        detail = f"{named}: {clean(became, 1000) or 'not heard of any more'}"
        await action_log.note(by, f"{command.verb} on another machine", "", detail)
    if "error" in told:
        raise FleetError(clean(str(told["error"]), 1000))
    return {"state": str(told["state"]), "answer": clean(str(told["answer"]), 1000)}


async def _asked(fleet: Fleet, command: AskFar) -> dict[str, Any]:
    wanted = [fleet.operator_url_env] if fleet.operator_url_env else []
    child = await fleet_pipe.begin(os.environ, wanted, "costtop.fleet.far_request_child")
    order = {
        "fleet": msgspec.to_builtins(fleet),
        "command": {
            "id": str(uuid.uuid4()),
            "on": fleet_host(fleet),
            **{name: getattr(command, name) for name in ("team", "host", "verb")},
            "session": command.far_session,
            "given": dict(command.given),
        },
    }
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(fleet_pipe.first_line() + json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(_PATIENCE):
            line = await child.stdout.readline()
        found = json.loads(line)
    except (TimeoutError, ValueError, ConnectionError):
        found = {}
    finally:
        await end(child)
    good = isinstance(found, dict) and ("error" in found or {"state", "answer"} <= found.keys())
    if not good:
        return {"error": "the process that asks the fleet's server ended without an answer"}
    return dict(found)
