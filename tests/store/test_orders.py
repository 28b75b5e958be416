"""Whatever the order and the chunks in which sights come, the store ends in the same state."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from costtop.model import Context, SessionFact, TaskFact, Tokens
from costtop.pricing.charge import basis
from costtop.queries.spending import report
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from tests.store.test_calls import T0, agree, call, reading, write, write_context

PROMPT = "7c1f0c1e-0000-4000-8000-0000000000aa"  # ids of prompts are unique, a copy keeps them


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[[], sqlite3.Connection]]:
    made: list[sqlite3.Connection] = []

    def make() -> sqlite3.Connection:
        made.append(open_writer(tmp_path / str(len(made)) / "costtop.db"))
        return made[-1]

    yield make
    for db in made:
        db.close()


def every_order(
    fresh: Callable[[], sqlite3.Connection],
    parts: Sequence[Reading],
    look: Callable[[sqlite3.Connection], Any],
    ledger: Callable[[], WriteContext] = write_context,
) -> Any:
    """What `look` sees, the same after each order of the parts, one by one and all at once."""
    seen = []
    for order in permutations(parts):
        apart, at_once = fresh(), fresh()
        own = ledger()
        for part in order:
            write(apart, part, ledger=own)
        write(at_once, *order, ledger=ledger())
        seen += [look(apart), look(at_once)]
        agree(apart)
    assert all(one == seen[0] for one in seen), seen
    return seen[0]


def ask(query: str) -> Callable[[sqlite3.Connection], list[Any]]:
    return lambda db: db.execute(query).fetchall()


def by(key: str) -> Callable[[sqlite3.Connection], dict[str, int | None]]:
    return lambda db: {line.key: line.tasks for line in report.read(db, key, ZoneInfo("UTC")).lines}


def priced(*calls: Any, cost: int | None = None, path: bytes = b"/a", born: int = 1) -> Reading:
    made = reading(path=path, born=born)
    made.calls.extend(Priced(item, cost, basis(cost, item.reported), None) for item in calls)
    return made


def task(status: str, at: int, session: str = "s1", name: str = PROMPT) -> TaskFact:
    return TaskFact("claude-code", session, name, status, T0 + at)


MODEL = "SELECT n.text, c.cost FROM calls c JOIN names n ON n.id = c.model"
OWNER = "SELECT s.session, c.at FROM calls c JOIN sessions s ON s.id = c.session"


def test_of_equal_counts_the_dearer_sight_stays(fresh: Any) -> None:
    parts = [
        priced(call("m/r")._replace(model=model), cost=cost)
        for model, cost in (("haiku", 5), ("opus", 9), ("sonnet", 7))
    ]
    assert every_order(fresh, parts, ask(MODEL)) == [("opus", 9)]


def test_the_largest_reported_cost_is_kept(fresh: Any) -> None:
    parts = [
        priced(call("m/r", output=output, reported=reported), cost=3)
        for output, reported in ((9, None), (4, 50), (5, 70))
    ]
    look = ask("SELECT output, reported, cost FROM calls")
    assert every_order(fresh, parts, look) == [(9, 70, 3)]


def test_where_reported_costs_count_a_merged_call_costs_what_was_reported(fresh: Any) -> None:
    def reported_first() -> WriteContext:
        return WriteContext(lambda *_: "", lambda computed, said: basis(computed, said, "reported"))

    parts = [
        priced(call("m/r", output=9), cost=100),
        priced(call("m/r", output=4, reported=90), cost=80),
    ]
    look = ask("SELECT computed, reported, cost FROM calls")
    assert every_order(fresh, parts, look, reported_first) == [(100, 90, 90)]


def test_a_side_copy_never_owns_what_its_message_owns(fresh: Any) -> None:
    side = call("m/r", "fork", at=T0 - 99, output=50, yields=True)
    parts = [
        priced(side, cost=1, path=b"/fork", born=1),
        priced(call("m/r", "parent", at=T0), cost=2, path=b"/parent", born=9),
    ]
    assert every_order(fresh, parts, ask(OWNER)) == [("parent", T0)]


def test_files_of_one_age_are_told_apart_by_their_names(fresh: Any) -> None:
    parts = [
        priced(call("m/r", name), cost=1, path=f"/{name}".encode())
        for name in ("zeta", "alpha", "mid")
    ]
    assert every_order(fresh, parts, ask(OWNER)) == [("alpha", T0)]


def test_explain_leads_to_the_line_that_holds_the_counts(fresh: Any) -> None:
    parts = [
        priced(call("m/r", output=output, offset=offset), cost=output)
        for output, offset in ((1, 0), (512, 900), (30, 400))
    ]
    assert every_order(fresh, parts, ask("SELECT offset, output FROM calls")) == [(900, 512)]


def test_a_session_is_described_by_its_latest_call_whatever_facts_say(fresh: Any) -> None:
    def at(second: int, model: str, project: str) -> Reading:
        made = call(f"m{second}/r", at=T0 + second, context=Context(project=project))
        return priced(made._replace(model=model), cost=1)

    ahead = reading(facts=[SessionFact("claude-code", "s1", at=T0 + 99, agent_type="x")])
    parts = [at(1, "haiku", "old"), at(2, "opus", "new"), ahead]
    look = ask(
        "SELECT m.text, p.text, s.last FROM sessions s JOIN names m ON m.id = s.model"
        " JOIN contexts c ON c.id = s.context JOIN names p ON p.id = c.project"
    )
    assert every_order(fresh, parts, look) == [("opus", "new", T0 + 99)]


def test_a_session_that_is_started_again_is_open_again(fresh: Any) -> None:
    parts = [
        reading(facts=[SessionFact("costtop", "s1", ended=T0 + 10, at=T0 + 10)]),
        reading(facts=[SessionFact("costtop", "s1", started=T0 + 20, at=T0 + 20)]),
        reading(facts=[SessionFact("costtop", "s1", ended=T0 + 5, at=T0 + 5)]),
    ]
    assert every_order(fresh, parts, ask("SELECT ended FROM sessions")) == [(None,)]


def test_the_first_end_of_a_task_is_when_it_finished(fresh: Any) -> None:
    facts = [("started", 3), ("completed", 9), ("completed", 7), ("aborted", 2)]
    parts = [reading(tasks=[task(status, at)]) for status, at in facts]
    look = ask("SELECT status, started, finished FROM tasks")
    assert every_order(fresh, parts, look) == [("completed", T0 + 3, T0 + 7)]


def test_a_task_of_parent_and_child_is_one_when_the_parent_comes_late(fresh: Any) -> None:
    parts = [
        reading(tasks=[task("started", 1, "child", "T"), task("completed", 9, "child", "T")]),
        reading(tasks=[task("aborted", 8, "parent", "T")]),
        reading(facts=[SessionFact("claude-code", "child", parent="parent")]),
    ]
    look = ask(
        "SELECT s.session, t.status, t.started, t.finished FROM tasks t"
        " JOIN sessions s ON s.id = t.session"
    )
    assert every_order(fresh, parts, look) == [("parent", "completed", T0 + 1, T0 + 9)]


def test_a_task_belongs_to_the_feature_of_its_calls_in_any_chunks(fresh: Any) -> None:
    first, later = (
        call(f"m{n}/r", at=T0 + n, context=Context(feature=feature, task=name))
        for n, feature, name in ((1, "shop", "A"), (5, "blog", "B"))
    )
    end = task("completed", 3, name="A")
    whole = [reading(first, later, tasks=[end])]
    apart = [reading(first), reading(tasks=[end]), reading(later)]
    for parts in (whole, apart):
        db = fresh()
        for part in parts:
            write(db, part)
        assert by("feature")(db) == {"shop": 1, "blog": 0}


@pytest.mark.parametrize("key", ["session", "feature", "total", "day"])
def test_a_fork_s_copy_of_a_finished_prompt_is_the_same_task(fresh: Any, key: str) -> None:
    def file(session: str, born: int) -> Reading:
        made = call("m/r", session, context=Context(feature=session, task=PROMPT))
        return reading(
            made, call(f"{session}/r", session, at=T0 + 60, context=Context(feature=session)),
            path=f"/{session}".encode(), born=born, tasks=[task("completed", 5, session)],
        )  # fmt: skip

    found = every_order(fresh, [file("fork", 2), file("original", 1)], by(key))
    counted = {"session": {"claude-code/original": 1, "claude-code/fork": 0},
               "feature": {"original": 1, "fork": 0}}  # fmt: skip
    assert found == counted.get(key, found)
    assert sum(found.values()) == 1


def test_a_name_that_is_not_unique_is_another_task_in_another_session(fresh: Any) -> None:
    parts = [
        reading(call(f"{session}/r", session), tasks=[task("completed", 5, session, "T-17")])
        for session in "ab"
    ]
    assert every_order(fresh, parts, by("total")) == {"total": 2}


def test_a_spend_is_told_of_the_session_that_owns_it(fresh: Any) -> None:
    from costtop.store.calls.calls import record

    db, own = fresh(), write_context()
    write(db, reading(call("m/r", "original"), path=b"/original", born=1), ledger=own)
    db.execute("BEGIN")
    grown = call("m/r", "fork", output=70)._replace(tokens=Tokens(input=300, output=70))
    got = record(db, own, [reading(grown, path=b"/fork", born=2)], T0)
    db.execute("COMMIT")
    assert [(spend.root, spend.new) for spend in got.spends] == [("claude-code/original", False)]


def test_a_spend_carries_the_tokens_that_were_booked(fresh: Any) -> None:
    from costtop.store.calls.calls import record

    large, small = (call("m/r")._replace(tokens=Tokens(n, output=10)) for n in (500, 100))
    for order in ((large, small), (small, large)):
        db = fresh()
        db.execute("BEGIN")
        (spend,) = record(db, write_context(), [reading(*order)], T0).spends
        db.execute("COMMIT")
        assert spend.call.tokens.input == 500


def test_what_only_the_wire_told_stays_when_an_older_file_turns_out_to_own_the_call(
    fresh: Any,
) -> None:
    told = call("wire/w", "fork", request="req", heard=True, settled=True, reported=70, coarse=0,
                context=Context(user="ana"))  # fmt: skip
    parts = [
        priced(told, cost=5, path=b"otlp"),
        *(
            priced(call("m/r", name, request="req", context=Context(cwd="/w")), cost=6,
                   path=f"/{name}".encode(), born=born)
            for name, born in (("fork", 2), ("original", 1))
        ),
    ]  # fmt: skip
    look = ask(
        "SELECT s.session, u.text, w.text, c.cost FROM calls c JOIN sessions s ON s.id = c.session"
        " JOIN contexts x ON x.id = c.context JOIN names u ON u.id = x.user"
        " JOIN names w ON w.id = x.cwd"
    )
    assert every_order(fresh, parts, look) == [("original", "ana", "/w", 70)]
