"""A wire to the server that can be cut in the middle of a batch: before it, in it, or after it."""

import socket
import threading
from contextlib import suppress
from typing import Literal

Where = Literal["before", "within", "after"]


class Wire:
    """Listens on `port` and passes bytes on to the server's port, until it is told to cut.

    `cut_next` arms one cut: the next batch is not passed on at all, only its first half, or whole
    while its answer is lost. While it is `down` nobody gets through.
    """

    def __init__(self, server: int) -> None:
        self.server = server
        self.cuts = 0
        self.down = False
        self.asks = 0  # looks for news that came by
        self._armed: Where | None = None
        self._at, self._goes_down = b"", False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next(
        self, where: Where, at: bytes = b"costtop.ingest", *, goes_down: bool = False
    ) -> None:
        """Arms one cut, at the next statement that holds `at`; then it stays down, if it is to."""
        self._armed, self._at, self._goes_down = where, at, goes_down

    def close(self) -> None:
        """Takes no more connections; those that stand end with their client."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self.server)) as far:
            back = threading.Thread(target=_pump, args=(far, client), daemon=True)
            back.start()
            while data := client.recv(1 << 20):
                if self.down:
                    return
                self.asks += b"costtop.ask" in data
                if self._armed and self._at in data:
                    where, self._armed = self._armed, None
                    self.down = self._goes_down
                    self.cuts += 1
                    self._cut(where, data, client, far)
                    return
                far.sendall(data)

    def _cut(self, where: Where, data: bytes, client: socket.socket, far: socket.socket) -> None:
        if where == "before":
            return
        if where == "after":  # the client hears nothing any more; the server finishes
            client.shutdown(socket.SHUT_RDWR)
        far.sendall(data if where == "after" else data[: len(data) // 2])
        if where == "after":
            far.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                while far.recv(1 << 16):
                    pass


def _pump(far: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := far.recv(1 << 16):
            client.sendall(data)
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
