"""Crush's `crush.db`, one a project: what each session has cost by Crush's own reckoning.

A session's cost grows with every request, its title's and its subagents' included, so a subagent's
own row is passed over. The two token columns are the size of the latest request's context and no
sum: they are not read, and a session without a cost (a model that Crush has no price for) is known
to have cost something, and not how much.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from costtop.model import Tokens
from costtop.sources.fold import keys
from costtop.sources.fold.fields import Loose, dollars, listed, text
from costtop.sources.fold.formats import Log, Row, data_folder, rows
from costtop.sources.fold.json_lines import Unreadable, decoded
from costtop.sources.fold.source import Query

NAME = "crush"
_SLACK = 60 << 20  # a minute of `mark`

# A column that an older version lacks is taken from `absent`: the inner name goes first.
_SESSIONS = """
WITH absent(provider) AS (VALUES (NULL)), picked AS (
  SELECT rowid AS place, updated_at * 1048576 + rowid % 1048576 AS mark FROM sessions
  WHERE coalesce(parent_session_id, '') = '' AND mark >= coalesce(:since, 0)
  ORDER BY mark LIMIT :limit)
SELECT picked.mark, picked.place, s.id, s.cost, s.created_at, s.updated_at,
  (SELECT m.model FROM messages m WHERE m.session_id = s.id AND m.role = 'assistant'
    ORDER BY m.created_at DESC, m.rowid DESC LIMIT 1) AS model,
  (SELECT provider FROM messages m WHERE m.session_id = s.id AND m.role = 'assistant'
    ORDER BY m.created_at DESC, m.rowid DESC LIMIT 1) AS provider,
  (SELECT count(*) FROM messages m WHERE m.session_id = s.id AND m.role = 'assistant') AS replies
FROM picked JOIN sessions s ON s.rowid = picked.place CROSS JOIN absent ORDER BY picked.mark"""


class _Project(msgspec.Struct):
    data_dir: Loose = None


class _Projects(msgspec.Struct):
    projects: msgspec.Raw


_PROJECT = msgspec.json.Decoder(list[_Project])
_PROJECTS = msgspec.json.Decoder(_Projects)


def _roots(environment: Mapping[str, str], home: Path) -> list[Path]:
    """$CRUSH_GLOBAL_DATA, else the data folder's `crush`: where its list of projects lies."""
    return [Path(environment.get("CRUSH_GLOBAL_DATA") or data_folder(environment, home) / NAME)]


def projects(listing: bytes) -> list[Path]:
    """The folders of the databases that Crush's `projects.json` names; none where it is odd."""
    try:
        told = decoded(_PROJECTS, listing)
    except Unreadable:
        return []
    folders = (text(project.data_dir) for project in listed(_PROJECT, told.projects))
    return [Path(folder) for folder in folders if folder.startswith("/")]


def _row(log: Log, row: Row) -> None:
    log.session, cost = text(row.get("id")), dollars(row.get("cost")) or None
    if not log.session or not row.get("replies"):
        return
    parts = log.chunk.parts
    if parts[-2:-1] == [".crush"]:
        log.works_in("/".join(parts[:-2]) or "/")
    began = log.at(row.get("created_at"))
    log.about(log.at(row.get("updated_at")), began)
    log.call(
        keys.whole(NAME, log.session),
        row.get("model"),
        Tokens(),
        began,
        log.context(),
        provider=text(row.get("provider")),
        reported=cost,
        settled=cost is not None,
        placeholder=cost is None,
        estimated=True,
    )


_QUERY = Query("sessions", _SESSIONS, "mark", ("sessions", "messages"), _SLACK)
SOURCE = rows((_QUERY,), _row).source(NAME, "Crush", _roots, "crush.db")
