"""Which endpoints `costtop alerts test` has reached: a small file. It sends nothing.

A trial is no alert, so the store does not hear of it. A URL is kept as a digest alone, by which a
changed one counts as not tried.
"""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from costtop.config import Endpoint
from costtop.files import private_directory, replace
from costtop.notify.address import NoUrl, url_of
from costtop.paths import Paths


def keep(paths: Paths, trials: Iterable[tuple[Endpoint, bool]], now: int) -> None:
    """Keeps the trials that went well (`now`: ms), and forgets those that did not."""
    known = _read(paths)
    for endpoint, ok in trials:
        known.pop(endpoint.label, None)
        if ok:
            known[endpoint.label] = {"at": now, "url": _digest(endpoint)}
    private_directory(paths.status.parent)
    replace(place(paths), json.dumps(known).encode())


def when(paths: Paths, endpoint: Endpoint) -> int | None:
    """When a trial last reached the endpoint at its URL of now, in ms; None: never."""
    one = _read(paths).get(endpoint.label, {})
    return int(one["at"]) if one and one.get("url") == _digest(endpoint) else None


def place(paths: Paths) -> Path:
    """The file."""
    return paths.status.with_name("tried.json")


def _read(paths: Paths) -> dict[str, dict[str, int | str]]:
    try:
        known = json.loads(place(paths).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _digest(endpoint: Endpoint) -> str:
    try:
        url = url_of(endpoint, os.environ)
    except NoUrl:
        return ""
    return hashlib.blake2b(url.encode(), digest_size=8).hexdigest()
