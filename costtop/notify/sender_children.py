"""The processes that send: one for each endpoint, kept for a burst, half a minute at most.

Most of what a message costs is a process that loads Apprise and one channel. Each gets everything
on stdin, a small environment, and 10 seconds a message; then its whole process group is killed. One
that did not deliver is ended too: the next message begins with nothing of it.
"""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from costtop.named_tuples import NamedTuple

PATIENCE = 10.0  # seconds
STAYS = 28.0  # seconds from its beginning in which a child is given messages; it ends after 30
_CHILD = str(Path(__file__).with_name("child.py"))
# What a channel may need of the environment. Everything else, secrets above all, stays here.
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
)


class _Child(NamedTuple):
    process: asyncio.subprocess.Process
    url: str
    began: float  # monotonic

    def serves(self, url: str) -> bool:
        """Whether it may be given another message for this URL."""
        is_young = time.monotonic() - self.began < STAYS
        return self.url == url and is_young and self.process.returncode is None


class SenderChildren:
    """The children of one courier, by the endpoint's label."""

    def __init__(self) -> None:
        self._kept: dict[str, _Child] = {}

    async def ask(self, label: str, url: str, order: bytes) -> bytes:
        """What the endpoint's child answers to a line of JSON; b"" where it ended instead.

        Raises TimeoutError and OSError.
        """
        child = self._kept.pop(label, None)
        if child is not None and not child.serves(url):
            await end(child.process)
            child = None
        child = child or _Child(await begin(), url, time.monotonic())
        answer = b""
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await _answer(child.process, order)
        finally:
            if not answer:
                await end(child.process)
        if label in self._kept:  # another letter was shouted to it meanwhile
            await end(child.process)
        else:
            self._kept[label] = child
        return answer

    async def drop(self, label: str) -> None:
        """Ends the endpoint's child."""
        if (child := self._kept.pop(label, None)) is not None:
            await end(child.process)

    async def close(self) -> None:
        """Ends them all."""
        for label in list(self._kept):
            await self.drop(label)


async def begin() -> asyncio.subprocess.Process:
    """A child that waits for an order; raises OSError."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-P", _CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
        close_fds=True,
        cwd="/",
    )


async def _answer(child: asyncio.subprocess.Process, order: bytes) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(ConnectionError):  # it ended; that it says nothing says so
        child.stdin.write(order + b"\n")
        await child.stdin.drain()
    try:
        return await child.stdout.readline()
    except ValueError:  # a line without an end is no answer
        return b""


async def end(child: asyncio.subprocess.Process) -> None:
    """Kills what is left of the child and its group, and reaps it, also when cancelled."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await asyncio.shield(child.wait())


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _KEPT if name in environ}
