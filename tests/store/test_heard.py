"""One request told by a log and over the wire counts once, whatever comes first."""

import itertools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.model import Call, Context, Price, SessionFact, Tokens
from costtop.sources.fold import keys
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import Recorded, record
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer

T0 = 1_795_000_000_000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path / "home" / "costtop.db")
    yield connection
    connection.close()


def write_context() -> WriteContext:
    return WriteContext(lambda context, source, model: context.feature or context.branch)


def logged(number: int, output: int = 300, **more: object) -> Call:
    """A transcript's call: it knows the agent, the folder and how long cache writes live."""
    given = {"session": "s1", "agent": "a1", "context": Context(cwd="/shop", branch="b"), **more}
    return Call(
        key=keys.paired(f"msg_{number}", f"req_{number}"), source="claude-code", model="opus",
        tokens=Tokens(1000, 100, 200, 200, output), at=T0 + number, request=f"req_{number}",
        **given,  # type: ignore[arg-type]
    )  # fmt: skip


def heard(number: int, output: int = 300, **more: object) -> Call:
    """The same request over OTLP: it knows the user and the cost."""
    given = {"session": "s1", "context": Context(user="ana", tags='{"team":"web"}'), **more}
    return Call(
        key=keys.whole("otlp", f"req_{number}"), source="claude-code", model="opus",
        tokens=Tokens(1000, 100, 200, 0, output), at=T0 + number + 5, request=f"req_{number}",
        reported=output * 11, settled=True, heard=True, service="claude-code", **given,  # type: ignore[arg-type]
    )  # fmt: skip


def coarse(number: int, level: int, session: str = "s1", service: str = "codex") -> Call:
    return Call(
        key=keys.whole("coarse", str(number)), source="codex", session=session, model="gpt-5",
        tokens=Tokens(10, 0, 0, 0, 5), at=T0 + number, heard=True, coarse=level, service=service,
    )  # fmt: skip


def rollout(number: int, session: str = "s1", agent: str = "") -> Call:
    return Call(
        key=keys.whole("rollout", str(number)), source="codex", session=session, model="gpt-5",
        tokens=Tokens(10, 0, 0, 0, 5), at=T0 + number, agent=agent,
    )  # fmt: skip


def reading(*calls: Call) -> Reading:
    wire = bool(calls) and calls[0].heard
    priced = [
        Priced(call, call.tokens.output * 7,
               call.reported if call.settled else call.tokens.output * 7, None)
        for call in calls
    ]  # fmt: skip
    path = b"otlp" if wire else b"/logs/" + calls[0].session.encode()
    return Reading(calls[0].source, path, "{}", "{}", 1, False, priced, [], [], [], [])


def write(
    db: sqlite3.Connection, *readings: Reading, ledger: WriteContext | None = None
) -> Recorded:
    db.execute("BEGIN IMMEDIATE")
    recorded = record(db, ledger or write_context(), readings, T0)
    db.execute("COMMIT")
    agree(db)
    return recorded


def agree(db: sqlite3.Connection) -> None:
    """Every roll-up says what the calls say."""
    sums = "count(*), coalesce(sum(cost),0), coalesce(sum(output),0)"
    rolled = "coalesce(sum(calls),0), coalesce(sum(cost),0), coalesce(sum(output),0)"
    calls = db.execute(f"SELECT {sums} FROM calls").fetchone()
    for table in ("sessions", "spend"):
        assert db.execute(f"SELECT {rolled} FROM {table}").fetchone() == calls


