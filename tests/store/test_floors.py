"""What a sum is short of is counted by reason, whatever the order in which calls become known."""

import random
import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.model import Call, FloorReason, Media, Price, Rates, Tokens
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.call_row import computed_of
from costtop.store.calls.calls import record
from costtop.store.calls.repricing import reprice
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import migrations, open_writer
from costtop.store.sessions.past_spends import History

T0 = 1_795_000_000_000
RATES = Rates(1000, 100, 1250, 2000, 5000, card="test")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_writer(tmp_path / "home" / "costtop.db")
    yield connection
    connection.close()


def write_context() -> WriteContext:
    return WriteContext(lambda context, source, model: context.feature)


def call(name: str, output: int = 10, **more: object) -> Call:
    given: dict[str, object] = {"session": "s1", "model": "opus", "at": T0, **more}
    tokens = Tokens(input=100, output=output)
    return Call(name.encode().ljust(16), "claude-code", tokens=tokens, **given)  # type: ignore[arg-type]


def priced(call: Call, *short: FloorReason) -> Priced:
    if call.unreadable or call.model == "unknown":
        return Priced(call, None, call.reported, None)
    cost = 100 + 5 * call.tokens.output
    return Priced(call, cost, cost, RATES, short)


def write(db: sqlite3.Connection, *calls: Priced, path: bytes = b"/a") -> None:
    reading = Reading("claude-code", path, "{}", "{}", 1, False, list(calls), [], [], [], [])
    db.execute("BEGIN IMMEDIATE")
    record(db, write_context(), [reading], T0)
    db.execute("COMMIT")


def floors(db: sqlite3.Connection) -> dict[str, tuple[int, int, int]]:
    rows = db.execute("SELECT reason, sum(calls), sum(cost), sum(output) FROM floors GROUP BY 1")
    return {reason: tuple(sums) for reason, *sums in rows}


def test_every_reason_counts_its_calls(db: sqlite3.Connection) -> None:
    write(
        db,
        priced(call("a", 1, placeholder=True)),
        priced(call("b", model="unknown")),
        priced(call("c", unreadable=True)),
        priced(call("d"), "tier"),
        priced(call("e"), "tier", "modality"),
        priced(call("f")),
    )
    assert floors(db) == {
        "placeholder": (1, 105, 1),
        "unpriced": (1, 0, 10),
        "unreadable": (1, 0, 10),
        "tier": (2, 300, 20),
        "modality": (1, 150, 10),
    }
    assert db.execute("SELECT unpriced FROM sessions").fetchone() == (1,)


def test_a_finished_output_is_no_floor_any_more(db: sqlite3.Connection) -> None:
    write(db, priced(call("a", 1, placeholder=True)))
    write(db, priced(call("a", 500)))
    assert db.execute("SELECT count(*) FROM floors").fetchone() == (0,)


def test_a_cost_that_the_tool_wrote_is_whole(db: sqlite3.Connection) -> None:
    made = call("a", placeholder=True, reported=777)
    write(db, Priced(made, None, 777, None))
    settled = call("b", placeholder=True, reported=888, settled=True)
    write(db, Priced(settled, 150, 888, RATES, ("tier",)))
    assert floors(db) == {}


def test_floors_follow_from_the_calls_in_any_order(db: sqlite3.Connection) -> None:
    chance = random.Random(5)
    for _ in range(40):
        made = [made_up(chance) for _ in range(chance.randrange(1, 6))]
        path = f"/{chance.randrange(4)}".encode()
        write(db, *(priced(one, *["tier"] * chance.randrange(2)) for one in made), path=path)  # type: ignore[list-item]
        assert Counter(db.execute("SELECT * FROM floors").fetchall()) == Counter(again(db))
    assert len(floors(db)) == 4


def made_up(chance: random.Random) -> Call:
    name = chance.randrange(30)
    return call(
        f"k{name}",
        chance.randrange(5),
        session=f"s{chance.randrange(3)}",
        model=chance.choice(("opus", "unknown")),
        at=T0 + chance.randrange(5) * 900_000,
        placeholder=chance.random() < 0.4,
        yields=chance.random() < 0.1,
        unreadable=name < 5,
    )


SAME = computed_of()


def again(db: sqlite3.Connection) -> list[tuple[object, ...]]:
    """The table as it follows from the calls alone."""
    reasons = (
        ("unpriced", "cost IS NULL AND NOT flags & 256"),
        ("placeholder", f"flags & 2 AND (cost IS NULL OR cost = {SAME} AND input + output > 0)"),
        ("unreadable", f"flags & 256 AND (cost IS NULL OR cost = {SAME})"),
        ("tier", f"flags & 512 AND (cost IS NULL OR cost = {SAME})"),
        ("modality", f"flags & 1024 AND (cost IS NULL OR cost = {SAME})"),
    )
    return [
        row
        for reason, where in reasons
        for row in db.execute(
            f"SELECT at / 900000, session, context, model, feature, '{reason}', count(*),"
            f" coalesce(sum(cost), 0), sum(output) FROM calls WHERE {where} GROUP BY 1, 2, 3, 4, 5"
        )
    ]


def test_repricing_renews_what_the_prices_lack(db: sqlite3.Connection) -> None:
    write(db, priced(call("a"), "tier"), priced(call("b", model="unknown")))
    known = Price(70, RATES)
    reprice(db, write_context(), lambda one: known, lambda computed, _: computed, 0, {})
    assert floors(db) == {}
    reprice(db, write_context(), lambda one: known._replace(short=("modality",)),
            lambda computed, _: computed, 0, {})  # fmt: skip
    assert floors(db) == {"modality": (2, 140, 20)}


def test_audio_and_image_tokens_are_kept_with_the_call(db: sqlite3.Connection) -> None:
    media = Media(audio_input=7, image_output=3)
    write(db, priced(call("a", media=media)), priced(call("b")))
    assert [spend.call.media for spend in History(db).after(0)] == [media, None]


def test_an_older_store_opens_with_equal_totals_and_its_floors(tmp_path: Path) -> None:
    path = tmp_path / "costtop.db"
    old = sqlite3.connect(path)
    for step in migrations()[:4]:
        old.executescript(step)
    for nth, (cost, computed, flags) in enumerate(((150, 150, 0), (105, 105, 2), (None, None, 0))):
        old.execute(
            "INSERT INTO calls VALUES (?,?,1,0,0,0,0,0,?,0,100,0,0,0,10,0,0,?,?,NULL,NULL,0,0,"
            "NULL,?,1)",
            (nth + 1, bytes([nth] * 16), T0, cost, computed, flags),
        )
    old.execute("PRAGMA user_version = 4")
    old.commit()
    old.close()
    db = open_writer(path)
    assert db.execute("SELECT count(*), sum(cost) FROM calls").fetchone() == (3, 255)
    assert floors(db) == {"placeholder": (1, 105, 10), "unpriced": (1, 0, 10)}
    assert Counter(db.execute("SELECT * FROM floors").fetchall()) == Counter(again(db))
    db.close()
