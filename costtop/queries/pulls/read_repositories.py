"""Which repositories git was asked about, and which could not be read and why: for `doctor`."""

import sqlite3
from typing import Any

from costtop.durations import iso
from costtop.store.git import git_facts


def found(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Each with its `folder`, `name`, `read_at` and `trouble`; the latter two may be null."""
    return [
        {
            "folder": one.folder,
            "name": one.name or None,
            "read_at": iso(one.read_at) if one.read_at else None,
            "trouble": one.trouble or None,
        }
        for one in git_facts.repositories(db)
    ]


def words(tree: list[dict[str, Any]]) -> list[str]:
    """Lines for people: how many, and each that is not read whole."""
    if not tree:
        return []
    troubled = [one for one in tree if one["trouble"]]
    lines = [f"repositories: {len(tree)}, not read whole: {len(troubled)}"]
    return lines + [f"  {one['folder']}: {one['trouble']}" for one in troubled]