def rows(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    """What is stored, in words, without ids that depend on the order."""
    query = (
        "SELECT hex(c.key), s.session, s.agent, u.text, d.text, f.text, c.at, c.output,"
        " c.cache_write_1h, c.cost, c.computed, c.reported, c.flags FROM calls c"
        " JOIN sessions s ON s.id = c.session JOIN contexts x ON x.id = c.context"
        " JOIN names u ON u.id = x.user JOIN names d ON d.id = x.cwd"
        " JOIN names f ON f.id = c.feature ORDER BY c.key"
    )
    return db.execute(query).fetchall()


def test_a_request_told_twice_is_the_logs_call_with_the_wires_cost_and_user(db):
    write(db, reading(logged(1)))
    write(db, reading(heard(1)))
    (row,) = rows(db)
    assert row[1:6] == ("s1", "a1", "ana", "/shop", "b")
    assert row[6:12] == (T0 + 1, 300, 200, 3300, 2100, 3300)


TOLD = [logged(1, 1), logged(1, 300), heard(1, 300), heard(1, 300), logged(2), heard(3)]


@pytest.mark.parametrize("seed", range(40))
def test_any_order_and_any_cut_end_alike(db, tmp_path, seed):
    chance = random.Random(seed)
    order = [*TOLD, *chance.sample(TOLD, 2)]
    chance.shuffle(order)
    ledger = write_context()
    while order:
        batch = [order.pop() for _ in range(min(len(order), chance.randint(1, 4)))]
        by_channel = itertools.groupby(sorted(batch, key=lambda c: c.heard), lambda c: c.heard)
        parts = [reading(*calls) for _, calls in by_channel]
        chance.shuffle(parts)
        write(db, *parts, ledger=ledger if chance.random() < 0.5 else write_context())
    other = open_writer(tmp_path / "other" / "costtop.db")
    for call in TOLD:
        write(other, reading(call))
    assert rows(db) == rows(other)
    assert len(rows(db)) == 3
    other.close()


@pytest.mark.parametrize("first", ["wire", "program"])
def test_a_program_that_records_its_own_call_owns_it(db, first):
    mine = logged(1, session="mine")
    wire = heard(1, session="trace 1")
    told = [reading(wire), reading(mine)._replace(path=b"costtop.sock")]
    for part in told if first == "wire" else reversed(told):
        write(db, part)
    assert [row[1] for row in rows(db)] == ["mine"]


def test_what_only_the_wire_told_stays_as_a_call_of_its_own(db):
    write(db, reading(heard(9)), reading(logged(1)))
    assert len(rows(db)) == 2


def test_the_wire_knows_the_output_that_an_old_transcript_never_got(db):
    write(db, reading(logged(1, 1, placeholder=True)), reading(heard(1, 512)))
    (row,) = rows(db)
    assert row[7] == 512 and not row[12] & 2


def test_repricing_leaves_a_settled_cost(db):
    write(db, reading(logged(1)), reading(heard(1)))
    db.execute("BEGIN")
    reprice(db, write_context(), lambda call: Price(1, None), lambda computed, _: computed, 0, {})
    db.execute("COMMIT")
    assert rows(db)[0][9:12] == (3300, 1, 3300)
    agree(db)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_finest_telling_of_a_session_is_the_one_that_counts(db, order):
    told = [rollout(1), coarse(2, 1), coarse(3, 2), coarse(4, 3)]
    finest = 9
    for number in order:
        write(db, reading(told[number]))
        finest = min(finest, number)
        assert [row[0] for row in rows(db)] == [told[finest].key.hex().upper()]


def test_a_subagents_log_outdoes_what_is_heard_of_its_session(db):
    assert write(db, reading(coarse(1, 2))).removed == 0
    assert write(db, reading(rollout(2, agent="sub"))).removed == 1
    assert len(rows(db)) == 1


@pytest.mark.parametrize("first", ["sums", "spans"])
def test_sums_of_a_service_give_way_to_its_spans_in_other_sessions(db, first):
    sums, spans = coarse(1, 3, "codex"), coarse(2, 1, "conversation 7")
    for call in (sums, spans) if first == "sums" else (spans, sums):
        write(db, reading(call))
    expected = {"conversation 7"} if first == "sums" else {"conversation 7", "codex"}
    assert {row[1] for row in rows(db)} == expected  # spans first: the source itself drops sums


def test_spans_with_and_without_a_response_id_stand_side_by_side(db):
    named = coarse(1, 0)._replace(request="resp_1")
    write(db, reading(named))
    write(db, reading(coarse(2, 1)))
    assert len(rows(db)) == 2


def test_who_has_no_receiver_pays_for_no_index(db):
    write(db, reading(logged(1)))
    names = "SELECT count(*) FROM sqlite_master WHERE name IN ('calls_request', 'calls_heard')"
    assert db.execute(names).fetchone()[0] == 0
    write(db, reading(heard(1)))
    assert db.execute(names).fetchone()[0] == 2


def test_no_lookup_walks_the_table_of_calls(db):
    write(db, reading(heard(1)), reading(logged(1)))
    seen: list[str] = []
    db.set_trace_callback(seen.append)
    write(db, reading(heard(2)), reading(coarse(5, 2)), reading(logged(2)), reading(rollout(5)))
    db.set_trace_callback(None)
    asked = [query for query in seen if query.startswith("SELECT") and "FROM calls" in query]
    assert asked
    for query in asked:
        if "sum(cost)" in query:
            continue  # `agree`, of this test
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
        assert "SCAN calls" not in plan.replace("SCAN calls USING INDEX calls_coarse", ""), query


def test_a_rolled_back_write_leaves_nothing_remembered(db):
    ledger = write_context()
    db.execute("BEGIN")
    record(db, ledger, [reading(heard(1))], T0)
    db.rollback()
    ledger.forget()
    write(db, reading(heard(1)), ledger=ledger)
    write(db, reading(logged(1)), ledger=ledger)
    assert len(rows(db)) == 1


def test_an_adopted_call_keeps_its_place_among_facts_of_its_session(db):
    fact = SessionFact("claude-code", "s1", agent="a1", agent_type="explore", at=T0)
    write(db, reading(heard(1)))
    told = reading(logged(1))._replace(facts=[fact])
    write(db, told)
    query = "SELECT calls FROM sessions WHERE agent = 'a1'"
    assert db.execute(query).fetchone()[0] == 1


@pytest.mark.parametrize("first", ["the trace", "the session"])
def test_of_two_tellers_the_one_that_names_the_session_has_the_call(db, first):
    trace = coarse(1, 0, "shop 0af7651916cd43dd", "shop")._replace(request="msg_1")
    named = trace._replace(session="chat-7")
    for call in (trace, named) if first == "the trace" else (named, trace):
        write(db, reading(call))
    assert [row[1] for row in rows(db)] == ["chat-7"]
