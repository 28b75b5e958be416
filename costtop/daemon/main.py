"""The daemon: wires everything and waits for its end.

A fault of the world is told and waited out by the task it meets; a bug ends the task group and the
process, for a supervisor to start it again: nothing is lost, every place moves with its rows.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NamedTuple

import msgspec

from costtop import config as configuration
from costtop.alerts import wording
from costtop.config import Config
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.actions.process_search import ProcessSearch
from costtop.daemon.alerting.alerting_loop import run_alerting
from costtop.daemon.alerting.breaker_actions import Breakers
from costtop.daemon.commands.guard import Guard
from costtop.daemon.commands.hook_reports import HookReports
from costtop.daemon.commands.obey import Executors, Obey, is_command
from costtop.daemon.commands.peer_reports import PeerReports
from costtop.daemon.commands.started_runs import StartedRuns
from costtop.daemon.config_changes import ConfigChanges, loaded
from costtop.daemon.ingest.file_reader import Reader, sweep
from costtop.daemon.ingest.log_roots import second_homes
from costtop.daemon.ingest.otlp_calls import OtlpChannel
from costtop.daemon.ingest.socket_calls import Acceptor
from costtop.daemon.jobs.price_refresh import PriceRefresh
from costtop.daemon.lifecycle import instance as instances
from costtop.daemon.notices.post import Audience, audience
from costtop.daemon.notices.self_check import HealthProbe, SelfCheck
from costtop.daemon.notices.summaries import SummaryPost, summaries
from costtop.daemon.reloads import Reloads
from costtop.daemon.status.prometheus import MetricsChannel
from costtop.daemon.status.status_writer import Channel, StatusWriter, Troubled, keep_line
from costtop.daemon.wiring import Wired, keep_cards, wired
from costtop.durations import now_ms
from costtop.errors import CosttopError
from costtop.notify.courier import Courier
from costtop.paths import Paths
from costtop.receive.socket import listening
from costtop.tail.follow import Follower

_CHECK = 10.0  # s between two looks at the lock file
_LOOK = 2.0  # s between two looks at the socket's file, which whatever clears /tmp may take away
log = logging.getLogger("costtop")


class _Ended(Exception):
    """The work is to end: for good, or to begin again with another configuration."""


def run(paths: Paths, lock: int, *, read_only: bool = False) -> int:
    """Runs the daemon in the foreground until it is stopped; returns 0. The caller holds the lock.

    `read_only` is stronger than the configuration's: it stays so when that is read again.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("watchfiles").setLevel(logging.WARNING)
    os.umask(0o077)
    config = _loaded(paths)
    with instances.doorway(paths, lock) as socket:
        paths = paths._replace(socket=socket)
        try:
            asyncio.run(_serve(paths, config, lock, read_only=read_only))
        finally:
            paths.status.unlink(missing_ok=True)
    return 0


class Ends(NamedTuple):
    """What ends the work."""

    stop: asyncio.Event
    reload: asyncio.Event
    lock: int


async def _serve(paths: Paths, config: Config, lock: int, *, read_only: bool) -> None:
    """Works with one configuration after the other until it is stopped."""
    ends = Ends(asyncio.Event(), asyncio.Event(), lock)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ends.stop.set)
    loop.add_signal_handler(signal.SIGHUP, ends.reload.set)
    actions, reloads = ProcessActions(), Reloads(paths)
    while not ends.stop.is_set():
        ends.reload.clear()
        config = msgspec.structs.replace(config, read_only=config.read_only or read_only)
        posted = asyncio.Event()
        async with wired(paths, config, posted.set) as instance:
            try:
                await _work(instance, actions, reloads, ends, posted)
            except* _Ended:
                if ends.stop.is_set():
                    log.info("stopped")
        if not ends.stop.is_set():
            config = reloads.read(config)


def _loaded(paths: Paths) -> Config:
    """The configuration, with endpoints that can work; one whose secret is missing may yet."""
    config, missing = loaded(paths)
    for one in missing:
        log.warning("%s", one)
    return config


def _channels(instance: Wired) -> list[Channel]:
    """What is served beside files and the socket, as the config asks for it."""
    otlp, metrics = instance.config.receive.otlp, instance.config.metrics
    found: list[Channel] = []
    if otlp:
        found.append(OtlpChannel(otlp, instance.ingest, instance.paths.otlp_token))
    if metrics:
        found.append(MetricsChannel(metrics, instance.paths.database))
    return found


