"""Behind every line of a report stand the sessions that it sums up, to the nano-dollar."""

import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop.attribution import tickets
from costtop.durations import DAY, HOUR, QUARTER
from costtop.model import Call, Context, TaskFact, Tokens
from costtop.money import NANO
from costtop.nouns.pull_link import PullLink
from costtop.queries.sessions import spent_sessions, tasks
from costtop.queries.sessions.spent_sessions import MOST, Within, bounded, restriction
from costtop.queries.spending import days, report, spending
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer
from costtop.store.git import pull_links
from costtop.store.names import Names
from costtop.store.sessions.sessions import Sessions
from costtop.tui.list.span_list import SPANS

UTC = ZoneInfo("UTC")
NOW = 1_795_444_327_000  # Mon 2026-11-23 14:32:07 UTC


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    path: Path = tmp_path_factory.mktemp("spent") / "costtop.db"
    rng, db = random.Random(5), open_writer(path)
    priced, facts = [], []
    for nth in range(3_000):
        at = NOW - round(40 * DAY * rng.random() ** 2)
        session, task = f"s{rng.randrange(150):03}", rng.choice(["", "t1", "t2"])
        context = Context(
            project=rng.choice(["", "/w/shop", "/w/web"]),
            feature=rng.choice(["", "checkout", "search"]),
            user=rng.choice(["ana", "bo"]),
            branch=rng.choice(["", "main", "SHOP-1-a", "b"]),
            task=task,
        )
        cost = rng.randrange(NANO) if rng.random() < 0.95 else None
        call = Call(
            nth.to_bytes(16, "big"), rng.choice(["codex", "claude-code"]), session,
            f"m{rng.randrange(3)}", Tokens(100, output=7), at, context,
            agent=rng.choice(["", "", "sub"]),
        )  # fmt: skip
        priced.append(Priced(call, cost, cost, None))
        if task and rng.random() < 0.05:
            facts.append(TaskFact(call.source, session, task, "completed", at))
    db.execute("BEGIN")
    reading = Reading("claude-code", b"/log", "{}", "{}", 1, False, priced, [], facts, [], [])
    meta.put(db, {meta.TICKETS: tickets.DEFAULT})
    record(db, WriteContext(lambda c, _s, _m: c.feature), [reading], NOW)
    named = [
        PullLink("codex", "s001", "acme/shop", 1, "#", "", NOW, "b", project="/w/shop"),
        PullLink("codex", "s002", "acme/web", 2, "#", "", NOW, "b", project="/w/web"),
    ]
    pull_links.put(db, Sessions(Names()), named)
    db.execute("COMMIT")
    db.close()
    reader = open_reader(path)
    yield reader
    reader.close()


@pytest.mark.parametrize("span", spending.SPANS)
@pytest.mark.parametrize(
    "by", ["feature", "project", "user", "source", "model", "branch", "ticket", "pr"]
)
def test_the_sessions_of_every_line_of_features_and_models_add_up_to_it(store, span: str, by: str):
    shown = spending.read(store, by, span, NOW, UTC)
    assert shown.lines
    for line in shown.lines:
        within = bounded(Within(span, by=by, key=line.sums.key), NOW, "UTC")
        found = spent_sessions.read(store, within, NOW)
        assert found.sessions == line.sums.sessions == len(found.rows)
        assert sum(row.cost for row in found.rows) == found.spent.cost == line.sums.cost
        assert found.spent.short == line.sums.short
        assert sum(row.calls for row in found.rows) == line.sums.calls
        assert (found.all_sessions, found.all_spent.cost) == (
            shown.total.sessions, shown.total.cost,
        )  # fmt: skip


def test_the_sessions_of_every_day_add_up_to_it(store):
    for day in days.read(store, 30, NOW, UTC):
        found = spent_sessions.read(store, Within("a day", day.start, day.end), NOW)
        assert (found.sessions, found.spent.cost) == (day.sessions, day.cost)
        assert found.all_spent == found.spent


def test_the_session_of_every_task_shows_what_the_task_cost(store):
    lines = tasks.read(store, "30 days", NOW, UTC).lines
    assert len(lines) > 20
    for task in lines:
        within = Within("all", by="task", key=task.task, session=task.session)
        (row,) = spent_sessions.read(store, within, NOW).rows
        assert (row.key, row.cost, row.calls) == (task.session, task.spent.cost, task.spent.calls)
        assert restriction(within) == f"task={task.task}"


@pytest.mark.parametrize("span", SPANS[1:])
def test_every_span_of_the_list_is_that_of_the_report(store, span: str):
    within = bounded(Within(span), NOW, "UTC")
    found = spent_sessions.read(store, within, NOW)
    told = report.read(store, "session", UTC, within.since, within.until)
    assert {row.key: row.cost for row in found.rows} == {one.key: one.cost for one in told.lines}
    assert found.spent.cost == told.total.cost


def test_words_search_the_names_of_all_history_whatever_signs_they_hold(store):
    def hits(*words: str) -> int:
        return spent_sessions.read(store, Within("all", words=words), NOW).sessions

    assert hits("S007") == len({r.key for r in _all(store) if "s007" in r.key})
    assert hits("s007", "nobody") == hits("%") == hits("_") == hits("' OR 1=1 --") == 0
    assert 0 < hits("shop") <= hits("") == len(_all(store))


def _all(store):
    return spent_sessions.read(store, Within("all"), NOW).rows


def test_more_sessions_than_a_list_holds_are_summed_and_said(tmp_path: Path):
    db = open_writer(tmp_path / "costtop.db")
    priced = [
        Priced(
            Call(n.to_bytes(16, "big"), "codex", f"s{n}", "m", Tokens(1), NOW - HOUR), n, n, None
        )
        for n in range(MOST + 50)
    ]
    db.execute("BEGIN")
    reading = Reading("codex", b"/log", "{}", "{}", 1, False, priced, [], [], [], [])
    record(db, WriteContext(lambda c, _s, _m: ""), [reading], NOW)
    db.execute("COMMIT")
    found = spent_sessions.read(db, Within("all"), NOW)
    assert (found.sessions, len(found.rows)) == (MOST + 50, MOST)
    assert found.spent.cost == sum(range(MOST + 50))
    assert found.rows[-1].cost == 50  # the dearest are listed
    quarter = NOW // QUARTER * QUARTER
    assert spent_sessions.read(db, Within("now", quarter, quarter + QUARTER), NOW).rows == ()
    db.close()
