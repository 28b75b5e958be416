"""Calls with the pull request and the commit that they were for: what `attribution` splits.

Its shares stand in temporary tables of the reading connection, which go with the snapshot that they
belong to, so that any report can join them: each call has one pull request or none.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

from costtop.attribution import split
from costtop.attribution.pull_names import PullName
from costtop.attribution.split import BranchPull, Evidence, KnownRepository, NamedPull, WorkRow
from costtop.durations import QUARTER
from costtop.named_tuples import NamedTuple
from costtop.nouns.pull_link import PullLink
from costtop.nouns.repository_facts import PullFact
from costtop.queries.spending import tool_shares
from costtop.queries.spending.sum_keys import SHARED
from costtop.store.git import git_facts, pull_links
from costtop.sum_floors import Floor

EVER = (-(1 << 42), 1 << 42)  # quarter hours
_FIRM = frozenset({"claude-code", "qwen-code", "costtop"})  # tell the branch at each call
_JOINED = "JOIN sessions s ON s.id = p.session LEFT JOIN contexts c ON c.id = p.context"
_WORKS = (
    "SELECT p.session, p.context, s.root, cwd.text, branch.text, project.text, n.text,"
    " p.first, p.last"
    " FROM (SELECT session, context, min(quarter) AS first, max(quarter) + 1 AS last FROM spend"
    " GROUP BY 1, 2) p JOIN sessions s ON s.id = p.session JOIN names n ON n.id = s.source"
    " LEFT JOIN contexts c ON c.id = p.context LEFT JOIN names cwd ON cwd.id = c.cwd"
    " LEFT JOIN names branch ON branch.id = c.branch LEFT JOIN names project"
    " ON project.id = c.project"
)


def prepare(db: sqlite3.Connection) -> None:
    """Fills the tables, of all time: what work was for is the same in any span."""
    db.execute("DROP TABLE IF EXISTS temp.work_shares")
    db.execute("DROP TABLE IF EXISTS temp.work_names")
    db.execute("CREATE TEMP TABLE work_names (id INTEGER PRIMARY KEY, key TEXT, text TEXT)")
    db.execute(
        "CREATE TEMP TABLE work_shares (session INTEGER, context INTEGER, since INTEGER,"
        " until INTEGER, pull INTEGER, made INTEGER, PRIMARY KEY (session, context, since))"
        " WITHOUT ROWID"
    )
    known: dict[tuple[str, str], int] = {}

    def number(key: str, text: str) -> int:
        return known.setdefault((key, text), len(known) + 1) if text else 0

    found = split.split(_works(db), evidence(db))
    rows = ((*one[:4], number("pr", one.pull), number("commit", one.commit)) for one in found)
    db.executemany("INSERT INTO temp.work_shares VALUES (?,?,?,?,?,?)", rows)
    db.executemany(
        "INSERT INTO temp.work_names VALUES (?,?,?)",
        [(number, key, text) for (key, text), number in known.items()],
    )


def rows(span: tuple[int, int], fields: Iterable[str]) -> str:
    """What stands in the place of the roll-up: `tool_shares.rows` with `pull` and `made`."""
    calls = tool_shares.calls(span, shared=not SHARED.isdisjoint(fields))
    return f"FROM ({attributed(calls)}) p {_JOINED}"


def attributed(calls: str) -> str:
    """A query of calls (with session, context and at) with what each was for besides."""
    return (
        "SELECT q.*, coalesce(w.pull, 0) AS pull, coalesce(w.made, 0) AS made"
        f" FROM ({calls}) q LEFT JOIN temp.work_shares w ON w.session = q.session"
        " AND w.context = q.context AND w.since <= q.at AND w.until > q.at"
    )


def floors(
    db: sqlite3.Connection, span: tuple[int, int], where: str, values: Sequence[object]
) -> dict[int, Floor]:
    """What sums of calls that fit are short of, by the row of their root session."""
    found, _ = tool_shares.floors(db, ["s.root"], [int], span, where, values, attributed)
    return {int(root): short for (root,), short in found.items()}


def names(db: sqlite3.Connection, key: str) -> list[tuple[int, str]]:
    """The numbers of pull requests (`pr`) or commits (`commit`) with their names."""
    return db.execute("SELECT id, text FROM temp.work_names WHERE key = ?", (key,)).fetchall()


class ToldPulls(NamedTuple):
    """All that logs and git tell of pull requests, each with its name."""

    folders: Mapping[str, tuple[int, str]]  # folder -> (repository, worktree)
    stored: Sequence[git_facts.StoredRepository]
    called: Mapping[int, str]  # repositories by their rows
    of_git: Sequence[tuple[PullName, PullFact]]
    of_logs: Sequence[tuple[PullName, PullLink]]
    links: Sequence[NamedPull]


def read(db: sqlite3.Connection) -> ToldPulls:
    """Reads them; repositories are called by their remotes, else as logs do, else by folders."""
    folders = {
        folder: (repository, top)
        for folder, (repository, top, _) in git_facts.worktrees(db).items()
        if repository
    }
    stored, told = git_facts.repositories(db), pull_links.read(db)
    called = {one.id: one.name or _told_name(one, folders, told) for one in stored}
    of_git = [
        (PullName(called[one.id], fact.number, fact.sign), fact)
        for one in stored
        for fact in git_facts.pulls(db, one.id)
    ]
    of_logs, links = [], []
    for root, link in told:
        name = link.repository or called.get(folders.get(link.cwd, (0, ""))[0], "")
        pull = PullName(name or _last(link.project or link.cwd), link.number, link.sign)
        of_logs.append((pull, link))
        links.append(
            NamedPull(
                root=root,
                pull=pull.key,
                at=link.at,
                branch=link.branch,
                folder=link.cwd,
                project=link.project,
            )
        )
    return ToldPulls(
        folders=folders, stored=stored, called=called, of_git=of_git, of_logs=of_logs, links=links
    )


def evidence(db: sqlite3.Connection) -> Evidence:
    """The same as what work is split by."""
    told = read(db)
    repositories = {one.id: _known(db, one, told) for one in told.stored}
    return Evidence(told.folders, repositories, told.links)


def _works(db: sqlite3.Connection) -> list[WorkRow]:
    found = []
    for session, context, root, *where, source, first, last in db.execute(_WORKS):
        folder, branch, project = (text or "" for text in where)
        span = first * QUARTER, last * QUARTER
        found.append(
            WorkRow(session, context, root, folder, branch, project, source in _FIRM, *span)
        )
    return found


def _told_name(
    stored: git_facts.StoredRepository,
    folders: Mapping[str, tuple[int, str]],
    told: Iterable[tuple[int, PullLink]],
) -> str:
    """What logs call a repository without a remote, if they agree; else its folder's name."""
    said = {
        link.repository
        for _, link in told
        if link.repository and folders.get(link.cwd, (0, ""))[0] == stored.id
    }
    return said.pop() if len(said) == 1 else _last(stored.folder.removesuffix("/.git"))


def _last(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def _known(
    db: sqlite3.Connection, stored: git_facts.StoredRepository, told: ToldPulls
) -> KnownRepository:
    name = told.called[stored.id]
    branches: dict[str, list[BranchPull]] = {}
    for one in git_facts.pulls(db, stored.id):
        if one.branch:
            pull = BranchPull(PullName(name, one.number, one.sign).key, one.at)
            branches.setdefault(one.branch, []).append(pull)
    moves = git_facts.moves(db, stored.id)
    commits = {one.hash: (_shown(name, one.hash), "") for each in moves.values() for one in each}
    for fact in git_facts.commits(db, stored.id):
        number = PullName(name, fact.number, fact.sign).key if fact.number else ""
        commits[fact.hash] = (_shown(name, fact.final), number)
    stretches = {top: split.stretches(each, stored.main) for top, each in moves.items()}
    return KnownRepository(stored.main, branches, commits, stretches)


def _shown(name: str, commit: str) -> str:
    return f"{name}@{commit[:10]}"
