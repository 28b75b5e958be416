"""The list that is kept and moved on is the list that is read anew, second by second."""

import random
from pathlib import Path

import pytest

from costtop.durations import DAY, HOUR, MINUTE, SECOND
from costtop.model import Call, Context, SessionFact, Tokens
from costtop.nouns.log_owner import LogOwner
from costtop.queries.live.frame import Live
from costtop.queries.live.view import ProcessSeen, Pulse, Snapshot
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

NOON = 1_795_435_200_000


def _call(rng: random.Random, nth: int, now: int) -> Priced:
    late = rng.choice((0, 0, 0, 0, 3 * MINUTE, 2 * HOUR, 30 * HOUR))
    agent = rng.choice(("", "", "", "a1", "a2"))
    cost = rng.choice((None, 0, 7, 10**9))
    call = Call(
        nth.to_bytes(16, "big"), "claude-code", f"s{rng.randrange(9)}", f"m{rng.randrange(3)}",
        Tokens(100, 10), now - late, Context(feature=f"f{rng.randrange(3)}"), agent=agent,
    )  # fmt: skip
    return Priced(call, cost, cost, None)


def _fact(rng: random.Random, now: int) -> SessionFact:
    session, agent = f"s{rng.randrange(9)}", rng.choice(("", "a1"))
    ended = rng.choice((None, now))
    parent = f"s{rng.randrange(9)}" if agent else ""
    return SessionFact("claude-code", session, agent, parent, ended=ended, at=now)


def _seen(taken: Snapshot) -> dict[str, object]:
    return {row.key: row for row in taken.sessions}


@pytest.mark.parametrize("seed", range(6))
def test_rows_that_are_moved_on_are_those_that_are_read_anew(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    db, context = open_writer(tmp_path / "costtop.db"), WriteContext(lambda c, _s, _m: c.feature)
    db.execute("BEGIN")
    meta.put(db, meta.encoded(zone="UTC", finished_after=7 * MINUTE, min_peers=5, budgets=()))
    db.execute("COMMIT")
    reader = open_reader(tmp_path / "costtop.db")
    kept, now = Live(reader), NOON
    for nth in range(250):
        now += rng.choice((0, 1, SECOND, SECOND, 4 * SECOND, 20 * SECOND, 2 * MINUTE))
        calls = [_call(rng, nth * 10 + n, now) for n in range(rng.choice((0, 0, 1, 3)))]
        facts = [_fact(rng, now)] if rng.random() < 0.1 else []
        if calls or facts:
            db.execute("BEGIN")
            owner = LogOwner(rng.choice(("ana", "bo")), "box") if rng.random() < 0.3 else None
            read = Reading("claude-code", b"/l", "{}", "{}", 1, False, calls, facts, [], [], [],
                           owner=owner)  # fmt: skip
            record(db, context, [read], now)
            db.execute("COMMIT")
        if rng.random() < 0.05:
            db.execute("INSERT OR REPLACE INTO marks VALUES (?, 'watch', 'ana', 0, '')",
                       (f"claude-code/s{rng.randrange(9)}",))  # fmt: skip
        named = f"claude-code/s{rng.randrange(3)}"
        pulse = Pulse(True, processes=(ProcessSeen(named, 7, paused=rng.random() < 0.3),))
        moved, anew = kept.take(now, pulse), Live(reader).take(now, pulse)
        assert _seen(moved) == _seen(anew), nth
        assert moved._replace(sessions=()) == anew._replace(sessions=()), nth
        kept_line, line = kept.glance(now, pulse), Live(reader).glance(now, pulse)
        assert kept_line == line
        if rng.random() < 0.1:
            assert kept.take(now, pulse, window=2 * DAY) == Live(reader).take(
                now, pulse, window=2 * DAY
            )
    db.close()
    reader.close()


def test_a_row_that_has_not_changed_is_the_same_object(tmp_path: Path):
    db, context = open_writer(tmp_path / "costtop.db"), WriteContext(lambda c, _s, _m: c.feature)
    reader, rng = open_reader(tmp_path / "costtop.db"), random.Random(1)
    live, pulse = (
        Live(reader),
        Pulse(True, processes=(ProcessSeen("claude-code/s1", 7, paused=True),)),
    )
    for nth in range(2):
        db.execute("BEGIN")
        calls = [_call(rng, n, NOON) for n in range(30)] if not nth else [_call(rng, 99, NOON)]
        read = Reading("claude-code", b"/l", "{}", "{}", 1, False, calls, [], [], [], [])
        record(db, context, [read], NOON)
        db.execute("COMMIT")
        rows = _seen(live.take(NOON + nth, pulse))
        if not nth:
            before = rows
    changed = {key for key in rows if rows[key] is not before[key]}
    assert changed == {f"claude-code/{calls[0].call.session}"}
    db.close()
    reader.close()