async def _work(
    instance: Wired, actions: ProcessActions, reloads: Reloads, ends: Ends, posted: asyncio.Event
) -> None:
    """Everything that runs, until the daemon is to end or to read its configuration again."""
    paths, writer = instance.paths, instance.writer
    to = audience(instance.config, configuration.zone(instance.config))
    if await reloads.announce(writer, to):
        posted.set()
    follower = Follower(instance.roots, instance.ingest.known.settled)
    reader = Reader(instance.ingest, follower)
    executors = _executors(instance, reader, actions, ends, ActionLog(writer, to, posted.set))
    await executors.runs.restore()
    search = ProcessSearch(
        writer, actions.holder, actions.vitals, executors.runs.settle, actions.exits
    )
    changes = ConfigChanges(paths, ends.reload.set, second_homes)
    extra = _channels(instance)
    refresh = PriceRefresh(instance)
    troubled: list[Troubled] = [changes, *(one.port for one in extra), refresh]
    status = StatusWriter(instance, reader, follower, search, troubled=troubled, channels=extra)
    status.reloaded = reloads.said
    breakers = Breakers(writer, actions, executors.action_log, to, instance.evaluator.look)
    acting = not instance.config.read_only
    async with follower, asyncio.TaskGroup() as group:
        for work in (
            _until(ends.stop),
            _until(ends.reload),
            _keep_lock(paths, ends.lock),
            changes.run(),
            reloads.run(ends.reload.set),
            refresh.run(),
            executors.acceptor.run(),
            *(channel.run() for channel in extra),
            reader.run(),
            search.run(),
            status.run(),
            keep_line(paths.database, paths.line, status.said),
            breakers.run(acting=acting),
            actions.finish(writer, executors.action_log, acting=acting),
            run_alerting(instance.evaluator, writer, paths.database, reader),
            keep_cards(instance),
            *_notices(instance, reader, to, posted),
            _listen(paths, Obey(instance, executors), extra),
            sweep(paths.spool, instance.ingest.known),
        ):
            group.create_task(work)
        log.info("costtop daemon %d is up", os.getpid())


def _notices(
    instance: Wired, reader: Reader, to: Audience, posted: asyncio.Event
) -> tuple[Coroutine[Any, Any, None], ...]:
    """What carries messages, and what finds something to say by the clock alone."""
    writer, zone = instance.writer, configuration.zone(instance.config)
    courier = Courier(writer, instance.config.notify, wording.delayed, now_ms)
    probe = HealthProbe(instance.roots, reader, instance.ingest)
    post = SummaryPost(instance.paths.database, writer, to, courier, zone)
    return (
        courier.run(),
        _wake(courier, posted),
        SelfCheck(probe, writer, to, courier).run(now_ms),
        summaries(post, now_ms),
    )


def _executors(
    instance: Wired, reader: Reader, actions: ProcessActions, ends: Ends, action_log: ActionLog
) -> Executors:
    runs = StartedRuns(instance, actions.holder)
    return Executors(
        acceptor=Acceptor(instance.ingest),
        reader=reader,
        actions=actions,
        hook_reports=HookReports(instance.writer, actions.holder, runs.met, reader.look_at),
        peer_reports=PeerReports(instance.writer, actions.holder),
        runs=runs,
        guard=Guard(actions.holder, actions.vitals),
        action_log=action_log,
        stop=ends.stop.set,
        reload=ends.reload.set,
    )


async def _until(event: asyncio.Event) -> None:
    await event.wait()
    raise _Ended


async def _wake(courier: Courier, posted: asyncio.Event) -> None:
    while await posted.wait():
        posted.clear()
        courier.wake()


async def _listen(paths: Paths, obey: Obey, extra: list[Channel]) -> None:
    """Serves the socket; who sees it may count on the other channels, too."""
    for channel in extra:
        await channel.port.ready.wait()
    while True:
        async with listening(paths.socket, obey.answer, is_command):
            while paths.socket.exists():
                await asyncio.sleep(_LOOK)
        log.warning("%s was deleted; listening there anew", paths.socket)


async def _keep_lock(paths: Paths, lock: int) -> None:
    """Ends the daemon when its lock file was replaced: another one may have begun."""
    while instances.still_ours(lock, paths.lock):
        await asyncio.sleep(_CHECK)
    raise CosttopError(f"{paths.lock} was deleted or replaced; this daemon ends")
