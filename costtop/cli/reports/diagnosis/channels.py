"""What `costtop doctor` says of channels: whether each can deliver, and whether it ever has."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from costtop import config
from costtop.cli.reports.diagnosis.diagnoses import Diagnosis
from costtop.config import Endpoint
from costtop.durations import iso, now_ms, words
from costtop.errors import CosttopError
from costtop.paths import Paths
from costtop.queries.doctor import EndpointHealth
from costtop.text import clean

_REMEDIES = {
    "wrong": "mend it in config.toml",
    "broken": "mend its URL, then: costtop alerts test",
    "untried": "try it: costtop alerts test",
    "failing": "it is tried again",
}


def found(paths: Paths, stored: Iterable[EndpointHealth]) -> list[dict[str, Any]]:
    """Each channel of the config, with what is known of its deliveries; nothing is sent."""
    health = {one.label: one for one in stored}
    try:
        endpoints = config.load(paths).notify
    except CosttopError:
        endpoints = ()  # that is a problem of its own
    if not endpoints:
        return []
    from costtop.notify import tested_endpoints

    faults = _faults(endpoints)
    return [
        _tree(one, health.get(one.label), fault, tested_endpoints.when(paths, one))
        for one, fault in zip(endpoints, faults, strict=True)
    ]


def _faults(endpoints: Sequence[Endpoint]) -> list[str]:
    """What keeps each from ever being delivered; Apprise is asked of those that may work."""
    import asyncio

    from costtop.notify import address, send

    said: list[str] = []
    urls: dict[int, str] = {}
    for number, one in enumerate(endpoints):
        try:
            address.check(one, os.environ)
            urls[number] = address.url_of(one, os.environ)
            said.append("")
        except CosttopError as error:
            said.append(str(error).removeprefix(f'[[notify]] "{one.label}": '))
    if urls:
        for number, fault in zip(urls, asyncio.run(send.faults([*urls.values()])), strict=True):
            said[number] = fault
    return said


def _tree(
    one: Endpoint, health: EndpointHealth | None, fault: str, tried: int | None
) -> dict[str, Any]:
    known = health or EndpointHealth(one.label, 0, 0, broken=False, error="", delivered=None)
    delivered = max(filter(None, (known.delivered, tried)), default=None)
    state = "ok"
    if fault or known.broken:
        state = "wrong" if fault else "broken"
    elif known.error:
        state = "failing"
    elif delivered is None:
        state = "untried"
    return {
        **known._asdict(),
        "state": state,
        "error": fault or known.error,
        "delivered": None if delivered is None else iso(delivered),
        "delivered_ago_ms": None if delivered is None else now_ms() - delivered,
    }


def problems(told: Iterable[dict[str, Any]]) -> list[Diagnosis]:
    """Each channel that cannot, or may not, tell anybody, with what to do."""
    return [
        Diagnosis(
            f"channel-{one['state']}",
            f"notify {one['label']}: {_why(one)}; {_REMEDIES[one['state']]}",
            wrong=one["state"] != "failing",
        )
        for one in told
        if one["state"] in _REMEDIES
    ]


def _why(one: dict[str, Any]) -> str:
    if one["state"] == "untried":
        return "it has never delivered anything"
    return one["error"] or "refused"


def words_of(one: dict[str, Any]) -> str:
    """One channel in a line."""
    ago = one["delivered_ago_ms"]
    last = "never delivered" if ago is None else f"delivered {words(ago)} ago"
    waiting = f"{one['waiting']} waiting, {one['undelivered']} undelivered"
    why = f" ({one['error']})" if one["error"] else ""
    return f"notify {clean(one['label'])}: {one['state']}{clean(why, 300)}, {last}, {waiting}"
