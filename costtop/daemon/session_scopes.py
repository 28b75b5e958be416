"""The configuration with the sessions that it names by short ids: scopes and endpoints hold keys.

A configuration is read without a database; whoever goes by it asks this once it has one.
"""

import sqlite3

import msgspec

from costtop.config import Config, Endpoint
from costtop.errors import NothingFound
from costtop.settings.budget_settings import BudgetEntry


def addressed(db: sqlite3.Connection, config: Config) -> Config:
    """The same with whole keys; what is not known (yet) stays as it is, and fits nothing."""
    return msgspec.structs.replace(
        config,
        budget=tuple(_budget(db, one) for one in config.budget),
        notify=tuple(_endpoint(db, one) for one in config.notify),
    )


def unknown(db: sqlite3.Connection, config: Config) -> list[str]:
    """A line for each session that the configuration names and nobody knows."""
    named = [(f"budget {one.name}", one.scope.get("session", "")) for one in config.budget]
    named += [(f"notify {one.label}", one.session) for one in config.notify]
    return [
        f"{what}: no session {glob}; see: costtop --once --all"
        for what, glob in named
        if glob.startswith("@") and _glob(db, glob) == glob
    ]


def _budget(db: sqlite3.Connection, one: BudgetEntry) -> BudgetEntry:
    scope, excepted = (
        {key: _glob(db, glob) if key == "session" else glob for key, glob in given.items()}
        for given in (one.scope, one.excepted)
    )
    return msgspec.structs.replace(one, scope=scope, excepted=excepted)


def _endpoint(db: sqlite3.Connection, one: Endpoint) -> Endpoint:
    return msgspec.structs.replace(one, session=_glob(db, one.session)) if one.session else one


def _glob(db: sqlite3.Connection, named: str) -> str:
    from costtop.queries.sessions import lookup  # few configurations name a session

    try:
        return lookup.glob_of(db, named)
    except NothingFound:
        return named
