"""Who may speak at the socket, by the kernel's word: this user and root. A second uid tries."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from costtop.receive import caller as callers
from costtop.receive import socket as door
from tests.patience import PATIENCE, until

NOBODY = 65_534
ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
# The rights are given up before it connects: who asks is whoever connected.
_SPEAK = """
import os, socket, sys
uid = int(sys.argv[2])
os.setgroups([]); os.setresgid(uid, uid, uid); os.setresuid(uid, uid, uid)
with socket.socket(socket.AF_UNIX) as peer:
    peer.settimeout(120)
    peer.connect(sys.argv[1])
    if sys.argv[3:]:
        peer.sendall(b'hello\\n')  # who is refused is not even asked
    sys.stdout.write(peer.recv(1000).decode())
"""
# All that it needs is loaded before: the interpreter may lie where only root can read.
_SERVE = f"""
import asyncio, os, sys
from concurrent.futures import thread
from pathlib import Path
from costtop.receive import caller as callers
from costtop.receive import socket as door

async def echo(lines, caller):
    return [b"heard\\n" for _ in lines]

async def main():
    async with door.listening(Path(sys.argv[1]), echo):
        await asyncio.to_thread(sys.stdin.read)

os.setgroups([]); os.setresgid(*[{NOBODY}] * 3); os.setresuid(*[{NOBODY}] * 3)
asyncio.run(main())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="who-") as made:
        Path(made).chmod(0o711)  # the way to the socket is open to all
        yield Path(made)


async def echo(lines: list[bytes], caller: door.Caller) -> list[bytes]:
    return [line + b" %d %d\n" % (caller.pid, caller.uid) for line in lines]


async def said_to(path: Path, uid: int, *speaks: str) -> tuple[int, str]:
    """(pid, answer) of a child that speaks as `uid`; file modes alone are no obstacle to it."""
    async with door.listening(path, echo):
        path.parent.chmod(0o711)
        path.chmod(0o666)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-c", _SPEAK, str(path), str(uid), *speaks, stdout=subprocess.PIPE
        )
        out, _ = await child.communicate()
    return child.pid, out.decode()


@ROOT_ONLY
async def test_another_user_is_refused_though_the_file_would_let_it_in(folder):
    _, answer = await said_to(folder / "own" / "s", NOBODY)
    assert answer == '{"ok": false, "error": "this socket belongs to another user"}\n'


async def test_this_user_is_heard_and_known_by_pid_and_uid(folder):
    pid, answer = await said_to(folder / "own" / "s", os.getuid(), "speaks")
    assert answer == f"hello {pid} {os.getuid()}\n"


@ROOT_ONLY
def test_an_ordinary_users_daemon_hears_root_and_no_third_user(folder):
    path = folder / "own" / "s"
    path.parent.mkdir()
    os.chown(path.parent, NOBODY, NOBODY)
    daemon = subprocess.Popen(
        [sys.executable, "-P", "-c", _SERVE, str(path)], stdin=subprocess.PIPE, text=True
    )
    try:
        until(lambda: path.exists() or daemon.poll() is not None)
        path.parent.chmod(0o711)
        path.chmod(0o666)
        heard = [subprocess.run(
            [sys.executable, "-P", "-c", _SPEAK, str(path), str(uid), *speaks],
            capture_output=True, text=True, check=True,
        ).stdout for uid, *speaks in ((0, "speaks"), (NOBODY, "speaks"), (1,))]  # fmt: skip
    finally:
        daemon.communicate("", timeout=PATIENCE)
    assert heard[:2] == ["heard\n", "heard\n"]
    assert "belongs to another user" in heard[2]


async def test_more_clients_than_have_places_are_told_to_try_again(folder):
    path = folder / "own" / "s"
    async with door.listening(path, echo):
        peers = [await asyncio.open_unix_connection(str(path)) for _ in range(door.CLIENTS)]
        for number, (reader, writer) in enumerate(peers):
            writer.write(b"%d\n" % number)
            assert (await reader.readline()).startswith(b"%d " % number)
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert b"32 clients are connected already" in await reader.read()
        peers[0][1].close()
        await peers[0][1].wait_closed()
        for _, each in [*peers[1:], (reader, writer)]:
            each.close()


async def test_where_the_system_does_not_say_who_calls_the_file_modes_alone_decide(
    folder, monkeypatch
):
    monkeypatch.delattr(socket, "SO_PEERCRED")
    with socket.socket(socket.AF_UNIX) as peer:
        assert door.caller_of(peer) == door.Caller(0, -1)
    _, answer = await said_to(folder / "own" / "s", os.getuid(), "speaks")
    assert answer == "hello 0 -1\n"


def test_the_kernel_says_who_is_at_the_other_end():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert door.caller_of(ours) == door.Caller(os.getpid(), os.getuid())


@pytest.mark.parametrize(
    ("told", "outside"), [((0, 0), True), ((0, 1000), True), ((0, -1), False), ((42, 0), False)]
)
def test_who_has_a_user_and_no_number_here_is_outside(monkeypatch, told, outside):
    """The kernel tells pid 0 of a process in another container; of nobody it tells -1."""
    monkeypatch.setattr(callers, "peer_of", lambda peer: told)
    with socket.socket(socket.AF_UNIX) as peer:
        assert callers.caller_of(peer).outside is outside
