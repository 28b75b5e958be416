"""What is said of sessions besides their sums: whose, of what, since when."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from costtop.named_tuples import NamedTuple
from costtop.queries.live.session_state import state
from costtop.queries.sessions import dearest_model
from costtop.store import meta
from costtop.store.sessions import owner_columns


class About(NamedTuple):
    """What a session row says besides its sums."""

    source: str
    session: str
    project: str
    feature: str
    user: str
    model: str  # the dearest
    model_now: str  # of the latest call
    host: str
    started: int | None
    last: int | None
    state: str  # running | idle | ended
    children: int
    branch: str
    label: str  # of the config's [[source]] entry
    short_id: str  # what people type of it
    title: str  # the agent's own, where the user asked for it


# A root that made no calls itself is described by its latest subagent or child that did.
_ABOUT = (
    "SELECT r.id, so.text, r.session, r.short, pr.text, fe.text, us.text, ho.text, br.text,"
    " md.text, la.text, (SELECT title FROM titles WHERE session = r.id), min(s.started),"
    " max(s.last), r.ended, count(*) - 1"
    " FROM sessions s JOIN sessions r ON r.id = s.root"
    " LEFT JOIN sessions d ON d.id = CASE WHEN r.calls THEN r.id ELSE (SELECT x.id FROM sessions x"
    " WHERE x.root = r.id AND x.calls ORDER BY x.last DESC LIMIT 1) END"
    " JOIN names so ON so.id = r.source LEFT JOIN names fe ON fe.id = d.feature"
    " LEFT JOIN names md ON md.id = d.model LEFT JOIN names la ON la.id = r.label"
    " LEFT JOIN contexts c ON c.id = d.context LEFT JOIN names pr ON pr.id = c.project"
    f" LEFT JOIN names us ON us.id = {owner_columns.user('d')}"
    f" LEFT JOIN names ho ON ho.id = {owner_columns.host('d')}"
    " LEFT JOIN names br ON br.id = c.branch"
)


def of_span(
    db: sqlite3.Connection, span: tuple[int, int], lines: Collection[str], now: int
) -> dict[str, About]:
    """What is said of the sessions with these keys ("source/session"), by key."""
    models = dearest_model.of_span(db, *span)
    rows = db.execute(f"{_ABOUT} GROUP BY r.id")
    told = _described(rows, models, meta.shared(db).finished_after, now)
    keyed = ((f"{about.source}/{about.session}", about) for _, about in told)
    return {key: about for key, about in keyed if key in lines}


def about_roots(
    db: sqlite3.Connection, roots: Sequence[int], span: tuple[int, int], now: int
) -> dict[int, About]:
    """What is said of these sessions, by their rows; the model is the dearest of the span."""
    listed = json.dumps(roots)
    rows = db.execute(
        f"{_ABOUT} WHERE s.root IN (SELECT value FROM json_each(?)) GROUP BY r.id", (listed,)
    )
    models = dearest_model.of_span(db, *span)
    return dict(_described(rows, models, meta.shared(db).finished_after, now))


def _described(
    rows: Iterable[tuple[Any, ...]], models: Mapping[int, str], after: int, now: int
) -> Iterator[tuple[int, About]]:
    for root, source, session, short, *texts, started, last, ended, children in rows:
        project, feature, user, host, branch, latest, label, title = (text or "" for text in texts)
        yield root, About(
            source=source, session=session, project=project, feature=feature, user=user,
            model=models.get(root, ""), model_now=latest, host=host, started=started, last=last,
            state=state(now, last, ended, after), children=children, label=label, branch=branch,
            short_id=short, title=title,
        )  # fmt: skip


def owners(db: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(user, host, root sessions) of those with a user, who has most of them first."""
    rows = db.execute(
        "SELECT u.text, h.text, count(s.id) FROM owners o JOIN names u ON u.id = o.user"
        " JOIN names h ON h.id = o.host JOIN sessions s ON s.owner = o.id AND s.id = s.root"
        " WHERE u.text <> '' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    return [(str(user), str(host), int(sessions)) for user, host, sessions in rows]
