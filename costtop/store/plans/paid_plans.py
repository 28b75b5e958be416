"""The plans that the user pays, as the daemon wrote them down for those who read no config."""

import json
import sqlite3
from collections.abc import Iterable

from costtop.nouns.paid_plan import PaidPlan
from costtop.store import meta

KEY = "paid_plans"


def of(db: sqlite3.Connection) -> tuple[PaidPlan, ...]:
    """The plans, in the order of the config; () without one."""
    return decoded(meta.get(db, KEY))


def decoded(text: str) -> tuple[PaidPlan, ...]:
    """The plans of such a value."""
    if not text:
        return ()
    trees = json.loads(text)
    return tuple(PaidPlan(**{**tree, "sources": tuple(tree["sources"])}) for tree in trees)


def encoded(plans: Iterable[PaidPlan]) -> dict[str, str]:
    """The plans as `meta.put` takes them."""
    trees = [plan._asdict() for plan in plans]
    return {KEY: json.dumps(trees) if trees else ""}
