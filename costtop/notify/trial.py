"""Sends a test to every endpoint and gathers what came back. It uses no store and no daemon."""

import asyncio
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

from costtop.config import Endpoint
from costtop.errors import CosttopError
from costtop.model import Letter
from costtop.notify.address import check, url_of
from costtop.notify.send import send


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
