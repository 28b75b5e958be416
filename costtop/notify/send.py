"""Sends one message through a child process and answers how it went. It retries and stores nothing.

The child gets everything on stdin, a small environment, and 10 seconds; then its whole process
group is killed. The daemon never waits for it in its own thread and never loads Apprise.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from costtop.config import Endpoint
from costtop.errors import CosttopError
from costtop.model import Letter
from costtop.named import NamedTuple
from costtop.notify.address import NoUrl, check, url_of

PATIENCE = 10.0  # seconds
_CHILD = str(Path(__file__).with_name("child.py"))
_ANSWER = 4096  # bytes
_DIED = "the sender ended without an answer (memory or time limit)"
# What a channel may need of the environment. Everything else, secrets above all, stays here.
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"),
)


class SendResult(NamedTuple):
    """How a try went. `error` is from a fixed set of words; no URL and no reply is in it."""

    ok: bool
    state: str = "sent"  # or "screen": there is no desktop, an open screen may ring
    permanent: bool = False  # another try with the same URL is of no use
    error: str = ""


async def send(endpoint: Endpoint, letter: Letter) -> SendResult:
    """Hands the letter to the endpoint. Never raises for what the endpoint or the world does."""
    try:
        url = url_of(endpoint, os.environ)
    except NoUrl as error:
        return SendResult(ok=False, error=str(error))
    order = {
        "url": url,
        "title": letter.title,
        "body": letter.body,
        "short": letter.short,
        "severity": letter.severity,
        "token": letter.token,
        "insecure": endpoint.insecure,
        "parent": os.getpid(),
    }
    try:
        answer = await _ask(json.dumps(order).encode())
    except TimeoutError:
        return SendResult(ok=False, error="no answer within 10 s")
    except OSError as error:
        return SendResult(ok=False, error=f"no process could be started: {error.strerror}")

    return _outcome(answer)


async def faults(urls: Sequence[str]) -> list[str]:
    """What keeps each URL from ever being delivered, "" where nothing does; nothing is sent.

    Apprise is asked in a child, which may take a second.
    """
    try:
        answer = await _ask(json.dumps({"urls": list(urls)}).encode())
        said = json.loads(answer)["faults"]
    except (OSError, TimeoutError, ValueError, KeyError):
        return ["it could not be looked at: Apprise did not answer"] * len(urls)
    return [str(one) for one in said]


async def _ask(order: bytes) -> bytes:
    """What the child answers; raises TimeoutError and OSError."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-P", _CHILD),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(os.environ),
        start_new_session=True,
        close_fds=True,
        cwd="/",
    )
    try:
        async with asyncio.timeout(PATIENCE):
            answer, _ = await child.communicate(order)
    finally:
        await _end(child)
    return answer


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kills what is left of the child and its group, and reaps it, also when cancelled."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await asyncio.shield(child.wait())


def _outcome(answer: bytes) -> SendResult:
    try:
        said = json.loads(answer[:_ANSWER])
        return SendResult(said["ok"], said["state"], said["permanent"], said["error"])
    except (ValueError, KeyError, TypeError):
        return SendResult(ok=False, error=_DIED)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[name] for name in _KEPT if name in environ}


class Trial(NamedTuple):
    """What one endpoint answered. The schema is all of its URL that is ever shown."""

    label: str
    schema: str
    ok: bool
    said: str
    seconds: float


async def trial(endpoints: Sequence[Endpoint], letters: Sequence[Letter]) -> list[Trial]:
    """Tries all endpoints at once, each with its letter; raises nothing for what they answer."""
    tries = [_try(one, letter) for one, letter in zip(endpoints, letters, strict=True)]
    return list(await asyncio.gather(*tries))


async def _try(endpoint: Endpoint, letter: Letter) -> Trial:
    began = time.monotonic()
    try:
        check(endpoint, os.environ)
    except CosttopError as error:
        return Trial(endpoint.label, "", ok=False, said=str(error), seconds=0.0)
    schema = url_of(endpoint, os.environ).partition(":")[0]
    outcome = await send(endpoint, letter)
    said = "sent" if outcome.ok else outcome.error
    if outcome.state == "screen" and outcome.ok:
        said = "no desktop here: an open screen rings instead"
    return Trial(endpoint.label, schema, outcome.ok, said, time.monotonic() - began)
