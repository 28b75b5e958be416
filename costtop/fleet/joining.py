"""Joins a store to a fleet and takes it out again, as the configuration says. It sends nothing."""

import json
import sqlite3
from hashlib import sha256

from costtop.fleet import naming
from costtop.paths import Paths
from costtop.settings.fleet_settings import Fleet
from costtop.store import outgoing
from costtop.store.recovery import rebuild


def join(db: sqlite3.Connection, fleet: Fleet | None, paths: Paths) -> None:
    """From now on what changes is written down to be sent; without a fleet nothing is.

    All goes again where names are told otherwise than before, or the store was rebuilt. Raises
    ConfigError where the key of the hashes is not to be used.
    """
    if fleet is None or not fleet.ships:
        outgoing.begin(db, "")
        return
    standing, done = rebuild.standing(db), rebuild.recovered(db)
    rebuilt = standing.at if standing else done.at if done else 0
    key = naming.hash_key(fleet, paths)
    told = json.dumps([sorted(fleet.send), fleet.detail, sha256(key).hexdigest(), rebuilt])
    outgoing.begin(db, sha256(told.encode()).hexdigest(), sums=fleet.detail != "calls")
