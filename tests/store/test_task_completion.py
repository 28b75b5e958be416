"""By what tasks are completed: each at most once, by the facts that stand, in whatever order."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.durations import DAY, MINUTE
from costtop.model import Call, Context, TaskFact, Tokens
from costtop.queries.sessions import tasks
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.sessions import task_completion

T0 = 1_795_000_000_000
FOLDER = "/w/shop"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    one = open_writer(tmp_path / "costtop.db")
    one.execute("INSERT INTO worktrees VALUES (?, 1, '/w/shop', 0)", (FOLDER,))
    one.execute("INSERT INTO worktrees VALUES ('/w/none', 0, '', 0)")
    yield one
    one.close()


def told(db: sqlite3.Connection, by: str, *facts: TaskFact, cwd: str = FOLDER) -> None:
    """Tasks as logs tell them, each with a call in the folder."""
    into = WriteContext(lambda context, source, model: "f")
    into.completed_by = by
    calls = [
        Priced(
            Call(f"{fact.source}{fact.session}{fact.task}".encode().ljust(16)[:16], fact.source,
                 fact.session, "m", Tokens(9), fact.at, Context(cwd=cwd, task=fact.task)),
            5, 5, None,
        )
        for fact in facts
    ]  # fmt: skip
    reading = Reading("claude-code", b"/l", "{}", "{}", 1, False, calls, [], list(facts), [], [])
    db.execute("BEGIN")
    record(db, into, [reading], T0 + DAY)
    db.execute("COMMIT")


def task(
    name: str, begun: int, ended: int, source: str = "claude-code", **more: str
) -> list[TaskFact]:
    """From minute to minute."""
    session, status = more.get("session", "s"), more.get("status", "completed")
    return [
        TaskFact(source, session, name, "started", T0 + begun * MINUTE),
        TaskFact(source, session, name, status, T0 + ended * MINUTE),
    ]


def commit(db: sqlite3.Connection, minute: float, pull: int = 0, *, merged: bool = False) -> None:
    nth = int(db.execute("SELECT count(*) FROM head_moves").fetchone()[0])
    at = T0 + round(minute * MINUTE)
    db.execute("INSERT INTO head_moves VALUES (1, '/w/shop', ?, ?, 'commit', 'fix', ?, '')",
               (nth, at, f"h{nth}"))  # fmt: skip
    db.execute("INSERT INTO git_commits VALUES (1, ?, ?, ?, '', '', ?, '#')",
               (f"h{nth}", at, at, pull))  # fmt: skip
    if pull:
        db.execute("INSERT OR REPLACE INTO merged_pulls VALUES (1, ?, '#', ?, '', '')",
                   (pull, at + DAY if merged else None))  # fmt: skip


def settled(db: sqlite3.Connection, by: str) -> dict[str, str]:
    task_completion.begin(db, by)
    task_completion.complete(db, task_completion.found(db, by, 0), 0)
    return statuses(db)


def statuses(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT task, status FROM tasks").fetchall())


def done(db: sqlite3.Connection) -> int:
    """What the roll-up of completed tasks counts: it follows."""
    return int(db.execute("SELECT coalesce(sum(tasks), 0) FROM done").fetchone()[0])


def test_an_answer_completes_unless_more_is_asked_for(db: sqlite3.Connection) -> None:
    told(db, "answer", *task("t1", 0, 5), *task("t2", 6, 9), *task("t3", 10, 12, status="failed"))
    assert settled(db, "answer") == {"t1": "completed", "t2": "completed", "t3": "failed"}
    commit(db, 8)
    assert settled(db, "commit") == {"t1": "answered", "t2": "completed", "t3": "failed"}
    assert done(db) == 1
    assert settled(db, "pr") == {"t1": "answered", "t2": "answered", "t3": "failed"}
    assert done(db) == 0
    assert settled(db, "answer") == {"t1": "completed", "t2": "completed", "t3": "failed"}
    assert done(db) == 2


def test_a_commit_completes_one_task_that_ran_or_had_ended_before_it(
    db: sqlite3.Connection,
) -> None:
    told(db, "commit", *task("long", 0, 60, session="a"), *task("short", 10, 20, session="b"),
         *task("after", 100, 110), *task("late", 200, 201))  # fmt: skip
    for minute in (15, 15.5):  # both ran: the one that began last has them
        commit(db, minute)
    commit(db, 115)  # by hand, before the next began
    commit(db, 201 + 25 * 60)  # more than a day later: nobody's
    commit(db, -5)
    assert settled(db, "commit") == {
        "long": "answered", "short": "completed", "after": "completed", "late": "answered",
    }  # fmt: skip
    commit(db, 40)  # only the long one runs by now
    assert settled(db, "commit")["long"] == "completed"


def test_a_pull_request_has_to_be_merged(db: sqlite3.Connection) -> None:
    told(db, "pr", *task("open", 0, 5), *task("merged", 10, 15), *task("bare", 20, 25))
    commit(db, 3, pull=7)
    commit(db, 12, pull=8, merged=True)
    commit(db, 22)
    assert settled(db, "pr") == {"open": "answered", "merged": "completed", "bare": "answered"}
    db.execute("UPDATE merged_pulls SET at = ? WHERE number = 7", (T0 + DAY,))
    assert settled(db, "pr")["open"] == "completed"


def test_a_program_s_own_word_stands_and_elsewhere_nothing_is_made_up(
    db: sqlite3.Connection,
) -> None:
    told(db, "commit", *task("T-1", 0, 5, source="costtop"), *task("t1", 0, 5))
    told(db, "commit", *task("t2", 30, 35), cwd="/w/none")
    told(db, "commit", *task("t3", 30, 35), cwd="/w/other")
    commit(db, 32)
    found = settled(db, "commit")
    assert found == {"T-1": "completed", "t1": "completed", "t2": "answered", "t3": "answered"}
    meta.put(db, {task_completion.KEY: "commit"})
    assert tasks.completers(db, [*found]) == {"T-1": "program", "t1": "commit"}


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_telling_and_settling_ends_alike(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    facts = [
        fact
        for nth in range(12)
        for fact in task(f"t{nth}", nth * 10, nth * 10 + rng.randrange(1, 15),
                         session=f"s{nth % 3}", status=rng.choice(["completed"] * 4 + ["failed"]))
    ]  # fmt: skip
    minutes = [rng.randrange(130) for _ in range(6)]
    ends = []
    for trial in range(2):
        db = open_writer(tmp_path / f"{trial}.db")
        db.execute("INSERT INTO worktrees VALUES (?, 1, '/w/shop', 0)", (FOLDER,))
        order = facts if trial == 0 else [*facts, *rng.sample(facts, 9)]
        rng.shuffle(order)
        early = minutes[:3] if trial else []
        for fact in order:
            told(db, "commit", fact)
            if early:
                commit(db, early.pop(0))
            if trial and rng.random() < 0.4:
                settled(db, "commit")
            if trial and rng.random() < 0.1:
                settled(db, rng.choice(["answer", "pr"]))
                settled(db, "commit")
        for minute in minutes[3:] if trial else minutes:
            commit(db, minute)
            if trial:
                settled(db, "commit")
        ends.append((settled(db, "commit"), done(db)))
        assert ends[-1][1] == list(ends[-1][0].values()).count("completed")
        assert settled(db, "commit") == ends[-1][0]
        db.close()
    assert ends[0] == ends[1]
