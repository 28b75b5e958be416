"""Sends one message through a child process and answers how it went. It retries and stores nothing.

The daemon never waits for the child in its own thread and never loads Apprise.
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence

from costtop.config import Endpoint
from costtop.errors import CosttopError
from costtop.model import Letter
from costtop.named_tuples import NamedTuple
from costtop.notify.address import NoUrl, check, url_of
from costtop.notify.sender_children import SenderChildren

_ANSWER = 4096  # bytes
_DIED = "the sender ended without an answer (memory or time limit)"


class SendResult(NamedTuple):
    """How a try went. `error` is from a fixed set of words; no URL and no reply is in it."""

    ok: bool
    state: str = "sent"  # or "screen": there is no desktop, an open screen may ring
    permanent: bool = False  # another try with the same URL is of no use
    error: str = ""


async def send(
    endpoint: Endpoint, letter: Letter, children: SenderChildren | None = None
) -> SendResult:
    """Hands the letter to the endpoint. Never raises for what the endpoint or the world does.

    Of `children` the endpoint's own is used, and kept where it delivered.
    """
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
    own = children or SenderChildren()
    kept = False
    try:
        outcome = _outcome(await own.ask(endpoint.label, url, json.dumps(order).encode()))
        kept = outcome.ok and own is children
    except TimeoutError:
        return SendResult(ok=False, error="no answer within 10 s")
    except OSError as error:
        return SendResult(ok=False, error=f"no process could be started: {error.strerror}")
    finally:
        if not kept:
            await own.drop(endpoint.label)
    return outcome


async def faults(urls: Sequence[str]) -> list[str]:
    """What keeps each URL from ever being delivered, "" where nothing does; nothing is sent.

    Apprise is asked in a child, which may take a second.
    """
    own = SenderChildren()
    try:
        answer = await own.ask("", "", json.dumps({"urls": list(urls)}).encode())
        said = json.loads(answer)["faults"]
    except (OSError, TimeoutError, ValueError, KeyError):
        return ["it could not be looked at: Apprise did not answer"] * len(urls)
    finally:
        await own.close()
    return [str(one) for one in said]


def _outcome(answer: bytes) -> SendResult:
    try:
        said = json.loads(answer[:_ANSWER])
        return SendResult(said["ok"], said["state"], said["permanent"], said["error"])
    except (ValueError, KeyError, TypeError):
        return SendResult(ok=False, error=_DIED)


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
