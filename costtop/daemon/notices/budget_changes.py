"""Notices budgets that were changed while nobody was told, and tells of them: journal and message.

A file that was edited by hand, a command without a daemon: who asked is not known. It judges no
budget.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from costtop.model import Budget
from costtop.store import meta
from costtop.store.sessions import marks, session_names
from costtop.store.sums import rollup_progress

if TYPE_CHECKING:
    from costtop.daemon.notices.post import Audience

_BY = "the configuration"
BudgetChange = tuple[Budget, Budget | None]
"""A budget as it was and as it is to be; None: it is taken out."""


def keep(
    db: sqlite3.Connection,
    settings: Mapping[str, str],
    budgets: Sequence[Budget],
    audience: "Callable[[], Audience]",
    now: int,
) -> bool:
    """Keeps what readers need of the config (`settings`); True where a message was posted.

    At the very first start nothing has changed. Mostly nothing has: then nobody is to be told.
    """
    known = {one.name: one for one in meta.budgets(db)}
    first = not meta.get(db, "budgets")
    meta.put(db, dict(settings))
    rollup_progress.use_zone(db, settings["timezone"])
    if first:
        return False
    posted = False
    fresh = {one.name: one for one in budgets}
    for name in [*fresh, *(known.keys() - fresh.keys())]:
        before, after = known.get(name), fresh.get(name)
        if before != after and not _is_called(before, after):
            said = f"budget {name} {_change(db, before, after)}"
            posted |= _tell(db, audience(), name, said, now)
    return posted


def _tell(db: sqlite3.Connection, audience: "Audience", name: str, said: str, now: int) -> bool:
    from costtop.alerts import wording
    from costtop.daemon.notices.post import post_notice

    marks.journal(db, now, _BY, f"budget {name}", "", said)
    told = wording.deed(f"budget {name}", "", _BY, said)
    return post_notice(db, audience, told, "warning", now)


def _is_called(before: Budget | None, after: Budget | None) -> bool:
    """Whether only the name is new of what it counts: value, now that a plan is paid."""
    if before is None or after is None or "billed" in (before.watch, after.watch):
        return False
    return before._replace(watch=after.watch) == after


def foretell(
    db: sqlite3.Connection,
    changes: Sequence[BudgetChange],
    audience: "Audience",
    seconds: int,
    now: int,
) -> bool:
    """Writes down and tells of changes that hold only in a while; True where a message was posted.

    Each loosens a guard: whoever did not mean it has so long to put it back.
    """
    posted = False
    for before, after in changes:
        what = _change(db, before, after).partition(". Now ")[0]
        said = f"In {seconds} s budget {before.name} {what}. It is looser: put it back if unmeant"
        posted |= _tell(db, audience, before.name, said, now)
    return posted


def _change(db: sqlite3.Connection, before: Budget | None, after: Budget | None) -> str:
    from costtop.alerts import budget_wording

    was, now = (one and session_names.scope_said(db, one) for one in (before, after))
    return budget_wording.change(was, now)
