"""Asks for the user's address now and then while all is well: a dead man's switch on the far side.

What watches costtop must not live on the same machine; so a service that misses these beats tells
the user that costtop, or its machine, is gone. The address is a secret: it is never shown.
"""

import asyncio
import logging
from typing import Any

from costtop import __version__
from costtop.config import Config, milliseconds

_PATIENCE = 10.0  # s
_MOST = 1024  # bytes of an answer that are read
log = logging.getLogger("costtop")


class Heartbeat:
    """Beats at most once in `every` ms; a beat that hangs holds up nothing and no second one."""

    def __init__(self, address: str, every: int) -> None:
        self.code, self.trouble = "heartbeat-failed", ""
        self._address, self._every = address, every
        self._last: int | None = None
        self._beat: asyncio.Task[None] | None = None

    def well(self, now: int) -> None:
        """All is well at `now`, ms of any clock that does not jump: a beat, where one is due."""
        due = self._last is None or now - self._last >= self._every
        if not self._address or not due or (self._beat and not self._beat.done()):
            return
        self._last = now
        self._beat = asyncio.create_task(self._once())

    async def _once(self) -> None:
        why = await asyncio.to_thread(ask, self._address)
        if why and why != self.trouble:
            log.warning("%s", why)
        self.trouble = why


def heartbeat_of(config: Config) -> Heartbeat:
    """The one that the config asks for; without an address it never beats."""
    return Heartbeat(config.heartbeat, milliseconds(config.heartbeat_every))


def ask(address: str) -> str:
    """Asks for the address; why it did not answer as it should, "" where it did. Slow."""
    import urllib.error  # 2 MB, which a daemon without a heartbeat need not keep
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        """A beat goes where the user said and nowhere else."""

        def redirect_request(self, *_: Any) -> None:
            return None

    request = urllib.request.Request(address, headers={"User-Agent": f"costtop/{__version__}"})  # noqa: S310
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=_PATIENCE) as answer:
            answer.read(_MOST)
    except urllib.error.HTTPError as error:
        return f"the heartbeat was answered with {error.code}"
    except (OSError, ValueError) as error:  # the address stands in some of their texts
        reason = getattr(error, "reason", None)
        said = getattr(reason, "strerror", None) or type(reason or error).__name__
        return f"the heartbeat was not taken: {said}"
    return ""
