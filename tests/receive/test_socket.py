"""The socket against peers that flood, dawdle, or talk nonsense (RELIABILITY 3.6, D5 and D6)."""

import json
import socket
import stat
import time
from contextlib import ExitStack, suppress
from select import select

from tests.receive.running import Instance, answers, ask, connected, line, until


def test_calls_and_commands_are_answered_in_their_order(daemon):
    rows = [line(id="1"), {"do": "ping"}, line(id="2"), {"do": "nonsense"}, line(model="")]
    with connected(daemon.socket) as peer:
        peer.sendall(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
        told = [json.loads(answer) for answer in answers(peer, 5)]
    assert [one["ok"] for one in told] == [True, True, True, False, False]
    assert told[1]["pid"] == daemon.pid
    assert told[4]["code"] == 2 and "model" in told[4]["error"]


def test_one_bad_line_among_five_hundred_leaves_its_neighbours(daemon):
    rows = [json.dumps(line(id=str(n))).encode() + b"\n" for n in range(500)]
    rows[250] = b'{"session": "a", "model": "m", "input_tokens": 1e309, "output_tokens": 1}\n'
    with connected(daemon.socket) as peer:
        peer.sendall(b"".join(rows))
        told = answers(peer, 500)
    assert [n for n, answer in enumerate(told) if b"false" in answer] == [250]
    assert daemon.calls() == 499
    assert until(lambda: _bad_lines(daemon) == 1)


def _bad_lines(daemon: Instance) -> int:
    said = json.loads(daemon.run("status", "--json").stdout)
    return int(said["counts"]["bad_lines"])


def test_the_socket_is_the_users_own(daemon):
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700


def test_four_hundred_connections_do_not_keep_a_later_client_out(daemon):
    with ExitStack() as flood:
        peers = [flood.enter_context(_patiently_connected(daemon)) for _ in range(400)]
        # Which ones have a place depends on whoever asked before them and may still be leaving.
        refused: set[socket.socket] = set()
        until(lambda: len(_hear(peers, refused)) >= 368)
        assert len(_hear(peers, refused)) == 368
    with connected(daemon.socket) as peer:
        assert ask(peer, line())["ok"]
    assert daemon.calls() == 1


def _hear(peers: list[socket.socket], refused: set[socket.socket]) -> set[socket.socket]:
    """Those that were told to try again, with those that have just been."""
    ready, _, _ = select([one for one in peers if one not in refused], [], [], 0.1)
    refused |= {peer for peer in ready if b"try again" in peer.recv(200)}
    return refused


def _patiently_connected(daemon: Instance) -> socket.socket:
    def try_it() -> socket.socket | None:
        try:
            return connected(daemon.socket)
        except BlockingIOError:
            return None  # its backlog is full for the moment

    return until(try_it)


def test_a_gigabyte_without_a_newline_is_refused_after_one_mebibyte(daemon):
    before = daemon.memory()
    block = b"x" * (1 << 20)
    sent = 0
    with connected(daemon.socket) as peer, suppress(OSError):
        while sent < 1 << 30:
            sent += peer.send(block)
    assert sent < 16 << 20
    assert daemon.memory() - before < 40 << 20
    with connected(daemon.socket) as peer:
        assert ask(peer, line())["ok"]


def test_a_peer_that_reads_no_answers_is_not_read_from_for_ever(daemon):
    before = daemon.memory()
    row = json.dumps({"do": "nonsense " + "x" * 900}).encode() + b"\n"
    with connected(daemon.socket, timeout=2) as peer:
        sent = 0
        with suppress(OSError):
            while sent < 1 << 28:
                sent += peer.send(row * 200)
        assert sent < 64 << 20
        assert daemon.memory() - before < 60 << 20
        with connected(daemon.socket) as other:
            assert ask(other, line())["ok"]


def test_a_line_may_arrive_in_pieces(daemon):
    data = json.dumps(line()).encode() + b"\r\n"
    with connected(daemon.socket) as peer:
        for start in range(0, len(data), 7):
            peer.sendall(data[start : start + 7])
            time.sleep(0.001)
        assert answers(peer, 1) == [b'{"ok": true}']
