"""Who has a place at the socket, for how long, and that each line is answered (D5, D6)."""

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import Sequence
from contextlib import ExitStack, asynccontextmanager

import pytest

from costtop.receive import socket as door
from costtop.receive.caller import Caller, caller_of, held
from tests.patience import PATIENCE
from tests.receive import nonsense
from tests.receive.running import answers, ask, connected, line

SOON = 0.3  # s of silence that these tests allow


async def echo(lines: list[bytes], _: Caller) -> list[bytes]:
    return [b"heard " + each + b"\n" for each in lines]


def orders(lines: Sequence[bytes]) -> int:
    return sum(line.startswith(b"do") for line in lines)


@pytest.fixture
def path(home):
    return home / "own" / "s"


@asynccontextmanager
async def peer(path):
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        yield reader, writer
    finally:
        writer.close()


async def told(reader):
    """All up to the end; what a peer still says is lost with a closed connection."""
    async with asyncio.timeout(PATIENCE):
        with contextlib.suppress(ConnectionError):  # reset, or a broken pipe to who still speaks
            return await reader.read()
        return b""


async def test_a_peer_that_says_nothing_is_let_go_without_a_word(path):
    async with door.listening(path, echo, orders, SOON), peer(path) as (reader, _):
        assert await told(reader) == b""


async def test_a_peer_that_drips_one_line_for_ever_is_let_go(path):
    async with door.listening(path, echo, orders, SOON), peer(path) as (reader, writer):

        async def drip():
            while True:
                writer.write(b"x")
                await asyncio.sleep(SOON / 10)

        dripping = asyncio.create_task(drip())
        assert await told(reader) == b""
        dripping.cancel()


async def test_a_peer_whose_answer_takes_long_is_waited_for(path):
    async def slow(lines, caller):
        await asyncio.sleep(4 * SOON)
        return await echo(lines, caller)

    async with door.listening(path, slow, orders, SOON), peer(path) as (reader, writer):
        writer.write(b"do kill\n")
        assert await reader.readline() == b"heard do kill\n"


async def test_what_was_said_before_the_end_is_answered_also_without_a_newline(path):
    async with door.listening(path, echo, orders), peer(path) as (reader, writer):
        writer.write(b"one\ntwo")
        writer.write_eof()
        assert await told(reader) == b"heard one\nheard two\n"


async def test_lines_before_one_that_is_too_long_are_answered_first(path):
    async with door.listening(path, echo, orders), peer(path) as (reader, writer):
        writer.write(b"one\n\n" + b"x" * (door.FRAME + 1) + b"\n")
        assert await reader.readline() == b"heard one\n"
        assert await reader.readline() == b"heard \n"
        assert b"longer than" in await told(reader)


async def test_when_all_places_are_taken_orders_are_heard_and_records_told_to_try_again(path):
    full = AllOf(path, door.CLIENTS)
    async with door.listening(path, echo, orders), full, peer(path) as (reader, writer):
        writer.write(b"do kill\n")
        assert await reader.readline() == b"heard do kill\n"
        writer.write(b"do this\nrecord\ndo that\n")
        assert await reader.readline() == b"heard do this\n"
        assert json.loads(await told(reader))["busy"] is True


async def test_silent_peers_of_the_reserve_do_not_keep_an_order_out(path):
    full = AllOf(path, door.CLIENTS + door.RESERVED)
    async with door.listening(path, echo, orders), full, peer(path) as (reader, writer):
        writer.write(b"do kill\n")
        assert await reader.readline() == b"heard do kill\n"


async def test_a_bug_in_an_answer_is_said_and_ends_that_connection_alone(path):
    async def broken(lines, caller):
        if lines == [b"bad"]:
            raise RuntimeError("a bug")
        return await echo(lines, caller)

    first, second = peer(path), peer(path)
    async with door.listening(path, broken), first as (reader, writer), second as (other, words):
        writer.write(b"bad\n")
        assert b"bug" in await told(reader)
        words.write(b"good\n")
        assert await other.readline() == b"heard good\n"


