"""Has a worker fold before there is a store to fold for, so that a scan's processes work at once.

A worker is as long in getting ready as what stores its answers is. Of a first import it has folded
some by then: no file of it has a place or a memo that would have to be looked up before.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING

from costtop.daemon import fold_process, lean_process
from costtop.tail.roots import FoundFiles
from costtop.tail.rotation import Known

if TYPE_CHECKING:
    from costtop.daemon.ingest.backlog import Ahead
    from costtop.daemon.ingest.fold import Order

_TURNS = 4  # that take a worker about as long as the store takes to open


@contextmanager
def folding_ahead(
    found: FoundFiles, unread: int, *, first: bool, titles: bool
) -> Iterator["Ahead | None"]:
    """What folds `unread` bytes while this lasts; None where no process pays for so few.

    `first`: nothing is stored. `titles`: the agents' own titles are wanted.
    """
    if not fold_process.pays(unread):
        yield None
        return
    process = fold_process.started()  # before asyncio is loaded
    with lean_process.asyncio():
        from costtop.daemon.ingest.backlog import Ahead
        from costtop.daemon.ingest.fold_workers import Workers
    pool = Workers([process])
    try:
        yield Ahead(pool, pool.begin(_first_turns(found, titles)) if first else [])
    finally:
        pool.end()


def _first_turns(found: FoundFiles, titles: bool) -> Iterator[list["Order"]]:
    """What is read first where nothing has been read; the rest is left for later."""
    from costtop.daemon.ingest import backlog
    from costtop.daemon.ingest.slow_files import is_slow

    known, now = Known(), time.time_ns()
    quick = [seen for seen in found.newest_first() if not is_slow(seen)]
    for group in islice(backlog.groups(quick, backlog.FIRST_TURN), _TURNS):
        changes = ((seen, known.compare(seen, now)) for seen in group)
        yield [backlog.order_of(*one, {}, titles=titles) for one in changes if one[1].readable]
