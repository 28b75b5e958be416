"""The daemon: wires everything and waits for its end.

A fault of the world is told and waited out by the task it meets (`lasting_tasks`); a bug ends them
all and the process, for a supervisor to start it again: nothing is lost, every place moves with its
rows.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from costtop import config as configuration
from costtop import files
from costtop.config import Config
from costtop.daemon import notice_tasks
from costtop.daemon.actions.action_log import ActionLog
from costtop.daemon.actions.process_actions import ProcessActions
from costtop.daemon.actions.process_search import ProcessSearch
from costtop.daemon.alerting.breaker_actions import Breakers
from costtop.daemon.commands.guard import Guard
from costtop.daemon.commands.hook_reports import HookReports
from costtop.daemon.commands.obey import Executors, Obey, commands_among
from costtop.daemon.commands.peer_reports import PeerReports
from costtop.daemon.commands.socket_over_reload import FrontDesk
from costtop.daemon.commands.started_runs import StartedRuns
from costtop.daemon.config_changes import ConfigChanges, loaded
from costtop.daemon.fleet_tasks import Around, far_asking, fleet_tasks
from costtop.daemon.ingest import title_reading
from costtop.daemon.ingest.file_reader import Reader, sweep
from costtop.daemon.ingest.log_roots import second_homes
from costtop.daemon.ingest.otlp_calls import OtlpChannel
from costtop.daemon.ingest.socket_calls import Acceptor
from costtop.daemon.jobs import git_reading, long_sums, resting_sessions
from costtop.daemon.jobs.price_refresh import PriceRefresh
from costtop.daemon.jobs.store_keeper import StoreKeeper
from costtop.daemon.jobs.thin_all import keep_compact
from costtop.daemon.jobs.upkeep import keep_memory_small, keep_wal_small, live_long
from costtop.daemon.lifecycle import daemon_log, privacy, signals
from costtop.daemon.lifecycle import instance as instances
from costtop.daemon.notices.heartbeat import heartbeat_of
from costtop.daemon.notices.post import Audience, audience
from costtop.daemon.reloads import Reloads
from costtop.daemon.status.counters import Counters
from costtop.daemon.status.otel_sender import OtelSender
from costtop.daemon.status.own_health import OwnHealth
from costtop.daemon.status.prometheus import LEDGER, MetricsChannel, left
from costtop.daemon.status.status_writer import Channel, StatusWriter, Troubled, keep_line
from costtop.daemon.wiring import Wired, keep_cards, wired
from costtop.durations import now_ms
from costtop.errors import CosttopError, Unusable
from costtop.lasting_tasks import Faults, LastingTasks, beat
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.processes.evidence.search import blindness
from costtop.store.disk_reserve import Reserve
from costtop.store.recovery import rebuild
from costtop.store.recovery.damage import DamagedStore
from costtop.tail.follow import Follower
from costtop.world_faults import PASSING, judge

Work = Callable[[], Coroutine[Any, Any, None]]
_CHECK = 10.0  # s between two looks at the lock file
_DEED = 20.0  # s that a kill or pause under way is waited for before the work begins anew
_AGAIN = 5.0  # s before the work is begun again that a fault kept from beginning
_VAIN = 3  # rebuilds of a store that is damaged again before it is open
_LOCK_WAIT = 5.0  # s that a lock of another program on the database is waited for in one go
_STORE = 1.0  # s between two looks whether the store is well again
log = logging.getLogger("costtop")


class _Ended(Exception):
    """The work is to end: for good, or to begin again with another configuration."""


def run(paths: Paths, lock: int, *, read_only: bool = False) -> int:
    """Runs the daemon in the foreground until it is stopped; returns 0. The caller holds the lock.

    `read_only` is stronger than the configuration's: it stays so when that is read again.
    """
    live_long()
    daemon_log.begin(paths.log)
    os.umask(0o077)
    # Which no other process writes:
    own = {paths.status.name, paths.line.name, paths.fields.name, LEDGER}
    files.clear_unfinished({paths.status.parent, paths.config.parent}, own)
    config = _loaded(paths)
    with instances.doorway(paths, lock) as socket:
        paths = paths._replace(socket=socket)
        try:
            asyncio.run(_serve(paths, config, lock, read_only=read_only))
        finally:
            signals.ignore(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)  # it ends already
            signals.tell("STOPPING=1")
            paths.status.unlink(missing_ok=True)
    return 0


class Ends(NamedTuple):
    """What ends the work, and whether it has begun once."""

    up: asyncio.Event
    stop: asyncio.Event
    reload: asyncio.Event
    lock: int


class _Daemon(NamedTuple):
    """What outlives a reload of the configuration."""

    paths: Paths
    ends: Ends
    actions: ProcessActions
    reloads: Reloads
    faults: Faults
    desk: FrontDesk
    counters: Counters


async def _serve(paths: Paths, config: Config, lock: int, *, read_only: bool) -> None:
    """Works with one configuration after the other until it is stopped."""
    ends = Ends(asyncio.Event(), asyncio.Event(), asyncio.Event(), lock)
    signals.on_signals((signal.SIGTERM, signal.SIGINT), ends.stop.set, once=True)
    signals.on_signals((signal.SIGHUP,), ends.reload.set)
    desk = FrontDesk(paths.socket, commands_among)
    kept = left(paths.database)
    reloads, actions = Reloads(paths), ProcessActions()
    daemon = _Daemon(paths, ends, actions, reloads, Faults(), desk=desk, counters=kept)
    try:
        await _work_on(daemon, config, read_only=read_only)
    finally:
        await desk.close()


async def _work_on(daemon: _Daemon, config: Config, *, read_only: bool) -> None:
    ends = daemon.ends
    vain = 0
    while not ends.stop.is_set():
        config = msgspec.structs.replace(config, read_only=config.read_only or read_only)
        try:
            config = await _begin(daemon, config)
        except DamagedStore as error:  # the next opening begins with a rebuild
            vain += 1
            if vain > _VAIN:
                raise
            log.error("%s", error)
        except Exception as error:
            is_up, database = ends.up.is_set(), daemon.paths.database
            _meet(error, database, daemon.faults, is_up=is_up)
            if is_up:
                ends.reload.set()  # the configuration may not have been read yet
            with suppress(TimeoutError):
                await asyncio.wait_for(ends.stop.wait(), _AGAIN)


async def _begin(daemon: _Daemon, config: Config) -> Config:
    """Works until the end, or until another configuration holds, which it returns."""
    ends, posted = daemon.ends, asyncio.Event()
    async with wired(daemon.paths, config, posted.set, _LOCK_WAIT) as instance:
        writer = instance.writer
        writer.patient = True
        try:
            await _work(instance, daemon, posted)
        except* _Ended:
            if ends.stop.is_set():
                log.info("stopped")
        finally:
            daemon.faults.clear()
        if writer.damaged.is_set():
            rebuild.give_up(writer.path, writer.watch.why, now_ms())
    if writer.damaged.is_set():
        return config
    ends.reload.clear()
    return config if ends.stop.is_set() else daemon.reloads.read(config)


def _loaded(paths: Paths) -> Config:
    """The configuration, with endpoints that can work; one whose secret is missing may yet."""
    config, missing = loaded(paths)
    for one in missing:
        log.warning("%s", one)
    return config


def _open_files(instance: Wired) -> list[Troubled]:
    """What others can read or replace; what is costtop's own is closed at once."""
    told = privacy.told(instance.paths, instance.config, repair=True)
    for one in told:
        log.warning("%s", one.trouble)
    return [*told]