async def test_who_calls_among_others_is_heard_with_them_and_an_order_at_once(path, monkeypatch):
    for name in ("_MOMENT", "_LONGEST", "_LATELY"):
        monkeypatch.setattr(door, name, PATIENCE)
    heard = []

    async def take(lines, caller):
        heard.extend(lines)
        return await echo(lines, caller)

    one, two, three = peer(path), peer(path), peer(path)
    serving = door.listening(path, take, orders)
    async with serving, one as (a, to_a), two as (b, to_b), three as (c, to_c):
        to_a.write(b"first\n")
        assert await a.readline() == b"heard first\n"
        to_b.write(b"second\n")
        to_c.write(b"do this\n")
        assert await c.readline() == b"heard do this\n"
        assert heard == [b"first", b"do this"]  # the second waits for who called before
        to_a.write(b"third\n")
        assert await b.readline() == b"heard second\n"
        assert await a.readline() == b"heard third\n"
        to_b.write(b"fourth\n")
        to_a.close()
        assert await b.readline() == b"heard fourth\n"  # who has gone is waited for no longer


class AllOf:
    """So many silent peers, each accepted."""

    def __init__(self, path, count):
        self._path, self._count, self._stack = path, count, ExitStack()

    async def __aenter__(self):
        for _ in range(self._count):
            one = self._stack.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            while one.connect_ex(str(self._path)):
                await asyncio.sleep(0)
        await asyncio.sleep(0.05)  # the last of them is taken, too

    async def __aexit__(self, *_):
        self._stack.close()


def test_the_peer_is_held_from_its_connection_on():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        caller = held(ours, caller_of(ours))
        assert caller.pid == os.getpid() and caller.lives()
        if caller.pidfd is not None:
            os.close(caller.pidfd)


def test_a_caller_that_has_ended_is_no_caller_whoever_has_its_number(path):
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        child = os.fork()
        if not child:
            with socket.socket(socket.AF_UNIX) as away:
                away.connect(str(path))
            os._exit(0)
        connection, _ = server.accept()
        os.waitpid(child, 0)
        with connection:
            caller = held(connection, caller_of(connection))
    assert caller.pid == child and not caller.lives()
    if caller.pidfd is not None:
        os.close(caller.pidfd)


# --------------------------------------------------------------------------------- a real daemon


def test_every_line_of_nonsense_has_one_answer(daemon):
    rows = list(nonsense.lines(seed=6, count=1200))
    with connected(daemon.socket) as peer:
        told = []
        for start in range(0, len(rows), 100):
            part = rows[start : start + 100]
            peer.sendall(b"".join(row + b"\n" for row in part))
            told += answers(peer, len(part))
    assert len(told) == len(rows)
    for row, answer in zip(rows, told, strict=True):
        assert set(json.loads(answer)) >= {"ok"}
        assert b"bug" not in answer, row[:200]
    with connected(daemon.socket) as peer:
        assert ask(peer, {"do": "ping"})["pid"] == daemon.pid


@pytest.mark.parametrize("verb", ["mark", "stop-session", "silence", "override"])
def test_a_session_of_which_nothing_is_known_cannot_be_marked(daemon, verb):
    more = {"span": 60_000} if verb in {"silence", "override"} else {}
    with connected(daemon.socket) as peer:
        unknown = ask(peer, {"do": verb, "session": "costtop/nobody", **more})
        assert (unknown["ok"], unknown["code"]) == (False, 3)
        assert ask(peer, line())["ok"]
        assert ask(peer, {"do": verb, "session": "costtop/checkout-42", **more})["ok"]


def test_a_peer_with_thousands_of_commands_holds_nobody_up(daemon):
    many = 20_000
    with connected(daemon.socket) as first, connected(daemon.socket) as second:
        sends = threading.Thread(target=first.sendall, args=(b'{"do":"ping"}\n' * many,))
        sends.start()
        got = first.recv(1)  # they are under way
        assert ask(second, {"do": "ping"})["ok"]
        first.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while part := first.recv(1 << 20):
                got += part
        assert got.count(b"\n") < many
        first.settimeout(PATIENCE)
        while got.count(b"\n") < many:
            got += first.recv(1 << 20)
        sends.join(PATIENCE)


async def test_who_floods_with_what_is_refused_waits_and_nobody_else_does(path):
    async def refuse(lines: list[bytes], _: Caller) -> list[bytes]:
        return [b'{"ok": false}\n' if each == b"odd" else b"{}\n" for each in lines]

    async with (
        door.listening(path, refuse),
        peer(path) as (flood, sends),
        peer(path) as (reads, writes),
    ):
        sends.write(b"odd\n" * 6_000)
        told = await flood.readline()
        for _ in range(10):
            writes.write(b"fine\n")
            assert await reads.readline() == b"{}\n"
        while flood._buffer:  # what has come by now
            told += await flood.read(1 << 20)
        assert told.count(b"\n") < 6_000
        while told.count(b"\n") < 6_000:
            told += await flood.read(1 << 20)
