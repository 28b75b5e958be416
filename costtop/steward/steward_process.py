"""The process `costtop-steward`: stands for election, and leads while it is elected.

It belongs to a daemon whose configuration says `[fleet] steward = true`, which loads nothing of it,
and ends with that. It reads the configuration itself, and says how it stands in lines of JSON.
"""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from costtop import config as configuration
from costtop import paths as places
from costtop.config import Config
from costtop.daemon import config_changes
from costtop.durations import now_ms
from costtop.errors import CosttopError, FleetError
from costtop.files import private_directory
from costtop.fleet import steward_rows
from costtop.fleet.fleet_host import fleet_host
from costtop.fleet.mirror import picture
from costtop.fleet.mirror.own_store import OwnStore
from costtop.fleet.server_url import url_of
from costtop.fleet.steward_rows import Server, ServerError
from costtop.settings import fleet_settings
from costtop.steward.fleet_ledger import NotLeading
from costtop.steward.leading import Leading, Servers, StewardPace
from costtop.steward.steward_store import StewardConnection
from costtop.store import meta

_AGAIN = 2.0  # s before another connection


def serve(pace: StewardPace | None = None) -> None:
    """Works until the pipe from its daemon ends."""
    with suppress(OSError), open("/proc/self/comm", "w", encoding="ascii") as name:
        name.write("costtop-steward")
    threading.Thread(target=_end_with_daemon, daemon=True).start()
    where = places.find()
    try:
        config, _ = config_changes.loaded(where)
        path = private_directory(where.fleet) / "steward.db"
        asyncio.run(Steward(config, path, pace or StewardPace()).run())
    except CosttopError as error:
        say({"trouble": str(error)})
    except BaseException as error:  # no text of it: it may hold anything
        say({"trouble": f"the steward met {type(error).__name__}"})
        raise


def _end_with_daemon() -> None:
    with suppress(OSError):  # its end of the pipe may break instead of ending
        while sys.stdin.buffer.read(4096):
            pass
    os._exit(0)


def say(state: Mapping[str, Any]) -> None:
    """How it stands, to the daemon."""
    with suppress(OSError):
        sys.stdout.write(json.dumps({"state": {**state, "said": now_ms()}}) + "\n")
        sys.stdout.flush()


class Steward:
    """One candidate, with the mirror that it keeps warm while another one leads."""

    def __init__(self, config: Config, path: Path, pace: StewardPace) -> None:
        assert config.fleet is not None
        self._config, self._fleet, self._path, self._pace = config, config.fleet, path, pace
        self._host = fleet_host(config.fleet)
        self._books = StewardConnection()
        self._told: Mapping[str, Any] = {}

    async def run(self) -> None:
        """For ever."""
        store = await self._opened()
        while True:
            try:
                await self._stand(store)
            except* NotLeading:
                self._tell(leads=False, trouble="")
            except* (ServerError, FleetError) as group:
                self._tell(leads=False, trouble=_words(group))
                await asyncio.sleep(_AGAIN)

    async def _opened(self) -> OwnStore:
        zone = configuration.zone(self._config).key
        finished = configuration.milliseconds(self._config.anomaly.finished_after)
        limits = [one.budget for one in fleet_settings.budgets(self._fleet)]
        told = meta.encoded(
            zone=zone,
            finished_after=finished,
            min_peers=self._config.anomaly.min_peers,
            budgets=limits,
        )
        told |= {meta.FLEET: "1"}
        return await self._books.open(partial(picture.opened, self._path, told, has_ledger=False))

    async def _stand(self, store: OwnStore) -> None:
        """Waits until it is elected, and leads; raises what ends that."""
        url = url_of(self._fleet, "steward")
        connect = partial(steward_rows.connect, url, insecure=self._fleet.insecure)
        servers = Servers(await self._books.run(connect), await self._books.run(connect))
        try:
            epoch = await self._elected(servers.leads, store)
            leading = Leading(self._config, self._books, store, servers, self._pace)
            tell = partial(self._tell, leads=True, epoch=epoch, leader=self._host, trouble="")
            await leading.run(epoch, tell)
        finally:
            for each in servers:
                each.close()

    async def _elected(self, server: Server, store: OwnStore) -> int:
        """Asks to lead until it does; the mirror is as warm as a leader's then."""
        await self._books.run(picture.pull_whole, server, store)
        lease, loop = round(self._pace.lease * 1000), asyncio.get_running_loop()
        pulled = loop.time()
        while True:
            found = await self._books.run(steward_rows.lead, server, self._host, lease)
            if found.epoch is not None:
                return found.epoch
            self._tell(leads=False, leader=found.host, since=found.since, trouble="")
            await asyncio.sleep(self._pace.ask)
            if loop.time() - pulled >= self._pace.warm:
                await self._books.run(picture.pull, server, store)
                pulled = loop.time()

    def _tell(self, **state: Any) -> None:
        """Where it is another state than before, or it was told long ago."""
        if state != self._told:
            self._told = state
            say(state)


def _words(group: BaseExceptionGroup[Exception]) -> str:
    """What the first of its errors says, without a word of the driver's."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return steward_rows.said(first) if isinstance(first, ServerError) else str(first)