def _channels(
    instance: Wired, counters: Counters, health: Callable[[], OwnHealth]
) -> list[Channel]:
    """What is served beside files and the socket, as the config asks for it."""
    otlp, metrics = instance.config.receive.otlp, instance.config.metrics
    found: list[Channel] = []
    if otlp:
        found.append(OtlpChannel(otlp, instance.ingest, instance.paths.otlp_token))
    if metrics:
        found.append(MetricsChannel(metrics, instance.paths.database, counters, health))
    return found


async def _work(instance: Wired, daemon: _Daemon, posted: asyncio.Event) -> None:
    """Everything that runs, until the daemon is to end or to read its configuration again."""
    paths, ends, actions, reloads, faults, desk, counters = daemon
    writer, tasks = instance.writer, LastingTasks(faults)
    to = audience(instance.config, configuration.zone(instance.config))
    if await reloads.announce(writer, to):
        posted.set()
    follower = Follower(instance.roots, instance.ingest.known.settled)
    reader = Reader(instance.ingest, follower)
    action_log = ActionLog(writer, to, posted.set)
    keeper = StoreKeeper(instance, reader, to, posted.set, faults)
    executors = _executors(instance, reader, actions, ends, action_log, tasks, keeper)
    await executors.runs.restore()
    search = ProcessSearch(
        writer, actions.holder, actions.vitals, executors.runs.settle, actions.exits
    )
    changes = ConfigChanges(paths, ends.reload.set, second_homes)
    extra: list[Channel] = []  # which the status tells of, and one of which tells of it
    refresh, heart = PriceRefresh(instance), heartbeat_of(instance.config)
    troubled: list[Troubled] = [changes, refresh, keeper, heart, *_open_files(instance)]
    status = StatusWriter(
        instance, reader, follower, search, faults, troubled=troubled, channels=extra
    )
    extra += _channels(instance, counters, status.health)
    sender = OtelSender(instance.config.otel, paths.database, status.health)
    troubled += [sender, *(one.port for one in extra)]
    status.reloaded, status.blind = reloads.said, await _blindness()
    async with follower, tasks:
        works: list[tuple[str, Work]] = [
            *_life(instance, daemon, follower),
            ("configuration", changes.run),
            ("price list", refresh.run),
            ("socket lines", executors.acceptor.run),
            *((str(channel.said()["name"]), channel.run) for channel in extra),
            ("OpenTelemetry", sender.run),
            ("reader", reader.run),
            ("slow files", reader.run_slow),
            ("process search", search.run),
            ("status", status.run),
            ("status line", partial(keep_line, paths, status.said)),
            *_deeds(instance, actions, action_log, to),
            *_upkeep(instance, keeper, reader),
            *notice_tasks.tasks(instance, reader, to, posted, faults, heart),
            *fleet_tasks(Around(instance, executors, search, status, troubled), to, posted),
            ("socket", partial(_listen, desk, Obey(instance, executors), extra)),
        ]
        for name, work in works:
            tasks.start(name, work)
        log.info("costtop daemon %d is up", os.getpid())
        ends.up.set()


