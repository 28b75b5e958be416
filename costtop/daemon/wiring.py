"""Joins the wings for one instance: what reads into its store, and what judges each commit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

from costtop import config as configuration
from costtop import lasting_tasks
from costtop.config import Config
from costtop.daemon.alerting.evaluate import Evaluator
from costtop.daemon.alerting.packed_sessions import FileShelf
from costtop.daemon.alerting.rule_settings import settings_of
from costtop.daemon.ingest.intake import Ingest
from costtop.daemon.notices.post import audience
from costtop.daemon.opened_instance import cards, opened
from costtop.named_tuples import NamedTuple
from costtop.paths import Paths
from costtop.pricing.book import PriceBook
from costtop.store import meta
from costtop.store.calls.write_context import WriteContext
from costtop.store.writer import Writer
from costtop.tail.roots import Root

_EVERY = 5.0  # s between two looks whether rate cards are new


class Wired(NamedTuple):
    """One instance, ready to read."""

    paths: Paths
    config: Config
    writer: Writer
    write_context: WriteContext
    prices: PriceBook
    ingest: Ingest
    evaluator: Evaluator
    roots: list[Root]
    work: dict[str, tuple[int, int]]  # long work that was asked for: how much is done, of how much

    @contextmanager
    def working(self, doing: str) -> Iterator[Callable[[int, int], None]]:
        """For the time of some work: what tells here how far it is. The status file says it."""
        try:
            yield lambda done, total: self.work.update({doing: (done, total)})
        finally:
            self.work.pop(doing, None)


@asynccontextmanager
async def wired(
    paths: Paths, config: Config, posted: Callable[[], None], lock_wait: float = 60.0
) -> AsyncIterator[Wired]:
    """What `opened` opens, and the judge of its commits.

    `posted` is called, on the loop, when a message was put into the outbox.
    """
    async with opened(paths, config, lock_wait) as it:
        if it.told:
            posted()
        evaluator = _judge(it.config, paths, posted)
        it.ingest.after, it.ingest.lost = evaluator.after, evaluator.fall_asleep
        yield Wired(
            paths=paths,
            config=it.config,
            writer=it.writer,
            write_context=it.write_context,
            prices=it.prices,
            ingest=it.ingest,
            evaluator=evaluator,
            roots=it.roots,
            work={},
        )


def _judge(config: Config, paths: Paths, posted: Callable[[], None]) -> Evaluator:
    """What judges commits by the config."""
    zone, limits = configuration.zone(config), configuration.budgets(config)
    to, tell = audience(config, zone), partial(_on_loop, asyncio.get_running_loop(), posted)
    shelf = partial(FileShelf, paths.database.parent)
    return Evaluator(settings_of(config), limits, zone, to, tell, shelf=shelf)


def _on_loop(loop: asyncio.AbstractEventLoop, posted: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(posted)


async def keep_cards(instance: Wired) -> None:
    """For ever: keeps rate cards as they are worked out, so that a killed daemon starts as fast."""
    kept = -1 if instance.prices.learnt() else instance.prices.count()
    while True:
        await lasting_tasks.beat(_EVERY)
        if instance.prices.count() != kept:
            count = instance.prices.count()
            await instance.writer.transact(meta.put, cards(instance.prices))
            kept = count
        lasting_tasks.well()
