"""Notices budgets that were changed while nobody was told, and tells of them: journal and message.

A file that was edited by hand, a command without a daemon: who asked is not known. It judges no
budget.
"""

import sqlite3
from collections.abc import Mapping, Sequence

from costtop.alerts import budget_words, wording
from costtop.daemon.notices.post import Audience, post_notice
from costtop.model import Budget
from costtop.store import meta
from costtop.store.sessions import marks, session_names
from costtop.store.sums import rolled

_BY = "the configuration"
BudgetChange = tuple[Budget, Budget | None]
"""A budget as it was and as it is to be; None: it is taken out."""


def keep(
    db: sqlite3.Connection,
    settings: Mapping[str, str],
    budgets: Sequence[Budget],
    audience: Audience,
    now: int,
) -> bool:
    """Keeps what readers need of the config (`settings`); True where a message was posted.

    At the very first start nothing has changed.
    """
    known = {one.name: one for one in meta.budgets(db)}
    first = not meta.get(db, "budgets")
    meta.put(db, dict(settings))
    rolled.use_zone(db, settings["timezone"])
    if first:
        return False
    posted = False
    fresh = {one.name: one for one in budgets}
    for name in [*fresh, *(known.keys() - fresh.keys())]:
        before, after = known.get(name), fresh.get(name)
        if before != after and not _is_called(before, after):
            said = f"budget {name} {_change(db, before, after)}"
            marks.journal(db, now, _BY, f"budget {name}", "", said)
            told = wording.deed(f"budget {name}", "", _BY, said)
            posted |= post_notice(db, audience, told, "warning", now)
    return posted


def _is_called(before: Budget | None, after: Budget | None) -> bool:
    """Whether only the name is new of what it counts: value, now that a plan is paid."""
    if before is None or after is None or "billed" in (before.watch, after.watch):
        return False
    return before._replace(watch=after.watch) == after


def foretell(
    db: sqlite3.Connection,
    changes: Sequence[BudgetChange],
    audience: Audience,
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
        marks.journal(db, now, _BY, f"budget {before.name}", "", said)
        told = wording.deed(f"budget {before.name}", "", _BY, said)
        posted |= post_notice(db, audience, told, "warning", now)
    return posted


def _change(db: sqlite3.Connection, before: Budget | None, after: Budget | None) -> str:
    was, now = (one and session_names.scope_said(db, one) for one in (before, after))
    return budget_words.change(was, now)