async def _blindness() -> str:
    """Why other processes cannot be looked into; told once in the log too."""
    blind = await asyncio.to_thread(blindness)
    if blind:
        log.warning("%s", blind)
    return blind


def _life(instance: Wired, daemon: _Daemon, follower: Follower) -> tuple[tuple[str, Work], ...]:
    """What ends the work, and what says to others that it goes on."""
    ends = daemon.ends
    return (
        ("stop", partial(_until, ends.stop)),
        ("reload", partial(_reload, daemon)),
        ("held budgets", partial(daemon.reloads.run, ends.reload.set)),
        ("lock", partial(_keep_lock, daemon.paths, ends.lock)),
        ("service", partial(_answer_service, instance, follower, daemon.faults)),
    )


def _upkeep(instance: Wired, keeper: StoreKeeper, reader: Reader) -> tuple[tuple[str, Work], ...]:
    """What keeps the store, and what lies beside it, in order."""
    paths, writer = instance.paths, instance.writer
    return (
        ("damage", partial(_until, writer.damaged)),
        ("store", keeper.watch),
        ("store upkeep", keeper.keep),
        ("rate cards", partial(keep_cards, instance)),
        ("spool", partial(sweep, paths.spool, instance.ingest.known, keeper.backed_up)),
        ("memory", partial(keep_memory_small, writer)),
        ("-wal file", partial(keep_wal_small, writer, paths.database, instance.ingest)),
        ("titles", partial(title_reading.keep, writer, instance.roots)),
        ("compaction", partial(keep_compact, writer, instance.config)),
        ("long sums", partial(long_sums.keep, writer, lambda: reader.passes > 0)),
        ("lives", partial(resting_sessions.keep, writer, lambda: reader.passes > 0)),
        ("git", partial(git_reading.keep, writer, instance.config, lambda: reader.passes > 0)),
    )


