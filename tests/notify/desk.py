"""What the tests of delivery share: an HTTP inbox, findings, a store with a courier."""

import asyncio
import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from costtop.alerts import wording
from costtop.alerts.routes import Route
from costtop.config import Endpoint
from costtop.daemon.notices.post import Audience, post_findings
from costtop.model import Finding
from costtop.notify.courier import Courier
from costtop.notify.send import send
from costtop.store.writer import Writer
from tests.patience import PATIENCE


class Inbox:
    """An HTTP server that keeps what it is sent and answers with a chosen status."""

    def __init__(self, port: int = 0) -> None:
        self.got: list[tuple[float, str, dict[str, str], bytes]] = []
        self.answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda _: (200, {}, b"ok")
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, reply = inbox.answer(len(inbox.got))
                inbox.got.append((time.time(), self.path, dict(self.headers), body))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(reply)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply)

            do_PUT = do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def titles(self) -> list[str]:
        return [json.loads(body).get("title", "") for _, _, _, body in self.got]

    @property
    def bodies(self) -> list[str]:
        return [json.loads(body).get("message", "") for _, _, _, body in self.got]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def endpoint(label: str, url: str, **more: Any) -> Endpoint:
    return Endpoint(label=label, url=url, **more)


def json_to(inbox: Inbox, label: str = "chat") -> Endpoint:
    return endpoint(label, f"json://127.0.0.1:{inbox.port}/hook")


def tier(percent: int, at: int, budget: str = "daily", period: str = "2026-11-23") -> Finding:
    return Finding(
        "budget_tier",
        "critical" if percent >= 100 else "warning",
        at,
        f"budget {budget}: {percent} % of $20.00",
        f"{budget} has spent ${percent / 5:.2f} of $20.00.",
        budget=budget,
        period=period,
        tier=percent,
        cost=percent * 200_000_000,
        evidence=(("amount", 20_000_000_000), ("passed", f"{percent} %")),
    )


def runaway(name: str, at: int, cost: int = 5_800_000_000, severity: str = "warning") -> Finding:
    return Finding(
        "median_5x",
        severity,
        at,
        f"session {name}: ${cost / 1e9:.2f}, 3.7x the usual (median 5x)",
        "It has cost 3.7x the $1.57 that is usual (212 finished peers).",
        session=f"costtop/{name}",
        turn=14,
        cost=cost,
        excess=4_230_000_000,
        evidence=(("peers", 212), ("median", 1_570_000_000), ("ratio", 3.7)),
    )


def audience(*labels: str, **more: Any) -> Audience:
    return Audience(tuple(Route(label, **more) for label in labels))


async def until(true: Callable[[], Any], seconds: float = PATIENCE) -> None:
    """Waits for a condition, at most `seconds`; the assertion after it says what is missing."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def clock() -> int:
    return time.time_ns() // 1_000_000


class Skewed:
    """The real clock, moved on by hand."""

    def __init__(self) -> None:
        self.skew = 0

    def __call__(self) -> int:
        return clock() + self.skew


class Desk:
    """A store, its one writer and a courier, as the daemon has them."""

    def __init__(self, writer: Writer, courier: Courier, to: Audience) -> None:
        self.writer = writer
        self.courier = courier
        self.to = to

    async def tell(self, *findings: Finding, now: int | None = None) -> list[str]:
        """The reasons, in order."""
        at = clock() if now is None else now
        decided = await self.writer.transact(post_findings, findings, self.to, at)
        self.courier.wake()
        return [one.reason for one in decided]

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        def read(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return db.execute(query, values).fetchall()

        return await self.writer.read(read)

    async def attempts(self, count: int) -> None:
        """Waits until so many tries have been made in all."""
        query = "SELECT total(attempts) FROM outbox"
        deadline = time.monotonic() + PATIENCE
        while (await self.rows(query))[0][0] < count and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def settled(self, seconds: float = PATIENCE) -> None:
        """Waits until nothing is pending any more."""
        deadline = time.monotonic() + seconds
        while "pending" in await self.states() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def states(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT state FROM outbox ORDER BY id")]


@contextlib.asynccontextmanager
async def desk(
    folder: Path, endpoints: Sequence[Endpoint], to: Audience | None = None, **how: Any
) -> AsyncIterator[Desk]:
    """A running desk on `folder`; left, it is stopped as the daemon stops it."""
    how = {"late": wording.delayed, "clock": clock, "send": send, **how}
    async with Writer(folder / "costtop.db") as writer:
        courier = Courier(writer, endpoints, **how)
        served = asyncio.create_task(courier.run())
        try:
            yield Desk(writer, courier, to or audience(*(one.label for one in endpoints)))
        finally:
            served.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await served
