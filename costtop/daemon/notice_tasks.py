"""The daemon's tasks around messages: what finds something to say, and what carries it."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from costtop import config as configuration
from costtop.alerts import wording
from costtop.daemon.alerting.alerting_loop import run_alerting
from costtop.daemon.ingest.file_reader import Reader
from costtop.daemon.jobs.upkeep import heed_clock
from costtop.daemon.notices.heartbeat import Heartbeat
from costtop.daemon.notices.post import Audience
from costtop.daemon.notices.self_check import HealthProbe, SelfCheck
from costtop.daemon.notices.summaries import SummaryPost, summaries
from costtop.daemon.wiring import Wired
from costtop.durations import now_ms
from costtop.lasting_tasks import Faults
from costtop.notify.courier import Courier
from costtop.store.disk_reserve import Reserve

Work = Callable[[], Coroutine[Any, Any, None]]


def tasks(
    instance: Wired,
    reader: Reader,
    to: Audience,
    posted: asyncio.Event,
    faults: Faults,
    heart: Heartbeat,
) -> tuple[tuple[str, Work], ...]:
    """What carries messages, and what finds something to say by the clock alone."""
    writer, zone = instance.writer, configuration.zone(instance.config)
    courier = Courier(writer, instance.config.notify, wording.delayed, now_ms)
    probe = HealthProbe(instance.roots, reader, instance.ingest, faults)
    check = SelfCheck(
        health=probe,
        writer=writer,
        to=to,
        courier=courier,
        reserve=Reserve(instance.paths.database),
        heartbeat=heart,
    )
    post = SummaryPost(instance.paths.database, writer, to, courier, zone)
    return (
        (
            "alerting",
            partial(run_alerting, instance.evaluator, writer, instance.paths.database, reader),
        ),
        ("courier", courier.run),
        ("posted letters", partial(_wake, courier, posted)),
        ("clock", partial(heed_clock, writer, courier.wake)),
        ("self-check", partial(check.run, now_ms)),
        ("summaries", partial(summaries, post, now_ms)),
    )


async def _wake(courier: Courier, posted: asyncio.Event) -> None:
    while await posted.wait():
        posted.clear()
        courier.wake()
