"""The child that speaks with the fleet's server, kept alive, and the pipe to it: lines of JSON.

The child alone loads the driver. It gets what it needs on its first line, finds the server's URL by
itself, and ends when the pipe does: none outlives the daemon. One that ends is started again, later
each time; one that says nothing for long is ended.
"""

import asyncio
import json
import logging
import os
import random
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from costtop import lasting_tasks
from costtop.daemon.fold_process import search_path
from costtop.durations import now_ms
from costtop.notify.sender_children import end

Take = Callable[[Any], Awaitable[None]]
_SILENT = 150.0  # s: a child that tries in vain says so each minute
_BEARABLE = 30_000  # ms that a server may be away before it is a trouble
_LONGEST = 4 << 20  # bytes of a line
_FIRST, _MOST = 1.0, 60.0  # s before another start
_SETTLED = 60.0  # s after which a child has been no failure
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.stdin.buffer.readline());"
    "from {} import serve; serve()"
)
# What the driver and the resolver may need of the environment; secrets of others stay here.
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "KRB5CCNAME"),
    *("PGPASSFILE", "PGSERVICEFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL"),
)
log = logging.getLogger("costtop")


class FleetPipe:
    """One child after the other; `order` is what each is told first.

    What the child says is given to who asked for it by the first key: {"state": …}, {"sent": …},
    {"answered": …}, and of {"news": {…}} each part by its own name. "up" is said here when a child
    begins: it knows nothing of what an earlier one was told.
    """

    def __init__(
        self,
        order: Mapping[str, Any],
        environ: Mapping[str, str] = os.environ,
        silent: float = _SILENT,
    ) -> None:
        self._order, self._environ, self._silent = order, environ, silent
        self._takes: dict[str, list[Take]] = {}
        self._child: asyncio.subprocess.Process | None = None
        self.state: dict[str, Any] = {}  # the child's latest word on itself
        self._ended = ""  # why there is no child at work

    @property
    def code(self) -> str:
        """By which `doctor` knows what is wrong."""
        return "fleet-child" if self._ended else str(self.state.get("code", ""))

    @property
    def trouble(self) -> str:
        """Why nothing is shipped, "" where it is; a server that is away for a moment is none."""
        if self._ended:
            return self._ended
        since = self.state.get("unreachable_since")
        brief = since is not None and now_ms() - since < _BEARABLE
        return "" if brief and self.code == "fleet-away" else str(self.state.get("trouble", ""))

    def said(self) -> dict[str, Any]:
        """For the status file: the child's latest word on itself."""
        return {**self.state, **({"trouble": self._ended} if self._ended else {})}

    def on(self, name: str, take: Take) -> None:
        """Has `take` called with every such word of the child; it must bear hearing it twice."""
        self._takes.setdefault(name, []).append(take)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Says something to the child; without one it is lost, see "up"."""
        if (child := self._child) is None or child.stdin is None or child.stdin.is_closing():
            return
        child.stdin.write(json.dumps(message).encode() + b"\n")

    async def run(self) -> None:
        """Keeps a child, for ever."""
        wait = _FIRST
        while True:
            began = asyncio.get_running_loop().time()
            self._ended = await self._live()
            lasting_tasks.well()
            log.warning("%s", self._ended)
            if asyncio.get_running_loop().time() - began >= _SETTLED:
                wait = _FIRST
            await asyncio.sleep(wait * random.uniform(0.75, 1.25))  # noqa: S311 - spreads starts
            wait = min(wait * 2, _MOST)

    async def _live(self) -> str:
        """One child from its start to its end; why it ended."""
        child = await begin(self._environ, self._order.get("environ", ()))
        try:
            assert child.stdin is not None
            child.stdin.write(first_line() + json.dumps(self._order).encode() + b"\n")
            self._child = child
            await self._give("up", None)
            return await self._hear(child)
        finally:
            self._child = None
            await end(child)
            self._lose()

    async def _hear(self, child: asyncio.subprocess.Process) -> str:
        """Takes what it says until it ends; why it did."""
        assert child.stdout is not None
        why = "it ended"
        while True:
            try:
                async with asyncio.timeout(self._silent):
                    line = await child.stdout.readline()
                said = json.loads(line) if line else {}
            except TimeoutError:
                return f"the process that ships to the fleet said nothing for {self._silent:.0f} s"
            except ValueError:  # no line of ours: too long, or not JSON
                return "the process that ships to the fleet said what is not understood"
            if not line:
                return f"the process that ships to the fleet ended ({why}) and is started again"
            why = str(said.pop("crash", why))
            for name, part in said.items():
                await self._take(name, part)
            lasting_tasks.well()

    async def _take(self, name: str, part: Any) -> None:
        if name == "state":
            self.state, self._ended = part, ""
        if name == "news":
            for of, told in part.items():
                await self._give(of, told)
        await self._give(name, part)

    async def _give(self, name: str, part: Any) -> None:
        for take in self._takes.get(name, ()):
            await take(part)

    def _lose(self) -> None:
        """Without a child nobody reaches the server."""
        if self.state:
            since = self.state.get("unreachable_since") or now_ms()
            self.state = {**self.state, "reachable": False, "unreachable_since": since}


def first_line() -> bytes:
    """The search path of a child: what each is told first of all."""
    return json.dumps(search_path()).encode() + b"\n"


async def begin(
    environ: Mapping[str, str], wanted: Any = (), module: str = "costtop.fleet.forwarder"
) -> asyncio.subprocess.Process:
    """A child that waits for its search path and its order; raises OSError."""
    kept = {name: environ[name] for name in (*_KEPT, *wanted) if name in environ}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _START.format(module)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=kept,
        start_new_session=True,
        close_fds=True,
        cwd="/",
        limit=_LONGEST,
    )