async def _answer_service(instance: Wired, follower: Follower, faults: Faults) -> None:
    """Says to systemd, where that has started us, that this daemon is up and at work."""
    counts, ingest = instance.ingest.counts, instance.ingest
    await signals.answer(
        instance.paths.socket,
        lambda: (follower.looked, ingest.progress.done, counts.bytes),
        lambda: bool(faults.present()),
    )


def _deeds(
    instance: Wired, actions: ProcessActions, action_log: ActionLog, to: Audience
) -> tuple[tuple[str, Work], ...]:
    """What costtop does to processes by itself."""
    writer, acting = instance.writer, not instance.config.read_only
    breakers = Breakers(writer, actions, action_log, to, instance.evaluator.look)
    return (
        ("breakers", partial(breakers.run, acting=acting)),
        ("late notes", action_log.run),
        ("unfinished kills", partial(actions.finish, writer, action_log, acting=acting)),
    )


def _executors(
    instance: Wired,
    reader: Reader,
    actions: ProcessActions,
    ends: Ends,
    action_log: ActionLog,
    tasks: LastingTasks,
    keeper: StoreKeeper,
) -> Executors:
    runs = StartedRuns(instance, actions.holder)
    return Executors(
        acceptor=Acceptor(instance.ingest),
        reader=reader,
        actions=actions,
        hook_reports=HookReports(instance, actions.holder, runs.met, reader.look_at, tasks),
        peer_reports=PeerReports(instance.writer, actions.holder),
        runs=runs,
        guard=Guard(actions.holder, actions.vitals),
        action_log=action_log,
        stop=ends.stop.set,
        reload=ends.reload.set,
        keeper=keeper,
        ask_far=far_asking(instance, action_log),
    )


async def _until(event: asyncio.Event) -> None:
    await event.wait()
    raise _Ended


async def _reload(daemon: _Daemon) -> None:
    """Ends the work for another configuration, once the store can be opened again.

    A kill under way is written down and answered before, and so is what the socket has taken.
    """
    await daemon.ends.reload.wait()
    while daemon.faults.of_store():
        await asyncio.sleep(_STORE)
    await daemon.actions.settle(_DEED)
    await daemon.desk.pause()
    raise _Ended


async def _listen(desk: FrontDesk, obey: Obey, extra: list[Channel]) -> None:
    """Serves the socket; who sees it may count on the other channels, too."""
    for channel in extra:
        await channel.port.ready.wait()
    await desk.serve(obey)


async def _keep_lock(paths: Paths, lock: int) -> None:
    """Ends the daemon when its lock file was replaced: another one may have begun."""
    while instances.still_ours(lock, paths.lock):
        await beat(_CHECK)
    raise CosttopError(f"{paths.lock} was deleted or replaced; this daemon ends")


def _meet(error: Exception, database: Path, faults: Faults, *, is_up: bool) -> None:
    """Tells a fault that is to be waited out; raises a bug, and what keeps a start for good.

    `is_up` is whether the work had begun before. What passes by itself keeps no start: nobody
    would start the daemon again.
    """
    what = judge(error)
    if what is None:
        raise error
    if not is_up and what.kind not in PASSING:
        said = Unusable(f"cannot start: {what.said}")
        raise error if isinstance(error, CosttopError) else said from None
    if what.kind == "full":  # after a crash on a full disk it is to work, and to tell
        Reserve(database).free()
    faults.tell("reload" if is_up else "start", what)
