"""Real endpoints on loopback: one that takes messages, and ones that misbehave."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from tests.notify.desk import Inbox


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.close()


@pytest.fixture
def inboxes() -> Iterator[Callable[..., Inbox]]:
    made: list[Inbox] = []

    def more(port: int = 0) -> Inbox:
        made.append(Inbox(port))
        return made[-1]

    yield more
    for one in made:
        one.close()


@pytest.fixture
def raw() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Starts a raw TCP server that treats each connection by a function; gives its port."""
    listeners: list[socket.socket] = []

    def serve(listener: socket.socket, treat: Callable[[socket.socket], None]) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_treated, args=(peer, treat), daemon=True).start()

    def start(treat: Callable[[socket.socket], None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, treat), daemon=True).start()
        return listener.getsockname()[1]

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _treated(peer: socket.socket, treat: Callable[[socket.socket], None]) -> None:
    with closing(peer):
        try:
            treat(peer)
        except OSError:
            return
