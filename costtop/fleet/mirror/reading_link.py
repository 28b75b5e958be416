"""Connects a reader to a fleet's server, and says in plain words what is wrong with it."""

from collections.abc import Mapping
from typing import Any

import psycopg

from costtop.errors import CosttopError, FleetError
from costtop.fleet import schema, server_link

_OTHER_TABLES = {"42P01", "42703", "42883", "42P10", "3F000"}  # what is asked for is not there


def connect(first: Mapping[str, Any], name: str) -> psycopg.Connection:
    """A connection to a server whose tables this costtop knows; raises FleetError, psycopg.Error.

    `first` is what the child was told at first; `name` is what the server's administrator sees.
    """
    db = server_link.connect(first["url"], insecure=first["insecure"], name=name)
    try:
        has, wants = schema.version(db), len(schema.steps())
    except BaseException:
        db.close()
        raise
    if has == wants:
        return db
    db.close()
    if not has:
        raise FleetError("the fleet's server has no costtop in it: costtop fleet init")
    todo = "update costtop here" if has > wants else "costtop fleet migrate"
    raise FleetError(f"the fleet's server has schema {has}, this costtop wants {wants}: {todo}")


def said(error: Exception) -> str:
    """What went wrong, in a line without a URL; whatever it was."""
    if isinstance(error, psycopg.Error):
        if error.sqlstate in _OTHER_TABLES:
            return (
                "the tables of the fleet's server are not those of this costtop, though their"
                " number is: it was made by another build; make it anew (costtop fleet init)"
            )
        return server_link.said(error)
    if isinstance(error, CosttopError):
        return str(error)
    return f"the fleet could not be read, a bug of costtop: {type(error).__name__}"
