"""Random moments of a made-up day: every surface that shows a sum or a rate shows the same one."""

import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from costtop import periods
from costtop.durations import DAY, HOUR, MINUTE
from costtop.model import Call, Context, Tokens
from costtop.money import NANO
from costtop.queries.live.frame import Live
from costtop.queries.live.view import ProcessSeen, Pulse
from costtop.queries.spending import report
from costtop.store import meta
from costtop.store.calls.batch import Priced, Reading
from costtop.store.calls.calls import record
from costtop.store.calls.write_context import WriteContext
from costtop.store.db import open_reader, open_writer

ZONE = ZoneInfo("Europe/Berlin")
NOON = 1_795_000_000_000
MOMENTS = 250  # of each of four days


def made_day(rng: random.Random) -> list[tuple[int, Priced]]:
    """(when it is read, call): most at once, some late, some of days and weeks before."""
    found = []
    for nth in range(2_500):
        session = f"s{rng.randrange(60):02}"
        at = NOON + rng.randrange(-DAY // 2, DAY // 2)
        seen = at + (rng.randrange(6 * HOUR) if rng.random() < 0.1 else 0)
        if rng.random() < 0.05:
            at -= rng.randrange(20) * DAY
        agent = rng.choice(["", "", "", "sub"])
        known = rng.random() < 0.97
        cost = rng.randrange(1, NANO // 2) if known else None
        call = Call(
            nth.to_bytes(16, "big"), "claude-code", session, f"m{rng.randrange(3)}", Tokens(100),
            at, Context(feature=f"f{rng.randrange(3)}"), agent=agent,
        )  # fmt: skip
        found.append((seen, Priced(call, cost, cost, None)))
    return sorted(found, key=lambda one: one[0])


@pytest.mark.parametrize("seed", [7, 8, 9, 10])
def test_at_a_thousand_moments_all_surfaces_agree(tmp_path: Path, seed: int):
    rng = random.Random(seed)
    db, context = open_writer(tmp_path / "costtop.db"), WriteContext(lambda c, _s, _m: c.feature)
    db.execute("BEGIN")
    meta.put(db, meta.encoded(zone=ZONE.key, finished_after=HOUR, min_peers=5, budgets=()))
    db.execute("COMMIT")
    reader = open_reader(tmp_path / "costtop.db")
    screen, line = Live(reader), Live(reader)
    to_come = made_day(rng)
    paused = ProcessSeen("claude-code/s07", 1234, paused=True)
    pulse = Pulse(True, processes=(paused,), exited=(("claude-code/s09", NOON),))
    moments = sorted(NOON + rng.randrange(-DAY // 2, DAY // 2 + 7 * HOUR) for _ in range(MOMENTS))
    for now in moments:
        due = [priced for seen, priced in to_come if seen <= now]
        to_come = to_come[len(due) :]
        if due:
            db.execute("BEGIN")
            record(db, context, [_read(due)], now)
            db.execute("COMMIT")
        frame = screen.take(now, pulse, window=31 * DAY)
        today, burn, _ = line.glance(now, pulse)
        assert burn == frame.burn == sum(row.rate for row in frame.sessions)
        day = periods.start_of("day", now, ZONE)
        told = report.read(reader, "total", ZONE, day, None).total
        assert (frame.today, today.cost) == (told.cost, told.cost)
        assert frame.today_short == today.short == told.short
        month = report.read(reader, "total", ZONE, periods.start_of("month", now, ZONE), None)
        assert frame.month == month.total.cost
        if rng.random() < 0.2:
            lines = report.read(reader, "session", ZONE, None, None).lines
            rows = {row.key: (row.cost, row.short.reasons()) for row in frame.sessions}
            assert rows == {one.key: (one.cost, one.short.reasons()) for one in lines}
    assert not to_come
    db.close()
    reader.close()


def _read(due: list[Priced]) -> Reading:
    return Reading("claude-code", b"/log", "{}", "{}", 1, False, due, [], [], [], [])


def test_the_month_is_right_in_the_first_frame_after_an_import(tmp_path: Path):
    """A sum of older days is kept until one of them changes, not for a while."""
    db, context = open_writer(tmp_path / "costtop.db"), WriteContext(lambda c, _s, _m: "")
    reader = open_reader(tmp_path / "costtop.db")
    screen = Live(reader)
    assert screen.take(NOON, Pulse(True)).month == 0
    calls = [
        Priced(
            Call(bytes([n]) * 16, "claude-code", "s", "m", Tokens(1), NOON - n * DAY), 5, 5, None
        )
        for n in range(10)
    ]
    db.execute("BEGIN")
    record(db, context, [_read(calls)], NOON + MINUTE)
    db.execute("COMMIT")
    assert screen.take(NOON + 100, Pulse(True)).month == 50
    db.close()
    reader.close()
