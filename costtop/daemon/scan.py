"""One look at everything, without a daemon: what `costtop scan` does when none is running."""

import asyncio
import time

from costtop import config as configuration
from costtop.daemon.instance import hold
from costtop.daemon.wiring import wired
from costtop.paths import Paths
from costtop.tail.find import Tree
from costtop.tail.follow import Batch


def scan(paths: Paths) -> dict[str, int]:
    """Reads everything new and returns the counts; raises Busy where a daemon has the database."""
    config = configuration.load(paths)
    with hold(paths):
        return asyncio.run(_scan(paths, config))


async def _scan(paths: Paths, config: configuration.Config) -> dict[str, int]:
    async with wired(paths, config, lambda: None) as instance:
        ingest = instance.ingest
        found = await asyncio.to_thread(Tree(instance.roots).all, time.time_ns())
        fresh = [seen for seen in found.newest_first() if not ingest.known.settled(seen)]
        await ingest.take(Batch(fresh, found))
        return {"looked_at": len(found.seen), **ingest.counts.plain()}
