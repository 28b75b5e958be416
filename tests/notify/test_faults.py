"""The faults of RELIABILITY.md 3.4 that an endpoint can have, each provoked for real."""

import asyncio
import resource
import socket
import time
from pathlib import Path

import pytest

from costtop.model import Letter
from costtop.notify import sender_children as sending
from costtop.notify.send import send
from tests.free_ports import free_port
from tests.notify.desk import Skewed, clock, desk, endpoint, json_to, runaway, tier, until

LETTER = Letter("chat", "session", "warning", "[costtop] test", "body", "short", 0, "t0ken")
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def asked(peer: socket.socket) -> bytes:
    """Reads the whole request; its body."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += peer.recv(65536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += peer.recv(65536)
    return body


def hang(peer: socket.socket) -> None:
    asked(peer)
    while peer.recv(1024):
        pass


def drip_head(peer: socket.socket) -> None:
    asked(peer)
    for byte in OK * 100:
        peer.sendall(bytes([byte]))
        time.sleep(0.2)


def drip_body(peer: socket.socket) -> None:
    asked(peer)
    peer.sendall(OK + b"Content-Length: 100000\r\n\r\n")
    while True:
        peer.sendall(b"x")
        time.sleep(0.05)


def flood(peer: socket.socket) -> None:
    asked(peer)
    peer.sendall(OK + b"Content-Length: 314572800\r\n\r\n")
    for _ in range(300):
        peer.sendall(b"x" * 1_048_576)


async def stall() -> float:
    """The longest that the loop kept others waiting, in seconds, until cancelled."""
    worst = 0.0
    try:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.01)
            worst = max(worst, time.monotonic() - before - 0.01)
    except asyncio.CancelledError:
        return worst


@pytest.mark.parametrize("fault", [hang, drip_head], ids=["hang", "drip"])
async def test_a_hanging_endpoint_costs_the_child_its_life_and_the_daemon_nothing(
    raw, fault, monkeypatch
):
    monkeypatch.setattr(sending, "PATIENCE", 2.5)  # 10 s in life
    to = endpoint("chat", f"json://127.0.0.1:{raw(fault)}/")
    watch = asyncio.create_task(stall())
    await asyncio.sleep(0)
    outcome = await send(to, LETTER)
    watch.cancel()
    assert not outcome.ok
    assert not outcome.permanent
    assert outcome.error == "no answer within 10 s"
    assert await watch < 1  # a blocked loop would have waited for all of it


async def test_the_child_ends_by_itself_when_nobody_kills_it(raw, monkeypatch):
    monkeypatch.setattr(sending, "PATIENCE", 120.0)
    outcome = await send(endpoint("chat", f"json://127.0.0.1:{raw(hang)}/"), LETTER)
    assert outcome.error == "no answer in time"


@pytest.mark.parametrize("fault", [drip_body, flood], ids=["drip", "300 MB"])
async def test_an_answer_that_never_ends_is_not_waited_for(raw, fault):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = await send(endpoint("chat", f"json://127.0.0.1:{raw(fault)}/"), LETTER)
    assert outcome.ok  # its status said 200: trying again would only repeat the message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5_000  # KiB


async def test_an_endpoint_that_is_offline_gets_everything_when_it_is_back(tmp_path, inboxes):
    now = Skewed()
    port = free_port()
    async with desk(tmp_path, [endpoint("chat", f"json://127.0.0.1:{port}/")], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        await it.attempts(1)
        assert await it.rows("SELECT state, error FROM outbox") == [
            ("pending", "connection refused")
        ]
        now.skew += 3 * 3_600_000
        await it.tell(tier(80, now()), now=now())
        await it.attempts(2)
        back = inboxes(port)
        now.skew += 16 * 60_000
        it.courier.wake()
        await it.settled()
    assert back.titles[0] == "[costtop] budget daily: 50 % of $20.00 (delayed 3 h)"
    assert back.titles[1].startswith("[costtop] budget daily: 80 % of $20.00 (delayed 1")
    assert back.bodies[0].endswith("\ndelayed 3 h")


async def test_retries_grow_from_five_seconds_to_a_quarter_of_an_hour(tmp_path, inbox):
    inbox.answer = lambda _: (500, {}, b"")
    now = Skewed()
    waits = []
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        for tries in range(1, 11):
            await it.attempts(tries)
            [(next_at,)] = await it.rows("SELECT next_at FROM outbox")
            waits.append((next_at - now()) / 1000)
            now.skew += next_at - now() + 1
            it.courier.wake()
    for tries, wait in enumerate(waits):
        ideal = min(5 * 2**tries, 900)
        assert 0.7 * ideal - 2 <= wait <= ideal


async def test_new_letters_that_fail_too_make_no_endpoint_wait_longer(tmp_path, inbox):
    """Ten messages within seconds were ten failures in a row, and a quarter of an hour."""
    inbox.answer = lambda _: (500, {}, b"")
    now = Skewed()
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:
        for number in range(6):
            await it.tell(tier(50, now(), f"b{number}"), now=now())
            await it.attempts(number + 1)
            now.skew -= 5_000 * (number < 5)  # however long a try takes here
        assert await it.rows("SELECT failures FROM endpoints") == [(1,)]
        [(latest,)] = await it.rows("SELECT max(next_at) FROM outbox")
        assert latest <= now() + 5_000 * 6


async def test_after_three_days_a_letter_is_shown_as_undelivered(tmp_path, inbox):
    inbox.answer = lambda _: (503, {}, b"")
    now = Skewed()
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        await it.attempts(1)
        now.skew += 73 * 3_600_000  # the machine slept: it is tried once more before it is given up
        it.courier.wake()
        await it.attempts(2)
        await it.settled()
        assert await it.rows("SELECT state, error FROM outbox") == [("undelivered", "HTTP 503")]
    assert len(inbox.got) == 2


async def test_a_bad_token_is_tried_three_times_then_the_endpoint_is_broken(tmp_path, inbox):
    inbox.answer = lambda _: (401, {}, b"")
    now = Skewed()
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        for tries in (1, 2, 3):
            await it.attempts(tries)
            now.skew += 60_000
            it.courier.wake()
        await it.settled()
        await it.tell(tier(80, now()), now=now())
        await asyncio.sleep(0.3)
        assert await it.states() == ["broken", "broken"]
        assert await it.rows("SELECT state, error FROM endpoints") == [("broken", "HTTP 401")]
    assert len(inbox.got) == 3
    inbox.answer = lambda _: (200, {}, b"ok")
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:  # mended, and started again
        await until(lambda: len(inbox.got) == 5)
        await it.settled()
        assert await it.states() == ["sent", "sent"]


async def test_the_good_endpoint_gets_it_once_while_the_bad_one_is_tried_again(tmp_path, inboxes):
    good, bad = inboxes(), inboxes()
    bad.answer = lambda got: (500 if got < 2 else 200, {}, b"")
    now = Skewed()
    async with desk(tmp_path, [json_to(bad, "bad"), json_to(good, "good")], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        await until(lambda: good.got)
        for tries in (2, 3):
            await it.attempts(tries)
            now.skew += 60_000
            it.courier.wake()
        await it.settled()
    assert len(good.got) == 1
    assert len(bad.got) == 3


async def test_hanging_endpoints_do_not_delay_a_good_one(tmp_path, inbox, raw):
    stuck = raw(hang)
    bad = [endpoint(f"bad{n}", f"json://127.0.0.1:{stuck}/") for n in range(4)]
    async with desk(tmp_path, [*bad, json_to(inbox)]) as it:
        await it.tell(runaway("one", clock()))
        await until(lambda: inbox.got)
        assert (await it.states()).count("pending") >= len(bad)
    assert len(inbox.got) == 1


async def test_a_redirect_is_not_followed(tmp_path, inboxes):
    there, here = inboxes(), inboxes()
    target = {"Location": f"http://127.0.0.1:{there.port}/"}
    here.answer = lambda _: (307, target, b"")
    outcome = await send(json_to(here), LETTER)
    assert outcome.permanent
    assert outcome.error == "HTTP 307: a redirect, which is not followed"
    asked_again = await send(
        endpoint("chat", f"json://127.0.0.1:{here.port}/?redirect=yes"), LETTER
    )
    assert not asked_again.ok
    assert not there.got


async def test_plain_http_to_another_machine_is_refused_before_anything_is_sent():
    outcome = await send(endpoint("chat", "json://192.0.2.1/hook"), LETTER)
    assert outcome.permanent
    assert "plain http" in outcome.error


async def test_a_url_that_apprise_does_not_know_is_said_so():
    outcome = await send(endpoint("chat", "nonsense://x/y"), LETTER)
    assert outcome.permanent
    assert "does not understand" in outcome.error


async def test_the_same_letter_carries_the_same_idempotency_key_at_every_try(tmp_path, inbox):
    inbox.answer = lambda got: (500 if not got else 200, {}, b"")
    now = Skewed()
    async with desk(tmp_path, [json_to(inbox)], clock=now) as it:
        await it.tell(tier(50, now()), now=now())
        await it.attempts(1)
        now.skew += 60_000
        it.courier.wake()
        await it.settled()
    first, second = (headers["Idempotency-Key"] for _, _, headers, _ in inbox.got)
    assert first == second


async def test_nothing_is_imported_from_the_current_directory(tmp_path, inbox, monkeypatch):
    trap = "import pathlib; pathlib.Path(__file__).with_suffix('.hit').touch()\n"
    for name in ("apprise.py", "sitecustomize.py", "json.py", "requests.py"):
        Path(tmp_path, name).write_text(trap)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert (await send(json_to(inbox), LETTER)).ok
    assert not list(tmp_path.glob("*.hit"))
