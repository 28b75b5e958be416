"""The daemon: wires everything and waits for its end. It does none of the work itself.

A fault of the world is told and waited out by the task it meets; a bug ends the task group and the
process, for a supervisor to start it again: nothing is lost, every place moves with its rows.
"""

import asyncio
import logging
import os
import signal
import sys

from costtop import config as configuration
from costtop.alerts import wording
from costtop.config import Config
from costtop.daemon import instance as instances
from costtop.daemon.accept import Acceptor
from costtop.daemon.hunt import Hunt
from costtop.daemon.obey import Obey
from costtop.daemon.pulse import Pulse
from costtop.daemon.reader import Reader
from costtop.daemon.vigilance import vigilance
from costtop.daemon.wiring import Wired, wired
from costtop.errors import CosttopError
from costtop.notify.courier import Courier
from costtop.paths import Paths
from costtop.processes.deeds import Deeds
from costtop.processes.holder import Holder
from costtop.processes.vitals import Vitals
from costtop.receive.socket import listening
from costtop.snapshot.live import now_ms
from costtop.tail.follow import Follower

_CHECK = 10.0  # s between two looks at the lock file
log = logging.getLogger("costtop")


class _Stopped(Exception):
    """The daemon was asked to end."""


def run(paths: Paths) -> int:
    """Runs the daemon in the foreground until it is stopped; returns 0."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    os.umask(0o077)
    config = configuration.load(paths)
    with instances.hold(paths) as lock:
        try:
            asyncio.run(_serve(paths, config, lock))
        finally:
            paths.status.unlink(missing_ok=True)
    return 0


async def _serve(paths: Paths, config: Config, lock: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    posted = asyncio.Event()
    async with wired(paths, config, posted.set) as instance:
        try:
            await _work(instance, stop, posted, lock)
        except* _Stopped:
            log.info("stopped")


async def _work(instance: Wired, stop: asyncio.Event, posted: asyncio.Event, lock: int) -> None:
    """Everything that runs, until `stop` is set."""
    holder = Holder()
    vitals = Vitals(holder)
    hunt = Hunt(instance.writer, holder, vitals)
    acceptor = Acceptor(instance.ingest)
    follower = Follower(instance.roots, instance.ingest.known.settled)
    reader = Reader(instance.ingest, follower)
    obey = Obey(instance, acceptor, reader, Deeds(holder, vitals), stop.set)
    pulse = Pulse(instance, reader, follower, hunt)
    courier = Courier(instance.writer, instance.config.notify, wording.delayed, now_ms)
    async with follower, asyncio.TaskGroup() as group:
        group.create_task(_until(stop))
        group.create_task(_keep_lock(instance.paths, lock))
        group.create_task(acceptor.run())
        group.create_task(reader.run())
        group.create_task(hunt.run())
        group.create_task(pulse.run())
        group.create_task(vigilance(instance, reader))
        group.create_task(courier.run())
        group.create_task(_wake(courier, posted))
        group.create_task(_listen(instance.paths, obey))
        log.info("costtop daemon %d is up", os.getpid())


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
    raise _Stopped


async def _wake(courier: Courier, posted: asyncio.Event) -> None:
    while await posted.wait():
        posted.clear()
        courier.wake()


async def _listen(paths: Paths, obey: Obey) -> None:
    async with listening(paths.socket, obey.answer):
        await asyncio.Event().wait()


async def _keep_lock(paths: Paths, lock: int) -> None:
    """Ends the daemon when its lock file was replaced: another one may have begun."""
    while instances.still_ours(lock, paths.lock):
        await asyncio.sleep(_CHECK)
    raise CosttopError(f"{paths.lock} was deleted or replaced; this daemon ends")
