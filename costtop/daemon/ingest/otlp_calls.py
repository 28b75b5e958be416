"""Runs the OTLP receiver where the config asks for it: messages to calls, committed, acknowledged.

It speaks no HTTP and reads no attribute. Without `[receive.otlp]` nothing here is loaded.
"""

import asyncio
import ipaddress
import logging
import os
import shlex
import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costtop import lasting_tasks
from costtop.config import Config, Otlp
from costtop.daemon.ingest.fold import Folded, sorted_events
from costtop.daemon.ingest.intake import Ingest, place_of
from costtop.durations import now_ms
from costtop.errors import ConfigError
from costtop.files import private_directory, replace
from costtop.receive.port import Port
from costtop.sources.fold.source import Memo
from costtop.sources.otlp import telemetry

if TYPE_CHECKING:
    from costtop.receive.otlp_http import Receiver, Rejected

CHANNEL = b"otlp"
FORMAT = "otlp"
_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"  # read by every SDK of OpenTelemetry
_TOKEN = 4096  # bytes
log = logging.getLogger("costtop")


class OtlpChannel:
    """The receiver's task, and what `doctor` says of it."""

    def __init__(self, wanted: Otlp, ingest: Ingest, own: Path) -> None:
        self._wanted, self._ingest, self._own = wanted, ingest, own
        self._memo: Memo = ingest.memo(CHANNEL)
        self._turn = asyncio.Lock()  # the memo of one message is what the next begins with
        self._receiver: Receiver | None = None
        self.port = Port(wanted.host, wanted.port)
        self.calls = 0

    async def run(self) -> None:
        """Listens, for ever; a port that another program has is tried again."""
        from costtop.receive import otlp_http as wire

        held = token(self._wanted, self._own)
        receiver = self._receiver = wire.Receiver(self._take, self._wanted.host, held)
        log.info("OTLP/HTTP at %s port %d", self._wanted.host, self._wanted.port)
        await self.port.keep_open(partial(wire.listening, receiver))

    def said(self) -> dict[str, Any]:
        """For the status file."""
        answers = self._receiver.answers if self._receiver else {}
        return {
            "name": "otlp",
            **place(self._wanted, self._own),
            "said": f"{self.calls} calls",
            "calls": self.calls,
            "answers": {str(status): count for status, count in sorted(answers.items())},
            "trouble": self.port.trouble,
        }

    async def _take(self, _signal: str, tree: dict[str, Any]) -> "Rejected":
        from costtop.receive.otlp_http import Rejected, Unstorable

        async with self._turn:
            folded = await asyncio.to_thread(self._fold, tree)
            if folded.calls or folded.bad or folded.memo != self._memo:
                try:
                    await self._ingest.commit([folded])
                except Exception as error:
                    said = lasting_tasks.meet(error).said
                    raise Unstorable(f"not stored, send it again: {said}") from None
                lasting_tasks.well()
                self._memo = folded.memo
        self.calls += len(folded.calls)
        return Rejected(len(folded.bad), folded.bad[0].reason if folded.bad else "")

    def _fold(self, tree: dict[str, Any]) -> Folded:
        events, memo = telemetry.told(tree, now_ms(), self._memo)
        return sorted_events(FORMAT, place_of(CHANNEL), memo, events, 0)


def check(config: Config, own: Path) -> None:
    """Raises ConfigError for a receiver that cannot or must not be opened as configured.

    `own` is the file of the token that costtop makes itself where the config names none.
    """
    wanted = config.receive.otlp
    if wanted is None:
        return
    try:
        from costtop.receive import otlp_http as _  # noqa: F401
    except ImportError:
        hint = 'pip install "costtop[otlp]"'
        raise ConfigError(f"[receive.otlp] needs more packages: {hint}") from None
    if not wanted.token_file and not is_loopback(wanted.host):
        raise ConfigError(
            f"[receive.otlp] host {wanted.host} is open to other machines: set token_file"
        )
    token(wanted, own)


def place(wanted: Otlp, own: Path) -> dict[str, str]:
    """Where the receiver is and what must be sent to it, for people; not the token itself."""
    file = Path(wanted.token_file).expanduser() if wanted.token_file else own
    return {
        "address": f"http://{wanted.host}:{wanted.port}",
        "token_file": str(file),
        "set": f'{_HEADERS}="Authorization=Bearer%20$(cat {shlex.quote(str(file))})"',
    }


def token(wanted: Otlp, own: Path) -> str:
    """The token that programs have to show; made at the first need where the config names none."""
    if wanted.token_file:
        return token_of(Path(wanted.token_file).expanduser())
    if _is_empty(own):
        private_directory(own.parent)
        replace(own, f"{os.urandom(32).hex()}\n".encode(), synced=True)
    return token_of(own)


def _is_empty(own: Path) -> bool:
    """Whether nothing is there, or only what a power cut has left of it."""
    try:
        return not own.read_bytes().strip(b"\0 \r\n")
    except FileNotFoundError:
        return True
    except OSError:
        return False  # said by who reads it


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_of(path: Path) -> str:
    """The token in a file that only its owner may read; raises ConfigError."""
    try:
        with open(path, "rb") as opened:
            found = os.fstat(opened.fileno())
            text = opened.read(_TOKEN).decode("ascii", "replace").strip()
    except OSError as error:
        raise ConfigError(f"cannot read token_file {path}: {error.strerror}") from None
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigError(f"token_file {path} is open to others: chmod 600 {path}")
    if len(text) < 16:
        raise ConfigError(f"token_file {path} holds no token of 16 characters or more")
    return text
