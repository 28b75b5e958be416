"""The numbered steps that make a fleet's tables, and the version that a server has. No daemon here.

Each step is one transaction that ends with `meta.version`: a crash leaves old or new, never half.
"""

import os

import psycopg

from costtop.errors import FleetError

_STEPS = os.path.join(os.path.dirname(__file__), "steps")
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(hashtext('costtop schema'))"
_HAS_META = "SELECT to_regclass('costtop.meta') IS NOT NULL"


def steps() -> list[str]:
    """The SQL of each step, oldest first; step n makes version n."""
    texts = []
    for name in sorted(one for one in os.listdir(_STEPS) if one.endswith(".sql")):
        with open(os.path.join(_STEPS, name), encoding="utf-8") as file:
            texts.append(file.read())
    return texts


def version(db: psycopg.Connection) -> int:
    """How many steps were applied there; 0 where costtop has no tables yet."""
    if not _one(db, _HAS_META):
        return 0
    return int(_one(db, "SELECT version FROM costtop.meta"))


def migrate(db: psycopg.Connection) -> int:
    """Applies what is missing and answers the version; two at once are as one after the other.

    Raises FleetError where the server has steps that this costtop does not know.
    """
    todo = steps()
    while (done := _next(db, todo)) < len(todo):
        pass
    return done


def _next(db: psycopg.Connection, todo: list[str]) -> int:
    """One transaction: the next step, if there is one; answers the version then."""
    with db.transaction():
        db.execute(_ONE_AT_A_TIME)
        done = version(db)
        if done > len(todo):
            raise FleetError(
                f"the fleet's server has schema {done}, this costtop knows {len(todo)}:"
                " update costtop here"
            )
        if done == len(todo):
            return done
        # As bytes: psycopg takes literal text only, and these files are costtop's own.
        db.execute(todo[done].encode())
        db.execute("UPDATE costtop.meta SET version = %s", (done + 1,))
        return done + 1


def _one(db: psycopg.Connection, question: str) -> int:
    row = db.execute(question.encode()).fetchone()
    assert row is not None
    return int(row[0])
