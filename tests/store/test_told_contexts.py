"""Tags that only a dropped record of the wire carries reach the log's calls, in any order, once."""

import itertools
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.model import Call, Context, SessionFact
from costtop.sources.fold import keys
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_writer
from costtop.store.sessions import runs
from tests.store.test_heard import T0, coarse, reading, rollout, write, write_context

WIRE = Context(feature="checkout", user="ana", host="box9", tags='{"team":"web"}')


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path / "home" / "costtop.db")
    yield connection
    connection.close()


def log(number: int, session: str = "s1", **own: str) -> Call:
    context = Context(cwd="/shop", task="prompt", **own)
    return rollout(number, session)._replace(context=context)


def wire(number: int, level: int = 2, session: str = "s1", context: Context = WIRE) -> Call:
    return coarse(number, level, session)._replace(context=context)


def whose(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Each call's session, folder, feature, user, task, host, tags and time, in words."""
    names = ("cwd", "user", "task", "host", "tags")
    joins = "".join(f" JOIN names {name} ON {name}.id = x.{name}" for name in names)
    texts = ", ".join(f"{name}.text" for name in names)
    query = (
        f"SELECT s.session, f.text, {texts}, c.at, c.cost FROM calls c JOIN sessions s"
        " ON s.id = c.session JOIN contexts x ON x.id = c.context JOIN names f ON f.id = c.feature"
        f"{joins} ORDER BY c.key"
    )
    return db.execute(query).fetchall()


def by(db: sqlite3.Connection, what: str) -> dict[str, int]:
    """Dollars of the roll-up by feature, or by a part of the context."""
    part = "p.feature" if what == "feature" else f"x.{what}"
    query = (
        f"SELECT n.text, sum(p.cost) FROM spend p JOIN contexts x ON x.id = p.context"
        f" JOIN names n ON n.id = {part} GROUP BY 1"
    )
    return dict(db.execute(query).fetchall())


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("first", ["log", "wire", "together"])
def test_a_dropped_telling_leaves_its_tags_to_the_logs_calls(db, level, first):
    told, mine = reading(wire(1, level)), reading(log(1), log(2))
    order = {"log": [[mine], [told]], "wire": [[told], [mine]], "together": [[told, mine]]}[first]
    for batch in order:
        write(db, *batch)
    whole = ("s1", "checkout", "/shop", "ana", "prompt", "box9", '{"team":"web"}')
    assert sorted(row[:7] for row in whose(db)) == [whole, whole]
    for what, key in (("feature", "checkout"), ("user", "ana"), ("tags", '{"team":"web"}')):
        assert by(db, what) == {key: 70}
    for batch in order:
        assert write(db, *batch).removed == 0
    assert by(db, "feature") == {"checkout": 70}


def test_what_the_log_says_itself_stays(db):
    write(db, reading(log(1, user="eve", feature="own")))
    assert write(db, reading(wire(1))).removed == 1
    assert whose(db)[0][1:6] == ("own", "/shop", "eve", "prompt", "box9")


def test_sums_are_read_again_where_stored_calls_were_filled(db):
    write(db, reading(log(1), log(2)))
    assert write(db, reading(wire(1))).removed == 2
    recorded = write(db, reading(log(3)))
    assert (recorded.removed, [spend.feature for spend in recorded.spends]) == (0, ["checkout"])
    assert recorded.spends[0].call.context.user == "ana"


def test_a_session_gone_on_with_has_the_tags_of_each_run(db):
    other = Context(user="eve", tags='{"team":"ops"}')
    write(db, reading(log(100)), reading(wire(101)), reading(wire(9000, 2, "s1", other)))
    write(db, reading(log(9001)), reading(log(102)))
    told = [(row[7], row[3], row[6]) for row in whose(db)]
    assert sorted(told) == [
        (T0 + 100, "ana", '{"team":"web"}'),
        (T0 + 102, "ana", '{"team":"web"}'),
        (T0 + 9001, "eve", '{"team":"ops"}'),
    ]


EVE = Context(user="eve", feature="search")
TOLD = [
    *(log(number) for number in (10, 20, 30, 40)),
    log(25, feature="own"), log(50, "child"),
    wire(11), wire(12), wire(31, 1, "s1", EVE), wire(45, 3, "s1", EVE._replace(host="box2")),
    wire(52, 2, "child", Context(tags='{"team":"ops"}')),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_any_order_cut_and_restart_end_alike(db, tmp_path, seed):
    chance = random.Random(seed)
    order = [*TOLD, *chance.sample(TOLD, 4)]
    chance.shuffle(order)
    ledger, adopted = write_context(), False
    while order:
        batch = [order.pop() for _ in range(min(len(order), chance.randint(1, 4)))]
        ordered = sorted(batch, key=lambda c: (c.heard, c.session))
        by_channel = itertools.groupby(ordered, lambda c: (c.heard, c.session))
        parts = [reading(*calls) for _, calls in by_channel]
        if not adopted and chance.random() < 0.3:
            parts[0], adopted = (
                parts[0]._replace(facts=[SessionFact("codex", "child", parent="s1")]),
                True,
            )
        chance.shuffle(parts)
        if chance.random() < 0.5:
            ledger = write_context()  # a restart
        write(db, *parts, ledger=ledger)
    if not adopted:
        write(db, reading(log(10))._replace(facts=[SessionFact("codex", "child", parent="s1")]))
    other = open_writer(tmp_path / "other" / "costtop.db")
    write(other, reading(log(10))._replace(facts=[SessionFact("codex", "child", parent="s1")]))
    for call in TOLD:
        write(other, reading(call))
    assert whose(db) == whose(other)
    assert len(whose(db)) == 6
    assert by(db, "feature") == by(other, "feature")
    other.close()


def test_a_run_keeps_its_tags_on_calls_that_the_wire_fills(db):
    ledger: WriteContext = write_context()
    run = runs.Run("r1", 1, 1, "/shop", "launch", "t1", "bob", T0)
    write(db, reading(log(1)), ledger=ledger)
    write(db, reading(wire(1, 2, "s1", WIRE._replace(feature=""))), ledger=ledger)
    db.execute("BEGIN IMMEDIATE")
    runs.begin(db, run)
    runs.attach(db, ledger, "codex/s1", run)
    db.execute("COMMIT")
    write(db, reading(wire(9, 2, "s1", EVE), log(2)), ledger=ledger)
    assert {row[1:7] for row in whose(db)} == {
        ("launch", "/shop", "bob", "t1", "box9", '{"team":"web"}')
    }


def test_who_is_told_of_over_the_wire_alone_keeps_each_word_to_its_calls(db):
    write(db, reading(wire(1), wire(2, 2, "s1", Context(host="box2"))))
    assert {(row[3], row[5]) for row in whose(db)} == {("ana", "box9"), ("", "box2")}


def tellers(own_keys: bool) -> list[Call]:
    """Of one request: a span that knows the user, an event the feature, one only the host."""
    said = (Context(user="ana"), Context(feature="checkout"), Context(host="box9", tags='["x"]'))
    sessions = ("s1", "s1", "codex")  # the last one names no session
    return [
        coarse(9, 0, session)._replace(
            key=keys.whole("teller", str(nth if own_keys else 0)),
            context=context,
            request="resp_1",
        )
        for nth, (session, context) in enumerate(zip(sessions, said, strict=True))
    ]


@pytest.mark.parametrize("own_keys", [True, False], ids=["own keys", "one key"])
@pytest.mark.parametrize("logged", [True, False], ids=["a log", "no log"])
@pytest.mark.parametrize("cuts", [(False,) * 3, (True,) * 3, (False, True, False)])
def test_what_several_tellers_say_of_one_request_ends_alike_in_any_order_and_batches(
    tmp_path: Path, own_keys: bool, logged: bool, cuts: tuple[bool, ...]
) -> None:
    told = tellers(own_keys)
    if logged:
        told.append(log(9)._replace(request="resp_1"))
    ends = set()
    orders = list(itertools.permutations(told))
    for nth, order in enumerate(random.Random(4).sample(orders, 6)):
        db = open_writer(tmp_path / str(nth) / "costtop.db")
        batches = [[order[0]]]
        for call, cut in zip(order[1:], cuts, strict=False):
            if cut:
                batches.append([])
            batches[-1].append(call)
        for batch in [*batches, *batches]:  # and all of it once more
            write(db, *(reading(call) for call in batch))
        ends.add(tuple(whose(db)))
        db.close()
    ((only,),) = ends
    about = ("s1", "checkout", "/shop" if logged else "", "ana", "prompt" if logged else "", "box9")
    assert only[:6] == about
