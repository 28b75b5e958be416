"""How many letters go at once, how long the courier sleeps, and how it bears a failing store."""

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from costtop.notify import courier as couriers
from costtop.notify.send import SendResult
from tests.notify.desk import Skewed, clock, desk, endpoint, json_to, tier, until

SENT = SendResult(ok=True, state="sent")
LOST = SendResult(ok=False, error="lost")


class Crowd:
    """Sends nothing; knows how many were at it at once, and lets them go when told."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0
        self.outcome = SENT
        self.gate = asyncio.Event()

    async def send(self, _: object, __: object) -> SendResult:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.gate.wait()
        self.now -= 1
        self.done += 1
        return self.outcome


async def test_eight_go_at_once_and_of_those_that_failed_two(tmp_path):
    crowd, now = Crowd(), Skewed()
    ends = [endpoint(f"e{n}", "json://127.0.0.1:9/") for n in range(12)]
    async with desk(tmp_path, ends, clock=now, send=crowd.send) as it:
        await it.tell(tier(50, now()), now=now())
        await until(lambda: crowd.now == 8)
        await asyncio.sleep(0.2)  # a ninth would come now
        assert (crowd.now, couriers.WELL) == (8, 8)
        crowd.outcome = LOST
        crowd.gate.set()
        await it.attempts(12)
        await until(lambda: crowd.now == 0)
        crowd.gate.clear()
        crowd.most = 0
        now.skew += 120_000
        it.courier.wake()
        await until(lambda: crowd.now == 2)
        await asyncio.sleep(0.2)
        assert (crowd.most, couriers.FAILING) == (2, 2)
        crowd.outcome = SENT
        crowd.gate.set()
        await it.settled()
        assert await it.states() == ["sent"] * 12


async def test_by_itself_it_sends_by_a_process_that_it_ends(tmp_path, inbox):
    async with desk(tmp_path, [json_to(inbox)], send=None) as it:
        await it.tell(tier(50, clock()))
        await it.settled()
        assert await it.states() == ["sent"]
    assert len(inbox.got) == 1


async def test_what_is_due_later_goes_by_itself_and_not_before(tmp_path, monkeypatch):
    times: list[int] = []
    looks: list[int] = []
    next_due = couriers.outbox.next_due

    def counted(*given: object) -> object:
        looks.append(clock())
        return next_due(*given)

    monkeypatch.setattr(couriers.outbox, "next_due", counted)

    async def send(*_: object) -> SendResult:
        times.append(clock())
        return SENT

    async with desk(tmp_path, [endpoint("chat", "json://127.0.0.1:9/")], send=send) as it:
        await it.tell(tier(50, clock()))
        await until(lambda: len(times) == 1)
        at = clock() + 600

        def later(db: sqlite3.Connection) -> None:
            db.execute("UPDATE outbox SET state = 'pending', next_at = ?", (at,))

        await it.settled()
        await it.writer.transact(later)
        looks.clear()
        it.courier.wake()
        await until(lambda: len(times) == 2)
        assert times[1] >= at
        assert len(looks) < 8  # it slept meanwhile
        assert couriers._LONGEST_SLEEP == 60


async def test_a_letter_to_an_endpoint_that_the_config_no_longer_has_is_left(tmp_path):
    crowd = Crowd()
    crowd.gate.set()
    to = [endpoint("chat", "json://127.0.0.1:9/")]
    from tests.notify.desk import audience

    both = audience("chat", "gone")
    async with desk(tmp_path, to, both, send=crowd.send) as it:
        await it.tell(tier(50, clock()))
        await until(lambda: crowd.done)
        await asyncio.sleep(0.1)
        assert crowd.done == 1


def failing(left: list[int], real: Callable[..., object]) -> Callable[..., object]:
    """The store's own function, which fails before as many times as are left."""

    def do(db: sqlite3.Connection, *given: object) -> object:
        if left[0]:
            left[0] -= 1
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            raise error
        return real(db, *given)

    return do


@pytest.mark.parametrize("name", ["reopen", "due", "next_due"])
async def test_a_store_that_fails_is_asked_again_after_a_rest_and_said_to(
    tmp_path, monkeypatch, name
):
    """The failure is SQLite's at the one seam; writer, courier and letters are real."""
    left = [3]
    monkeypatch.setattr(couriers.outbox, name, failing(left, getattr(couriers.outbox, name)))
    crowd = Crowd()
    crowd.gate.set()
    async with desk(tmp_path, [endpoint("chat", "json://127.0.0.1:9/")], send=crowd.send) as it:
        await until(lambda: "disk I/O error" in it.courier.trouble)
        assert it.courier.trouble == "the outbox cannot be used: disk I/O error"
        await it.tell(tier(50, clock()))
        await until(lambda: crowd.done == 1)
        await it.settled()
        it.courier.wake()
        await until(lambda: left == [0] and not it.courier.trouble)


async def test_what_was_sent_while_the_store_failed_is_marked_later_and_not_sent_again(tmp_path):
    crowd = Crowd()
    crowd.gate.set()

    def writable(yes: bool) -> Callable[[sqlite3.Connection], object]:
        return lambda db: db.execute(f"PRAGMA query_only = {'OFF' if yes else 'ON'}")

    async with desk(tmp_path, [endpoint("chat", "json://127.0.0.1:9/")], send=crowd.send) as it:
        crowd.gate.clear()
        await it.tell(tier(50, clock()))
        await until(lambda: crowd.now == 1)
        await it.writer.read(writable(yes=False))
        crowd.gate.set()
        await until(lambda: it.courier.trouble)
        await it.writer.read(writable(yes=True))
        await it.settled()
        assert await it.states() == ["sent"]
        assert crowd.done == 1


async def test_what_arrives_while_the_daemon_stops_is_marked_and_never_sent_again(tmp_path):
    crowd = Crowd()
    ends = [endpoint("chat", "json://127.0.0.1:9/")]
    async with desk(tmp_path, ends, send=crowd.send) as it:
        await it.tell(tier(50, clock()))
        await until(lambda: crowd.now == 1)
        asyncio.get_running_loop().call_later(0.1, crowd.gate.set)
    async with desk(tmp_path, ends, send=crowd.send) as it:
        await it.settled()
        assert await it.states() == ["sent"]
        assert crowd.done == 1


async def test_what_does_not_arrive_in_time_goes_after_the_restart(tmp_path, monkeypatch):
    monkeypatch.setattr(couriers, "_GRACE", 0.1)
    crowd = Crowd()
    ends = [endpoint("chat", "json://127.0.0.1:9/")]
    async with desk(tmp_path, ends, send=crowd.send) as it:
        await it.tell(tier(50, clock()))
        await until(lambda: crowd.now == 1)
    assert crowd.done == 0
    crowd.gate.set()
    async with desk(tmp_path, ends, send=crowd.send) as it:
        await it.settled()
        assert (await it.states(), crowd.done) == (["sent"], 1)
