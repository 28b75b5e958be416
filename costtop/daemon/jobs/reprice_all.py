"""Prices the whole store anew, with today's lists and rules, while the daemon goes on."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

from costtop import config as configuration
from costtop import money
from costtop.daemon.ingest import estimating
from costtop.daemon.jobs.price_refresh import PriceRefresh
from costtop.daemon.lifecycle.instance import hold
from costtop.daemon.opened_instance import price_book
from costtop.daemon.wiring import Wired, wired
from costtop.paths import Paths
from costtop.pricing.charge import basis
from costtop.store.calls.repricing import Changed, reprice
from costtop.store.sessions import finished_peers
from costtop.store.sessions.past_spends import History


async def repriced(
    instance: Wired, watch: Callable[[int, int], None] | None = None
) -> list[dict[str, Any]]:
    """What changed, by model, the largest change first. Every transaction is short.

    `watch` hears how many calls are done, and of how many.
    """
    prices = price_book(instance.config, instance.paths)  # fresh: no card of an older list
    if instance.prices.snapshot:
        prices.renew(instance.prices.snapshot)
    counts = partial(basis, policy=instance.config.prices.counts)
    changes: dict[str, Changed] = {}
    at: int | None = 0
    last = await instance.writer.read(_newest)
    while at is not None:
        if watch:
            watch(at, max(at, last))
        at = await instance.writer.transact(
            reprice, instance.write_context, prices.price, counts, at, changes
        )
    await instance.writer.transact(estimating.book_again)
    await instance.writer.transact(finished_peers.forget)
    instance.evaluator.fall_asleep()  # sums have moved under it; it wakes and judges anew
    ordered = sorted(changes.items(), key=lambda item: -abs(item[1].after - item[1].before))
    return [_tree(model, change) for model, change in ordered]


def _newest(db: sqlite3.Connection) -> int:
    return History(db).newest()


def _tree(model: str, change: Changed) -> dict[str, Any]:
    return {
        "model": model,
        "calls": change.calls,
        "before_usd": money.exact(change.before),
        "after_usd": money.exact(change.after),
        "newly_priced": change.priced,
        "no_longer_priced": change.lost,
    }


def reprice_alone(
    paths: Paths, watch: Callable[[int, int], None] | None = None
) -> list[dict[str, Any]]:
    """The same without a daemon; raises Busy where one has the database."""
    config = configuration.load(paths)
    with hold(paths):
        return asyncio.run(_alone(paths, config, watch))


async def _alone(
    paths: Paths, config: configuration.Config, watch: Callable[[int, int], None] | None
) -> list[dict[str, Any]]:
    async with wired(paths, config, lambda: None) as instance:
        if config.prices.refresh:
            await PriceRefresh(instance).once()
        return await repriced(instance, watch)
