"""The heartbeat: asked for while all is well and no longer; a hanging far side holds up nothing."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from costtop.alerts.own_faults import Health
from costtop.config import Config
from costtop.daemon.notices.heartbeat import Heartbeat, ask, heartbeat_of
from costtop.daemon.notices.self_check import SelfCheck
from costtop.durations import MINUTE
from tests.notify.desk import audience, desk, json_to, until

HOUR_IN = 1_795_600_800_000


class Switch:
    """A dead man's switch on the loopback."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.hang = threading.Event()
        self.hang.set()
        switch = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                switch.asked.append(self.path)
                switch.hang.wait(60)
                self.send_response(switch.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/ping/s3cret"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.hang.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def switch() -> Iterator[Switch]:
    made = Switch()
    yield made
    made.close()


async def test_it_beats_once_in_each_span(switch: Switch) -> None:
    heart = Heartbeat(switch.address, 5 * MINUTE)
    for now, beats in ((0, 1), (MINUTE, 1), (5 * MINUTE, 2), (6 * MINUTE, 2), (11 * MINUTE, 3)):
        heart.well(now)
        await until(lambda wanted=beats: len(switch.asked) == wanted)
        await until(heart._beat.done)
        assert len(switch.asked) == beats
    assert set(switch.asked) == {"/ping/s3cret"}
    assert heart.trouble == ""


async def test_without_an_address_nothing_is_asked() -> None:
    heart = heartbeat_of(Config())
    heart.well(0)
    assert heart._beat is None


async def test_a_far_side_that_hangs_is_asked_once_and_holds_up_nothing(switch: Switch) -> None:
    switch.hang.clear()
    heart = Heartbeat(switch.address, MINUTE)
    for minute in range(9):
        heart.well(minute * MINUTE)
        await asyncio.sleep(0)
    await until(lambda: switch.asked)
    assert len(switch.asked) == 1
    switch.hang.set()
    await until(heart._beat.done)


def test_what_is_wrong_is_said_without_the_address(switch: Switch) -> None:
    switch.status = 404
    assert ask(switch.address) == "the heartbeat was answered with 404"
    switch.status = 302  # it goes nowhere else
    assert ask(switch.address) == "the heartbeat was answered with 302"
    assert switch.asked == ["/ping/s3cret"] * 2
    for address in ("http://127.0.0.1:1/s3cret", "http://nowhere.invalid:x/s3cret", "http:///s3"):
        said = ask(address)
        assert said.startswith("the heartbeat was not taken: ")
        assert "s3" not in said


async def test_nobody_is_told_that_all_is_well_while_it_is_not(home, inbox, switch) -> None:
    blind = Health(HOUR_IN - 90 * MINUTE, HOUR_IN - 90 * MINUTE, 1, 0)
    well = Health(HOUR_IN, HOUR_IN, 1, 1)
    state = [blind]
    heart = Heartbeat(switch.address, MINUTE)
    to = audience("chat")
    async with desk(home, [json_to(inbox)], to) as it:
        check = SelfCheck(lambda _: state[0], it.writer, to, it.courier, heartbeat=heart)
        await check.look(HOUR_IN)
        assert heart._beat is None
        state[0] = well
        await it.writer.transact(
            lambda db: db.execute(
                "INSERT INTO endpoints (label, state, since) VALUES ('chat', 'broken', 0)"
            )
        )
        await check.look(HOUR_IN)
        assert heart._beat is None  # whom it would tell is not reached
        await it.writer.transact(lambda db: db.execute("UPDATE endpoints SET state = 'ok'"))
        await check.look(HOUR_IN)
        await until(lambda: switch.asked)
    assert switch.asked == ["/ping/s3cret"]
